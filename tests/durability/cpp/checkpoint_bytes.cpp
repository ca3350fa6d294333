#include "checkpoint_bytes.h"

#include <algorithm>
#include <complex>
#include <limits>
#include <numeric>
#include <random>

#include "base/crc32c.h"
#include "io/commit.h"
#include "io/save_plan.h"
#include "io/shard.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

using io::Manifest;
using io::PartEntry;
using io::TensorEntry;

// Ranges of rows of at most `bytes` bytes, or one row.
std::vector<PartEntry> split(const TensorEntry& tensor, std::uint64_t bytes) {
  if (tensor.parts.empty() || tensor.dtype == DType::kString || bytes == 0) return tensor.parts;
  const std::uint64_t rows = tensor.parts.front().rows;
  const std::uint64_t row = io::bytes_of_rows(tensor, 1);
  const std::uint64_t each = std::max<std::uint64_t>(1, bytes / row);
  std::vector<PartEntry> parts;
  for (std::uint64_t at = 0; at < rows; at += each) {
    PartEntry part;
    part.row = at;
    part.rows = std::min(each, rows - at);
    part.bytes = io::bytes_of_rows(tensor, part.rows);
    parts.push_back(part);
  }
  return parts;
}

std::vector<std::uint32_t> crcs_of(const unsigned char* bytes, std::uint64_t size,
                                   std::uint64_t chunk_bytes) {
  std::vector<std::uint32_t> crcs;
  for (std::uint64_t at = 0; at < size; at += chunk_bytes)
    crcs.push_back(crc32c(bytes + at, static_cast<std::size_t>(std::min(chunk_bytes, size - at))));
  return crcs;
}

CheckpointContents with_state(CheckpointContents contents) {
  contents.state_json =
      R"({"rng":[{"stream":"run","algorithm":"philox4x32-10","key":"00000000deadbeef"}],)"
      R"("schedule":{"train_seconds":812.5},"user":{"note":"é","list":[1,-2.5e-3,true,null]}})";
  contents.model_json = R"({"head":{"kind":"binary","n_classes":2}})";
  return contents;
}

}  // namespace

std::string commit_of(const Manifest& manifest, const std::string& text) {
  return io::encode_commit({manifest.save_id, manifest.commit_seq, manifest.step, text.size(),
                            crc32c(text.data(), text.size())});
}

Files checkpoint_files(const CheckpointContents& contents, const Layout& layout) {
  const io::SavePlan plan = io::plan_save(contents, 1);
  Manifest manifest = plan.manifest;
  manifest.chunk_bytes = layout.chunk_bytes;
  manifest.commit_seq = layout.commit_seq;
  manifest.created_unix_ms = 1790000000000;
  std::iota(manifest.save_id.begin(), manifest.save_id.end(), layout.save_id);
  std::vector<const unsigned char*> sources(manifest.tensors.size(), nullptr);
  for (const auto& shard : plan.shards)
    for (const io::PlannedPart& part : shard) sources[part.tensor] = part.source;
  std::vector<std::string> shards(layout.shards, std::string(io::kShardHeaderBytes, '\0'));
  std::size_t next = 0;  // parts go to the shards in turn
  for (std::size_t t = 0; t < manifest.tensors.size(); ++t) {
    TensorEntry& tensor = manifest.tensors[t];
    const unsigned char* source = sources[t];
    tensor.parts = split(tensor, layout.split_bytes);
    for (PartEntry& part : tensor.parts) {
      part.file = static_cast<std::uint32_t>(next++ % layout.shards);
      std::string& shard = shards[part.file];
      part.offset = io::part_offset(shard.size(), part.bytes);
      part.crcs = crcs_of(source, part.bytes, layout.chunk_bytes);
      shard.resize(static_cast<std::size_t>(part.offset), '\0');
      shard.append(reinterpret_cast<const char*>(source), static_cast<std::size_t>(part.bytes));
      source += part.bytes;
    }
  }
  Files files;
  manifest.file_bytes.clear();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const io::ShardHeaderBytes header =
        io::encode_shard_header({manifest.save_id, static_cast<std::uint32_t>(i),
                                 static_cast<std::uint32_t>(shards.size()), shards[i].size()});
    std::copy(header.begin(), header.end(), shards[i].begin());
    manifest.file_bytes.push_back(shards[i].size());
    files[io::shard_name(i, shards.size())] = std::move(shards[i]);
  }
  io::validate(manifest, "of a test");
  const std::string text = io::encode_manifest(manifest);
  files[io::kCommitName] = commit_of(manifest, text);
  files[io::kManifestName] = text;
  return files;
}

CheckpointContents all_dtypes(std::int64_t step) {
  using io::tensor_of;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CheckpointContents contents;
  auto& tensors = contents.tensors;
  tensors.push_back(io::step_tensor(step));
  tensors.push_back(tensor_of<unsigned char>("bool", DType::kBool, {2, 3}, {0, 1, 1, 0, 0, 1}));
  tensors.push_back(tensor_of<std::int8_t>("int8", DType::kInt8, {3}, {1, -2, 3}));
  tensors.push_back(tensor_of<std::uint8_t>("uint8", DType::kUInt8, {1, 1, 2}, {255, 0}));
  tensors.push_back(tensor_of<std::int16_t>("int16", DType::kInt16, {2}, {-300, 300}));
  tensors.push_back(tensor_of<std::uint16_t>("uint16", DType::kUInt16, {}, {65535}));
  tensors.push_back(tensor_of<std::uint16_t>("float16", DType::kFloat16, {2}, {0x3C00, 0x7C01}));
  tensors.push_back(tensor_of<std::uint16_t>("bfloat16", DType::kBFloat16, {2}, {1, 0x7F80}));
  tensors.push_back(tensor_of<std::int32_t>("int32", DType::kInt32, {3, 1}, {-1, 0, 1 << 30}));
  tensors.push_back(tensor_of<std::uint32_t>("uint32", DType::kUInt32, {1}, {0xFFFFFFFFu}));
  tensors.push_back(tensor_of<float>("float32", DType::kFloat32, {5, 2},
                                     {0.5f, -0.0f, 1e-45f, 3, 4, 5, 6, 7, 8, 9}));
  tensors.push_back(tensor_of<float>("float32/t_0/Adagrad", DType::kFloat32, {5, 2},
                                     {0.1f, 0.1f, 0.2f, 1, 1, 1, 1, 1, 1, 1}));
  tensors.push_back(tensor_of<std::uint64_t>("uint64", DType::kUInt64, {1}, {~std::uint64_t{0}}));
  tensors.push_back(tensor_of<double>("float64", DType::kFloat64, {2}, {nan, -1e300}));
  tensors.push_back(
      tensor_of<std::complex<float>>("complex64", DType::kComplex64, {2}, {{1, -1}, {0, 2}}));
  tensors.push_back(
      tensor_of<std::complex<double>>("complex128", DType::kComplex128, {}, {{nan, -0.0}}));
  tensors.push_back(
      tensor_of<std::string>("string", DType::kString, {2, 2}, {"one", "", "drei", "\xC3\xA9"}));
  tensors.push_back(tensor_of<std::string>("string/none", DType::kString, {0}, {}));
  tensors.push_back(tensor_of<float>("none", DType::kFloat32, {4, 0}, {}));
  assign_roles(tensors);
  return with_state(std::move(contents));
}

CheckpointContents large(std::int64_t step, std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto floats = [&](const char* name, std::int64_t rows, std::int64_t columns) {
    NamedTensor tensor;
    tensor.name = name;
    tensor.value = Tensor(DType::kFloat32, {rows, columns});
    auto* to = tensor.value.data<float>();
    for (std::int64_t i = 0; i < rows * columns; ++i)
      to[i] = static_cast<float>(random() >> 40) * 0x1p-24f - 0.5f;
    return tensor;
  };
  const auto rows = static_cast<std::int64_t>(bytes / 2 / (4 * 96));
  CheckpointContents contents;
  contents.tensors.push_back(io::step_tensor(step));
  contents.tensors.push_back(floats("dnn/hiddenlayer_0/kernel", rows, 96));
  contents.tensors.push_back(floats("dnn/hiddenlayer_0/kernel/t_0/Adagrad", rows, 96));
  contents.tensors.push_back(floats("dnn/hiddenlayer_0/bias", 1, 96));
  contents.tensors.push_back(floats("dnn/logits/bias", 1, 3));
  // All equal: swapped blocks of it are no damage.
  contents.tensors.push_back(
      io::tensor_of<double>("zeros", DType::kFloat64, {2048}, std::vector<double>(2048, 0.0)));
  std::vector<unsigned char> flags(5000);
  for (unsigned char& flag : flags) flag = random() & 1;
  contents.tensors.push_back(io::tensor_of<unsigned char>("seen", DType::kBool, {5000}, flags));
  std::vector<std::string> words;
  for (int i = 0; i < 400; ++i) words.push_back("word-" + std::to_string(random() % 100000));
  contents.tensors.push_back(
      io::tensor_of<std::string>("vocabulary", DType::kString, {400}, words));
  assign_roles(contents.tensors);
  return with_state(std::move(contents));
}

}  // namespace holdfast::durability
