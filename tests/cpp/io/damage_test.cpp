// Damage: whatever is changed, no wrong value is ever delivered.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/crc32c.h"
#include "io/checkpoint_dir.h"
#include "io/fault.h"
#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

const std::string kShard = "data-00000-of-00001.bin";

CheckpointContents many_types() {
  CheckpointContents contents = tiny(7);
  contents.tensors.push_back(tensor_of<std::int8_t>("i8", DType::kInt8, {3}, {1, -2, 3}));
  contents.tensors.push_back(tensor_of<unsigned char>("flags", DType::kBool, {2}, {0, 1}));
  contents.tensors.push_back(tensor_of<double>("f64", DType::kFloat64, {}, {std::nan("7")}));
  contents.tensors.push_back(
      tensor_of<std::uint16_t>("bf16", DType::kBFloat16, {1, 2}, {1, 0x7F80}));
  contents.tensors.push_back(tensor_of<std::string>("words", DType::kString, {2}, {"one", ""}));
  contents.tensors.push_back(tensor_of<float>("none", DType::kFloat32, {0, 4}, {}));
  return contents;
}

// Every byte of a copy of `path` is read, as restore and `verify` do.
void read_everything(const std::string& path) {
  const OpenedCheckpoint opened(system_io(), path);
  opened.verify(1);
  static_cast<void>(opened.read_all(1));
}

TEST(Damage, EverySingleChangedBitOfEveryFileIsFound) {
  const TemporaryFolder folder;
  const std::string path =
      ModelDirWriter(system_io(), folder.path(), {false, 1}).save(many_types());
  EXPECT_NO_THROW(read_everything(path));
  for (const std::string& name : names_of(path)) {
    const std::string whole = read_file(path + "/" + name);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string changed = whole;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      write_file(path + "/" + name, changed);
      EXPECT_THROW(read_everything(path), Error) << name << " bit " << bit;
      EXPECT_THROW(OpenedCheckpoint(system_io(), path).verify(1), Error) << name << " " << bit;
    }
    write_file(path + "/" + name, whole);
  }
  EXPECT_NO_THROW(read_everything(path));
}

TEST(Damage, TwoShardsCutAnywhereOrSwappedAreFound) {
  const TemporaryFolder folder;
  CheckpointContents contents = tiny(7);
  std::vector<float> values(17u << 20);  // 68 MiB: two shards, one tensor split in two
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  contents.tensors.push_back(tensor_of<float>("big", DType::kFloat32, {17, 1 << 20}, values));
  const std::string path = ModelDirWriter(system_io(), folder.path(), {false, 2}).save(contents);
  const std::string first = path + "/data-00000-of-00002.bin";
  const std::string second = path + "/data-00001-of-00002.bin";
  {
    const OpenedCheckpoint opened(system_io(), path);
    EXPECT_EQ(opened.manifest().tensors.at(0).parts.size(), 2u);
    const Tensor big = opened.read_all(2).at(0);
    EXPECT_EQ(std::memcmp(big.raw(), values.data(), big.bytes()), 0);
    EXPECT_EQ(
        std::memcmp(opened.read(opened.manifest().tensors[0]).raw(), values.data(), big.bytes()),
        0);
    // Cut after it was opened: found while reading.
    std::filesystem::permissions(second, std::filesystem::perms::owner_all);
    const auto size = std::filesystem::file_size(second);
    std::filesystem::resize_file(second, size - 8);  // some of them are not zero
    EXPECT_ERROR(opened.read_all(2), Code::kDataLoss, "a file that was cut to");
    std::filesystem::resize_file(second, size);
    EXPECT_ERROR(opened.verify(2), Code::kDataLoss, "expected crc32c");
  }
  std::filesystem::rename(first, path + "/x");
  std::filesystem::rename(second, first);
  std::filesystem::rename(path + "/x", second);
  EXPECT_THROW(OpenedCheckpoint(system_io(), path), Error);
}

TEST(Damage, TheTextNamesFileTensorBytesAndBothCrcs) {
  const TemporaryFolder folder;
  const std::string path = ModelDirWriter(system_io(), folder.path(), {false, 1}).save(tiny(7));
  std::string shard = read_file(path + "/" + kShard);
  shard[130] ^= 1;
  write_file(path + "/" + kShard, shard);
  EXPECT_ERROR(read_everything(path), Code::kDataLoss,
               "model.ckpt-7, file " + kShard + ", tensor \"w\", bytes 128..143: expected crc32c ");
}

// ---- hostile directories: each rule of the format broken once, with all CRCs right ---------

struct Hostile {
  const char* name;
  std::string from;  // replaced in the manifest, once
  std::string to;
  const char* kind;
};

const Hostile kHostile[] = {
    {"newer major", "[1,0]", "[2,0]", "CheckpointVersionError"},
    {"major 0", "[1,0]", "[0,9]", "CheckpointCorruptError"},
    {"version of three", "[1,0]", "[1,0,0]", "CheckpointCorruptError"},
    {"required feature", "\"required_features\":[]", "\"required_features\":[\"sha256\"]",
     "CheckpointVersionError"},
    {"other format", "holdfast.checkpoint", "holdfast.checkpoints", "CheckpointCorruptError"},
    {"big-endian", "\"little\"", "\"big\"", "CheckpointVersionError"},
    {"other checksum", "\"checksum\":\"crc32c\"", "\"checksum\":\"xxh3\"",
     "CheckpointVersionError"},
    {"other save_id", "030102", "040102", "CheckpointCorruptError"},
    {"uppercase save_id", "0b0c", "0B0c", "CheckpointCorruptError"},
    {"other commit_seq", "\"commit_seq\":1", "\"commit_seq\":2", "CheckpointCorruptError"},
    {"negative step", "\"step\":7", "\"step\":-7", "CheckpointCorruptError"},
    {"step as float", "\"step\":7", "\"step\":7.0", "CheckpointCorruptError"},
    {"step as exponent", "\"step\":7", "\"step\":7e0", "CheckpointCorruptError"},
    {"step past 2^53", "\"step\":7", "\"step\":9007199254740992", "CheckpointCorruptError"},
    {"step as text", "\"step\":7", "\"step\":\"7\"", "CheckpointCorruptError"},
    {"no step", "\"step\":7,", "", "CheckpointCorruptError"},
    {"state of another step", "\"global_step\":7", "\"global_step\":8", "CheckpointCorruptError"},
    {"state is a list", "{\"global_step\":7}", "[]", "CheckpointCorruptError"},
    {"model is a list", "\"model\":{}", "\"model\":[]", "CheckpointCorruptError"},
    {"path as file name", "data-00000-of-00001.bin", "../../../../etc/passwd",
     "CheckpointCorruptError"},
    {"chunks of 1 byte", "\"chunk_bytes\":1048576", "\"chunk_bytes\":1", "CheckpointCorruptError"},
    {"chunks of 0 bytes", "\"chunk_bytes\":1048576", "\"chunk_bytes\":0", "CheckpointCorruptError"},
    {"chunks of 8 MiB", "\"chunk_bytes\":1048576", "\"chunk_bytes\":8388608",
     "CheckpointCorruptError"},
    {"sparse terabyte", "\"bytes\":144", "\"bytes\":1099511627776", "CheckpointCorruptError"},
    {"name given twice", "\"name\":\"w\"", "\"name\":\"global_step\"", "CheckpointCorruptError"},
    {"names out of order", "\"name\":\"w\"", "\"name\":\"a\"", "CheckpointCorruptError"},
    {"empty name", "\"name\":\"w\"", "\"name\":\"\"", "CheckpointCorruptError"},
    {"control character", "\"name\":\"w\"", "\"name\":\"w\\u0000\"", "CheckpointCorruptError"},
    {"long name", "\"name\":\"w\"", "\"name\":\"w" + std::string(1024, 'w') + "\"",
     "UnsafeInputError"},
    {"unknown dtype", "float32", "float31", "CheckpointCorruptError"},
    {"dtype of another size", "float32", "float64", "CheckpointCorruptError"},
    {"strings without offsets", "float32", "string", "CheckpointCorruptError"},
    {"negative dimension", "[2,2]", "[-2,-2]", "CheckpointCorruptError"},
    {"shape of three factors", "[2,2]", "[4194305,4194305,211106198978564]", "UnsafeInputError"},
    {"2^32 x 2^32", "[2,2]", "[4294967296,4294967296]", "UnsafeInputError"},
    {"overflow beside zero", "[2,2]", "[0,4294967296,4294967296]", "UnsafeInputError"},
    {"bytes overflow beside zero", "[2,2]", "[0,2147483648,2147483648]", "UnsafeInputError"},
    {"huge first axis", "[2,2]", "[9007199254740991,2]", "CheckpointCorruptError"},
    {"33 axes", "[2,2]", "[2,2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
     "UnsafeInputError"},
    {"empty with a part", "[2,2]", "[0,2]", "CheckpointCorruptError"},
    {"no part", "\"parts\":[{\"file\":0,\"offset\":128",
     "\"parts\":[],\"x\":[{\"file\":0,\"offset\":128", "CheckpointCorruptError"},
    {"file that is not there", "\"file\":0,\"offset\":128", "\"file\":1,\"offset\":128",
     "CheckpointCorruptError"},
    {"file past all limits", "\"file\":0,\"offset\":128", "\"file\":65536,\"offset\":128",
     "UnsafeInputError"},
    {"overlap", "\"offset\":128", "\"offset\":64", "CheckpointCorruptError"},
    {"inside the header", "\"offset\":128", "\"offset\":0", "CheckpointCorruptError"},
    {"unaligned", "\"offset\":128", "\"offset\":127", "CheckpointCorruptError"},
    {"hole", "\"offset\":128", "\"offset\":8192", "CheckpointCorruptError"},
    {"end overflows", "\"offset\":128", "\"offset\":9007199254740928", "CheckpointCorruptError"},
    {"rows missing", "\"rows\":2", "\"rows\":1", "CheckpointCorruptError"},
    {"no rows", "\"rows\":2", "\"rows\":0", "CheckpointCorruptError"},
    {"rows from 1", "\"row\":0,\"rows\":2", "\"row\":1,\"rows\":2", "CheckpointCorruptError"},
    {"no global_step", "\"role\":\"global_step\"", "\"role\":\"variable\"",
     "CheckpointCorruptError"},
    {"two global_steps", "\"role\":\"variable\"", "\"role\":\"global_step\"",
     "CheckpointCorruptError"},
    {"deep nesting", "\"model\":{}", "\"model\":{\"a\":" + std::string(100000, '[') + "}",
     "UnsafeInputError"},
    {"key twice", "\"model\":{}", "\"model\":{},\"model\":{}", "CheckpointCorruptError"},
    {"NaN", "\"model\":{}", "\"model\":{\"a\":NaN}", "CheckpointCorruptError"},
    {"wrong UTF-8", "\"model\":{}", "\"model\":{\"a\":\"\xC0\x80\"}", "CheckpointCorruptError"},
    {"lone surrogate", "\"model\":{}", "\"model\":{\"a\":\"\\ud800\"}", "CheckpointCorruptError"},
    {"bytes after the end", "\"model\":{}}", "\"model\":{}} {}", "CheckpointCorruptError"},
    {"byte-order mark", "{\"format\"", "\xEF\xBB\xBF{\"format\"", "CheckpointCorruptError"},
    {"string of 2 MiB", "\"model\":{}", "\"model\":{\"a\":\"" + std::string(2 << 20, 'x') + "\"}",
     "UnsafeInputError"},
    {"unknown key", "\"model\":{}", "\"model\":{},\"later\":[1,{}]", ""},
    {"unknown role", "\"role\":\"variable\"", "\"role\":\"later\"", ""},
    {"newer minor", "[1,0]", "[1,7]", ""},
};

// Replaces the manifest and writes a COMMIT that agrees with it.
void rewrite_manifest(const std::string& path, const std::string& manifest) {
  write_file(path + "/manifest.json", manifest);
  Commit commit = parse_commit(read_file(path + "/COMMIT")).commit;
  commit.manifest_bytes = manifest.size();
  commit.manifest_crc = crc32c(manifest.data(), manifest.size());
  write_file(path + "/COMMIT", encode_commit(commit));
}

TEST(Hostile, EveryBrokenRuleHasItsErrorAndCompatibleOnesLoad) {
  for (const Hostile& hostile : kHostile) {
    const TemporaryFolder folder;
    TestIo io;
    const std::string path = ModelDirWriter(io, folder.path(), {}).save(tiny(7));
    std::string manifest = read_file(path + "/manifest.json");
    const std::size_t at = manifest.find(hostile.from);
    ASSERT_NE(at, std::string::npos) << hostile.name;
    rewrite_manifest(path, manifest.replace(at, hostile.from.size(), hostile.to));
    std::string kind;
    try {
      read_everything(path);
    } catch (const Error& error) {
      kind = error.kind();
      EXPECT_EQ(error.details().at("path"), path);
    }
    EXPECT_EQ(kind, hostile.kind) << hostile.name;
  }
}

TEST(Hostile, WhatIsNoPlainFileIsNeverOpened) {
  const std::pair<const char*, std::function<void(const std::string&)>> kinds[] = {
      {"symbolic link",
       [](const std::string& p) { std::filesystem::create_symlink("/etc/passwd", p); }},
      {"FIFO", [](const std::string& p) { ::mkfifo(p.c_str(), 0600); }},
      {"directory", [](const std::string& p) { std::filesystem::create_directory(p); }}};
  for (const std::string& file : {kShard, std::string("manifest.json"), std::string("COMMIT")}) {
    for (const auto& [text, make] : kinds) {
      const TemporaryFolder folder;
      const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7));
      std::filesystem::remove(path + "/" + file);
      make(path + "/" + file);
      EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, text);
    }
  }
}

// Whoever decodes the message as UTF-8, as Python does, gets it.
TEST(Hostile, MessagesShowBytesThatAreNoText) {
  const std::pair<std::string, std::string> texts[] = {{"{\"a\":\"\xC0\x80\"}", "\\xc0"},
                                                       {"{\"a\xFF\":1}", "\\xff"}};
  for (const auto& [text, shown] : texts) {
    EXPECT_ERROR(static_cast<void>(parse_manifest(text, "p")), Code::kDataLoss, shown);
    EXPECT_ERROR(static_cast<void>(parse_json(text)), Code::kInvalidArgument, shown);
  }
  const Place place{"p", "f", "w" + std::string(1, '\0') + "\xC2\x85\xC3\xA9\xC3", -1, -1};
  EXPECT_ERROR(throw corrupt(place, "a", "b\n"), Code::kDataLoss,
               "tensor \"w\\x00\\xc2\\x85\xC3\xA9\\xc3\": expected a, got b\\x0a. ");
}

TEST(Hostile, ASocketIsNoPlainFile) {
  const TemporaryFolder folder;
  const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7));
  std::filesystem::remove(path + "/" + kShard);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT((path + "/" + kShard).size(), sizeof address.sun_path);
  (path + "/" + kShard).copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, "a device, FIFO or socket");
  ::close(server);
}

// The bytes of the tensor "flags" become `bytes`, with the checksum of what they are now.
void rewrite_flags(const std::string& path, const std::string& bytes) {
  std::string shard = read_file(path + "/" + kShard);
  Manifest manifest = parse_manifest(read_file(path + "/manifest.json"), path);
  PartEntry& part = manifest.tensors.at(0).parts.at(0);
  shard.replace(static_cast<std::size_t>(part.offset), bytes.size(), bytes);
  part.crcs.at(0) = crc32c(bytes.data(), bytes.size());
  write_file(path + "/" + kShard, shard);
  rewrite_manifest(path, encode_manifest(manifest));
}

TEST(Hostile, ABoolThatIsNoneIsFoundWhereverItLiesInItsChunk) {
  const TemporaryFolder folder;
  CheckpointContents contents = tiny(7);
  contents.tensors.push_back(tensor_of<unsigned char>("flags", DType::kBool, {700'000},
                                                      std::vector<unsigned char>(700'000, 1)));
  const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(contents);
  for (const std::size_t at : {0u, 16'383u, 300'000u, 699'999u}) {
    std::string flags(700'000, '\1');
    flags[at] = 2;
    rewrite_flags(path, flags);
    const OpenedCheckpoint opened(system_io(), path);
    EXPECT_ERROR(opened.verify(1), Code::kDataLoss, "expected bools of 0 or 1, got 2");
    EXPECT_ERROR(opened.read_all(1), Code::kDataLoss, "expected bools of 0 or 1, got 2");
  }
}

TEST(Hostile, MissingLongAndForeignFilesAreNamed) {
  const TemporaryFolder folder;
  const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7));
  const std::string shard = read_file(path + "/" + kShard);
  const std::string commit = read_file(path + "/COMMIT");
  write_file(path + "/" + kShard, shard + "x");
  EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, "expected 144 bytes, got 145");
  std::filesystem::remove(path + "/" + kShard);
  EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, "No such file");
  write_file(path + "/" + kShard, shard);
  write_file(path + "/COMMIT", commit + std::string(600, 'x'));
  EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, "at most 512 bytes");
  std::filesystem::remove(path + "/COMMIT");
  EXPECT_ERROR(OpenedCheckpoint(system_io(), path), Code::kDataLoss, "never finished");
  EXPECT_ERROR(latest(system_io(), folder.path()), Code::kDataLoss, "model.ckpt-7: no COMMIT");
  EXPECT_ERROR(OpenedCheckpoint(system_io(), folder / "model.ckpt-8"), Code::kNotFound,
               "no such directory");
}

TEST(CheckpointDir, TellsNothingFromForeignFilesAndSkipsNothingInSilence) {
  const TemporaryFolder folder;
  EXPECT_EQ(latest(system_io(), folder / "none"), std::nullopt);
  EXPECT_EQ(latest(system_io(), folder.path()), std::nullopt);
  EXPECT_ERROR(open_latest(system_io(), folder.path()), Code::kNotFound, "expected a checkpoint");
  write_file(folder / "checkpoint", "");
  write_file(folder / "model.ckpt-5.index", "");
  EXPECT_ERROR(latest(system_io(), folder.path()), Code::kFailedPrecondition, "holdfast convert");
  ModelDirWriter writer(system_io(), folder.path(), {});
  writer.save(tiny(9));
  const std::string path = writer.save(tiny(4));
  EXPECT_EQ(*latest(system_io(), folder.path()), path);  // commit_seq decides, not the step
  write_file(path + "/manifest.json", "{}");
  EXPECT_EQ(*latest(system_io(), folder.path()), path);  // its COMMIT holds: opening it raises
  EXPECT_ERROR(open_latest(system_io(), folder.path()), Code::kDataLoss, "manifest.json");
  EXPECT_EQ(list(system_io(), folder.path()).size(), 1u);
  EXPECT_EQ(problems(system_io(), folder.path()).at(0).path, path);
}

}  // namespace
}  // namespace holdfast::io
