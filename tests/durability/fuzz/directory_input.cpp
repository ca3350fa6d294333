#include "fuzz/directory_input.h"

#include <algorithm>
#include <iterator>

#include "base/crc32c.h"
#include "checkpoint_bytes.h"
#include "holdfast/error.h"
#include "io/commit.h"
#include "io/shard.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMostShards = 8;
constexpr std::size_t kMostShardBytes = 4096;  // to which a repair makes one grow

void append(std::string& packed, const std::string& bytes) {
  const std::size_t size = std::min<std::size_t>(bytes.size(), 0xFFFF);
  packed.push_back(static_cast<char>(size & 0xFF));
  packed.push_back(static_cast<char>(size >> 8));
  packed.append(bytes, 0, size);
}

bool take(const std::string& input, std::size_t& at, std::string& bytes) {
  if (at + 2 > input.size()) return false;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(input[i]); };
  const std::size_t size = byte(at) + 256u * byte(at + 1);
  bytes = input.substr(at + 2, size);
  at += 2 + size;
  return true;
}

// Of a part that lies inside its shard.
void repair_part(io::PartEntry& part, const std::string& shard, std::uint64_t chunk_bytes) {
  for (std::size_t i = 0; i < part.crcs.size(); ++i) {
    const std::uint64_t begin = part.offset + i * chunk_bytes;
    const std::uint64_t end = std::min(begin + chunk_bytes, part.offset + part.bytes);
    if (end <= shard.size()) part.crcs[i] = crc32c(shard.data() + begin, end - begin);
  }
}

void repair_shards(Files& files, io::Manifest& manifest) {
  const std::size_t count = manifest.file_bytes.size();
  if (count > kMostShards) return;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bytes = manifest.file_bytes[i];
    const auto found = files.find(io::shard_name(i, count));
    if (found == files.end() || bytes > kMostShardBytes || bytes < io::kShardHeaderBytes) continue;
    found->second.resize(static_cast<std::size_t>(bytes));
    const io::ShardHeaderBytes header =
        io::encode_shard_header({manifest.save_id, static_cast<std::uint32_t>(i),
                                 static_cast<std::uint32_t>(count), bytes});
    std::copy(header.begin(), header.end(), found->second.begin());
  }
  for (io::TensorEntry& tensor : manifest.tensors)
    for (io::PartEntry& part : tensor.parts)
      if (const auto found = files.find(io::shard_name(part.file, count)); found != files.end())
        repair_part(part, found->second, manifest.chunk_bytes);
}

}  // namespace

std::string pack(const Files& files) {
  std::string packed;
  append(packed, files.at(io::kCommitName));
  append(packed, files.at(io::kManifestName));
  for (const auto& [name, bytes] : files)
    if (io::is_shard_name(name)) append(packed, bytes);
  return packed;
}

Files unpack(const std::string& input) {
  Files files;
  std::size_t at = 0;
  files[io::kCommitName];
  files[io::kManifestName];
  if (!take(input, at, files[io::kCommitName]) || !take(input, at, files[io::kManifestName]))
    return files;
  std::vector<std::string> shards;
  std::string shard;
  while (shards.size() < kMostShards && take(input, at, shard)) shards.push_back(std::move(shard));
  for (std::size_t i = 0; i < shards.size(); ++i)
    files[io::shard_name(i, shards.size())] = std::move(shards[i]);
  return files;
}

void seal(Files& files) {
  const std::string& text = files[io::kManifestName];
  io::Commit commit = io::parse_commit(files[io::kCommitName]).commit;
  commit.manifest_bytes = text.size();
  commit.manifest_crc = crc32c(text.data(), text.size());
  files[io::kCommitName] = io::encode_commit(commit);
}

void repair(Files& files) {
  std::string& text = files[io::kManifestName];
  try {
    io::Manifest manifest = io::parse_manifest(text, "mutated");
    repair_shards(files, manifest);
    text = io::encode_manifest(manifest);
    files[io::kCommitName] = commit_of(manifest, text);
  } catch (const Error&) {
    // It says enough about itself when it is read.
  }
}

std::vector<Files> small_checkpoints() {
  using io::tensor_of;
  const NamedTensor words =
      tensor_of<std::string>("words", DType::kString, {3}, {"one", "", "drei"});
  const NamedTensor flags = tensor_of<unsigned char>("flags", DType::kBool, {2, 2}, {0, 1, 1, 0});
  NamedTensor slot = tensor_of<float>("w/Adam", DType::kFloat32, {2, 2}, {1, 2, 3, 4});
  CheckpointContents plain = io::tiny(7);
  CheckpointContents mixed;
  mixed.tensors = {io::step_tensor(0), words, flags,
                   tensor_of<float>("none", DType::kFloat32, {0, 4}, {})};
  CheckpointContents slots = io::tiny(12);
  slots.tensors.push_back(slot);
  slots.tensors.push_back(tensor_of<double>("rank0", DType::kFloat64, {}, {0.5}));
  assign_roles(slots.tensors);
  slots.state_json = R"({"user":{"a":[1,2.5,"x",null,true]}})";
  CheckpointContents step_only;
  step_only.tensors = {io::step_tensor(3)};
  const Layout one;
  Layout two;
  two.shards = 2;
  two.split_bytes = 8;
  two.chunk_bytes = io::kMinChunkBytes;
  return {checkpoint_files(step_only, one), checkpoint_files(plain, one),
          checkpoint_files(mixed, one), checkpoint_files(plain, two), checkpoint_files(slots, two)};
}

}  // namespace holdfast::durability
