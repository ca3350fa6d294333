// The pure parts of the format: bytes in, values out.
#include <gtest/gtest.h>

#include "holdfast/version.h"
#include "io/commit.h"
#include "io/manifest.h"
#include "io/model_dir_writer.h"
#include "io/shard.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

const std::string kGolden = HOLDFAST_GOLDEN_DIR "/v1/tiny/model.ckpt-7";

TEST(Golden, ASaveHasTheBytesOfFormat1) {
  const TemporaryFolder folder;
  TestIo io;
  const std::string path = ModelDirWriter(io, folder.path(), {}).save(tiny(7));
  const std::string shard = "/data-00000-of-00001.bin";
  EXPECT_EQ(read_file(path + shard), read_file(kGolden + shard));
  std::string manifest = read_file(path + "/manifest.json");
  // The one thing that may change: the library's own version.
  const std::string own = std::string("\"version\":\"") + version() + "\"";
  manifest.replace(manifest.find(own), own.size(), "\"version\":\"0.1.0\"");
  EXPECT_EQ(manifest, read_file(kGolden + "/manifest.json"));
}

TEST(Golden, ParsesAndEncodesToTheSameBytes) {
  const std::string manifest = read_file(kGolden + "/manifest.json");
  ASSERT_FALSE(manifest.empty());
  EXPECT_EQ(encode_manifest(parse_manifest(manifest, "x")), manifest);
  const std::string commit = read_file(kGolden + "/COMMIT");
  const CommitResult result = parse_commit(commit);
  ASSERT_EQ(result.state, CommitState::kValid) << result.reason;
  EXPECT_EQ(encode_commit(result.commit), commit);
  const OpenedCheckpoint opened(system_io(), kGolden);
  EXPECT_EQ(opened.read_all(1).at(1).data<float>()[2], -2.0f);
}

TEST(Commit, ACutAtAnyByteIsUnfinishedAndAnyChangedBitIsDamage) {
  const std::string whole = read_file(kGolden + "/COMMIT");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(parse_commit(whole.substr(0, size)).state, CommitState::kUnfinished) << size;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(parse_commit(changed).state, CommitState::kDamaged) << bit;
  }
  EXPECT_EQ(parse_commit(whole + "x").state, CommitState::kDamaged);
}

TEST(Manifest, ACutAtAnyByteIsRefused) {
  const std::string whole = read_file(kGolden + "/manifest.json");
  // Without its last newline it is the same JSON; COMMIT knows better.
  for (std::size_t size = 0; size + 1 < whole.size(); ++size)
    EXPECT_ERROR(parse_manifest(whole.substr(0, size), "x"), Code::kDataLoss, "manifest.json");
}

TEST(Shard, StringsComeBackAndWrongOffsetsAreNamed) {
  const std::string strings[] = {"a", "", std::string("\0\xFF", 2)};
  std::string part = encode_strings(strings, 3);
  EXPECT_EQ(part.size(), 8u * 4 + 3);
  std::string read[3];
  EXPECT_EQ(decode_strings(part, 3, read), "");
  EXPECT_EQ(read[2], strings[2]);
  part[8] = 9;
  EXPECT_NE(decode_strings(part, 3, read).find("string 0 from offset 0 to 9"), std::string::npos);
  part = encode_strings(strings, 3);
  part[24] = 2;
  EXPECT_NE(decode_strings(part, 3, read).find("end at 2 of 3 bytes"), std::string::npos);
}

TEST(Names, AreParsedAsTheyAreBuilt) {
  EXPECT_EQ(parse_checkpoint_name(checkpoint_name(1200)), 1200);
  for (const char* name : {"model.ckpt-", "model.ckpt-01", "model.ckpt--1", "model.ckpt-1.index",
                           "model.ckpt-9007199254740992", "model.ckpt-1 "})
    EXPECT_FALSE(parse_checkpoint_name(name)) << name;
  EXPECT_EQ(parse_side_name(side_name(SideKind::kOld, 5, 255))->step, 5);
  EXPECT_FALSE(parse_side_name(".tmp-model.ckpt-5-0123456789abcdeF"));
  EXPECT_EQ(pin_name(5), ".pin-model.ckpt-5");
  EXPECT_EQ(parse_pin_name(".pin-model.ckpt-5"), 5);
  EXPECT_FALSE(parse_pin_name(".pin-model.ckpt-05"));
  EXPECT_FALSE(parse_pin_name("model.ckpt-5"));
  EXPECT_EQ(shard_name(1, 2), "data-00001-of-00002.bin");
  EXPECT_EQ(split_path("a/b//").name, "b");
  EXPECT_EQ(split_path("/b").directory, "/");
}

}  // namespace
}  // namespace holdfast::io
