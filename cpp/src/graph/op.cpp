#include "graph/op.h"

#include <map>
#include <mutex>
#include <type_traits>

#include "base/edit_distance.h"
#include "base/large_buffer.h"
#include "graph/op_names.h"

namespace holdfast {
namespace {

std::map<std::string, OpDef>& registry() {
  static auto* ops = new std::map<std::string, OpDef>;  // lives as long as the process
  return *ops;
}

template <typename T>
const char* type_text() {
  if constexpr (std::is_same_v<T, bool>) return "a bool";
  if constexpr (std::is_same_v<T, std::int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return "a list of integers";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "a list of numbers";
  return "a list of strings";
}

[[noreturn]] void bad_attribute(const std::string& subject, const std::string& key,
                                const char* expected, bool present) {
  throw Error(Code::kInvalidArgument, "node \"" + subject + "\", attribute \"" + key +
                                          "\": expected " + expected + "; got " +
                                          (present ? "a value of another type" : "nothing"));
}

template <typename T>
struct IsList : std::false_type {};
template <typename E>
struct IsList<std::vector<E>> : std::true_type {};

bool is_empty_list(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) {
        if constexpr (IsList<std::decay_t<decltype(value)>>::value) return value.empty();
        return false;
      },
      attribute);
}

// nullptr where the attribute is of another type. An empty list is a list of anything: in Python
// and in JSON it does not say of what.
template <typename T>
const T* read_as(const Attribute& attribute) {
  if constexpr (IsList<T>::value) {
    static const T kNone;
    if (is_empty_list(attribute)) return &kNone;
  }
  return std::get_if<T>(&attribute);
}

}  // namespace

template <typename T>
const T& AttributeReader::get(const std::string& key) const {
  const auto found = attributes_.find(key);
  const T* value = found == attributes_.end() ? nullptr : read_as<T>(found->second);
  if (value == nullptr) bad_attribute(subject_, key, type_text<T>(), found != attributes_.end());
  return *value;
}

template <typename T>
T AttributeReader::value_or(const std::string& key, T fallback) const {
  return has(key) ? get<T>(key) : fallback;
}

template const bool& AttributeReader::get(const std::string&) const;
template const std::int64_t& AttributeReader::get(const std::string&) const;
template const double& AttributeReader::get(const std::string&) const;
template const std::string& AttributeReader::get(const std::string&) const;
template const std::vector<std::int64_t>& AttributeReader::get(const std::string&) const;
template const std::vector<double>& AttributeReader::get(const std::string&) const;
template const std::vector<std::string>& AttributeReader::get(const std::string&) const;
template bool AttributeReader::value_or(const std::string&, bool) const;
template std::int64_t AttributeReader::value_or(const std::string&, std::int64_t) const;
template double AttributeReader::value_or(const std::string&, double) const;
template std::string AttributeReader::value_or(const std::string&, std::string) const;
template std::vector<std::int64_t> AttributeReader::value_or(const std::string&,
                                                             std::vector<std::int64_t>) const;
template std::vector<double> AttributeReader::value_or(const std::string&,
                                                       std::vector<double>) const;
template std::vector<std::string> AttributeReader::value_or(const std::string&,
                                                            std::vector<std::string>) const;

double AttributeReader::number(const std::string& key) const {
  const auto found = attributes_.find(key);
  if (found != attributes_.end()) {
    if (const auto* value = std::get_if<double>(&found->second)) return *value;
    if (const auto* value = std::get_if<std::int64_t>(&found->second)) {
      return static_cast<double>(*value);
    }
  }
  bad_attribute(subject_, key, "a number", found != attributes_.end());
}

double AttributeReader::number_or(const std::string& key, double fallback) const {
  return has(key) ? number(key) : fallback;
}

std::vector<double> AttributeReader::numbers(const std::string& key) const {
  const auto found = attributes_.find(key);
  if (found != attributes_.end()) {
    if (const auto* values = std::get_if<std::vector<double>>(&found->second)) return *values;
    if (const auto* values = std::get_if<std::vector<std::int64_t>>(&found->second)) {
      return {values->begin(), values->end()};
    }
  }
  bad_attribute(subject_, key, "a list of numbers", found != attributes_.end());
}

void InferContext::fail(const std::string& text) const {
  throw Error(Code::kInvalidArgument, "node \"" + name + "\": " + text);
}

NodeId GradientContext::add(const std::string& op, std::vector<NodeId> inputs,
                            Attributes attributes) const {
  // Named after the forward node, so that a reader of the list sees what belongs together.
  return graph.add(op, std::move(inputs), std::move(attributes),
                   "gradients/" + graph.node(node).name + "/" + op);
}

Tensor copy_of(const Buffer& buffer) {
  return Tensor::borrow(buffer.dtype, buffer.shape, buffer.data, nullptr).clone();
}

std::shared_ptr<void> KernelContext::workspace(std::int64_t bytes) const {
  return aligned_memory(static_cast<std::size_t>(bytes));
}

std::shared_ptr<Scratch> KernelContext::shared_scratch() const {
  return scratch == nullptr ? std::make_shared<Scratch>() : scratch;
}

void Scratch::reserve(std::int64_t bytes) {
  if (bytes <= bytes_) return;
  memory_ = aligned_memory(static_cast<std::size_t>(bytes));
  bytes_ = bytes;
}

void register_ops(const std::vector<OpDef>& ops) {
  for (const OpDef& op : ops) {
    if (!registry().emplace(op.name, op).second) {
      throw Error(Code::kInternal, "operation \"" + op.name + "\" is registered twice");
    }
  }
}

namespace {

const std::map<std::string, OpDef>& all_ops() {
  static std::once_flag registered;
  std::call_once(registered, register_all_ops);
  return registry();
}

}  // namespace

bool is_op(const std::string& name) { return all_ops().count(name) > 0; }

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const auto& [name, def] : all_ops()) names.push_back(name);
  return names;
}

bool has_attribute(const OpDef& op, const std::string& key) {
  if (key.empty() || key.find(',') != std::string::npos) return false;  // no name, or two
  return (", " + std::string(op.attributes) + ", ").find(", " + key + ", ") != std::string::npos;
}

const OpDef& find_op(const std::string& name) {
  const auto found = all_ops().find(name);
  if (found != all_ops().end()) return found->second;
  constexpr std::size_t kLongestName = 80;  // a file may hold any text in the place of a name
  if (name.size() > kLongestName) {
    throw Error(Code::kInvalidArgument, "graph: expected the name of an operation; got a text of " +
                                            std::to_string(name.size()) + " bytes");
  }
  std::string near;
  for (const auto& [known, def] : registry()) {
    if (edit_distance(name, known) <= 2) near += (near.empty() ? "" : ", ") + known;
  }
  throw Error(Code::kInvalidArgument, "graph: expected the name of an operation; got \"" + name +
                                          "\"" + (near.empty() ? "" : "; near names: " + near));
}

}  // namespace holdfast
