#include "contents.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/json.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

template <typename T>
std::vector<T> numbers(std::size_t count, int step, int variant, int salt) {
  std::vector<T> values(count);
  std::uint64_t state = static_cast<std::uint64_t>(step) * 1000003 +
                        static_cast<std::uint64_t>(variant) * 7919 +
                        static_cast<std::uint64_t>(salt) + 1;
  for (T& value : values) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
    value = static_cast<T>(static_cast<std::int64_t>(state >> 40));
  }
  return values;
}

}  // namespace

CheckpointContents contents_of(int step, int variant) {
  using io::tensor_of;
  CheckpointContents contents;
  auto& tensors = contents.tensors;
  tensors.push_back(tensor_of<float>("dnn/kernel", DType::kFloat32, {96, 32},
                                     numbers<float>(3072, step, variant, 1)));
  tensors.push_back(tensor_of<float>("dnn/kernel/Adagrad", DType::kFloat32, {96, 32},
                                     numbers<float>(3072, step, variant, 2)));
  tensors.push_back(
      tensor_of<double>("bias", DType::kFloat64, {7}, numbers<double>(7, step, variant, 3)));
  tensors.push_back(tensor_of<std::int64_t>("ids", DType::kInt64, {3},
                                            numbers<std::int64_t>(3, step, variant, 4)));
  tensors.push_back(tensor_of<bool>("flags", DType::kBool, {3}, {true, false, step % 20 == 0}));
  tensors.push_back(tensor_of<std::string>("words", DType::kString, {3},
                                           {"", std::to_string(variant), std::string(300, 'x')}));
  tensors.push_back(tensor_of<float>("nothing", DType::kFloat32, {0, 3}, {}));
  tensors.push_back(io::step_tensor(step));
  assign_roles(tensors);
  contents.state_json = to_text(Json::object().set("user", Json::object().set("variant", variant)));
  return contents;
}

int variant_of(const io::OpenedCheckpoint& opened) {
  const Json* user = opened.manifest().state.find("user");
  const Json* variant = user == nullptr ? nullptr : user->find("variant");
  return variant == nullptr ? -1 : static_cast<int>(variant->as_int());
}

std::string difference(const io::OpenedCheckpoint& opened, int step, int variant) {
  thread_local std::map<std::pair<int, int>, CheckpointContents> references;  // costly to make
  CheckpointContents& reference = references[{step, variant}];
  if (reference.tensors.empty()) reference = contents_of(step, variant);
  const auto& entries = opened.manifest().tensors;
  const std::vector<Tensor> values = opened.read_all(1);
  if (entries.size() != reference.tensors.size())
    return std::to_string(entries.size()) + " tensors, expected " +
           std::to_string(reference.tensors.size());
  for (const NamedTensor& wanted : reference.tensors) {
    std::size_t at = 0;
    while (at < entries.size() && entries[at].name != wanted.name) ++at;
    if (at == entries.size()) return "no tensor " + wanted.name;
    const Tensor& value = values[at];
    if (value.dtype() != wanted.value.dtype() || value.shape() != wanted.value.shape())
      return "another dtype or shape of " + wanted.name;
    const bool equal =
        value.dtype() == DType::kString
            ? std::equal(value.data<std::string>(), value.data<std::string>() + value.size(),
                         wanted.value.data<std::string>())
            : std::memcmp(value.data<unsigned char>(), wanted.value.data<unsigned char>(),
                          value.bytes()) == 0;
    if (!equal) return "other values of " + wanted.name;
  }
  return {};
}

std::string notes_of(int variant) {
  return to_text(Json::object()
                     .set("all", Json::array())
                     .set("last_preserved_unix_ms", std::int64_t{variant}));
}

int variant_of_notes(const std::string& text) {
  return static_cast<int>(parse_json(text).at("last_preserved_unix_ms").as_int());
}

}  // namespace holdfast::durability
