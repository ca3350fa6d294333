// Staged saves: a copy is made, the tensors change, the copy is written.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <thread>

#include "holdfast/error.h"
#include "io/checkpoint_dir.h"
#include "io/model_dir_writer.h"
#include "io/opened.h"
#include "io/staged_save.h"
#include "io/testing_io.h"

namespace holdfast::io {
namespace {

// Parts of several chunks, gaps between them, every way of counting, strings and nothing at all.
CheckpointContents mixed(std::int64_t step) {
  CheckpointContents contents = tiny(step);
  std::vector<float> many(700'003);
  std::iota(many.begin(), many.end(), static_cast<float>(step));
  many[5] = many[600'000] = std::numeric_limits<float>::infinity();
  contents.tensors.push_back(tensor_of<float>("many", DType::kFloat32, {700'003}, many));
  contents.tensors.push_back(
      tensor_of<double>("d", DType::kFloat64, {3}, {1.0, std::nan(""), 2.0}));
  contents.tensors.push_back(tensor_of<std::string>("words", DType::kString, {2}, {"a", "longer"}));
  contents.tensors.push_back(tensor_of<std::int8_t>("bytes", DType::kInt8, {5}, {1, 2, 3, 4, 5}));
  contents.tensors.push_back(tensor_of<float>("none", DType::kFloat32, {0, 7}, {}));
  contents.state_json = R"({"user":{"a":1}})";
  return contents;
}

void overwrite(CheckpointContents& contents) {
  for (NamedTensor& tensor : contents.tensors) {
    if (tensor.value.dtype() == DType::kString) {
      for (std::int64_t i = 0; i < tensor.value.size(); ++i)
        tensor.value.data<std::string>()[i] = "changed";
    } else if (tensor.value.size() > 0) {
      std::memset(tensor.value.raw(), 0x77, tensor.value.bytes());
    }
  }
}

// Every file's bytes but the ids and times: the shards behind their headers.
std::string shards_of(const std::string& path) {
  std::string all;
  for (const std::string& name : names_of(path))
    if (name.substr(0, 5) == "data-") all += read_file(path + "/" + name).substr(kShardHeaderBytes);
  return all;
}

TEST(Stage, WritesTheSameBytesAsASynchronousSave) {
  for (const int threads : {1, 2, 5}) {
    const TemporaryFolder folder;
    ModelDirWriter live(system_io(), folder / "live", {false, threads});
    ModelDirWriter later(system_io(), folder / "later", {false, threads});
    StagedSave staged;
    for (const std::int64_t step : {3, 4}) {  // the second reuses the memory of the first
      const CheckpointContents contents = mixed(step);
      staged.stage(contents, threads);
      const OpenedCheckpoint a(system_io(), live.save(contents));
      const OpenedCheckpoint b(system_io(), later.save(staged));
      EXPECT_TRUE(same_contents(a.manifest(), b.manifest()));
      EXPECT_EQ(shards_of(a.path()), shards_of(b.path()));
      for (std::size_t i = 0; i < a.manifest().tensors.size(); ++i)
        EXPECT_EQ(a.manifest().tensors[i].nonfinite, b.manifest().tensors[i].nonfinite);
      b.verify(1);
    }
  }
}

TEST(Stage, ATensorThatChangesAfterwardsIsSavedAsItWas) {
  const TemporaryFolder folder;
  CheckpointContents contents = mixed(8);
  ModelDirWriter live(system_io(), folder / "live", {false, 1});
  const std::string expected = shards_of(live.save(contents));
  StagedSave staged;
  staged.stage(contents, 2);
  ModelDirWriter writer(system_io(), folder / "later", {false, 1});
  std::string path;
  std::thread saving([&] { path = writer.save(staged); });
  overwrite(contents);  // while the other thread writes
  saving.join();
  EXPECT_EQ(shards_of(path), expected);
  OpenedCheckpoint(system_io(), path).verify(1);
}

TEST(Stage, ASmallerStateAfterALargerOneLeavesNothingOfIt) {
  const TemporaryFolder folder;
  StagedSave staged;
  staged.stage(mixed(1), 2);
  staged.stage(tiny(2), 2);
  ModelDirWriter writer(system_io(), folder / "a", {false, 1});
  const std::string path = writer.save(staged);
  ModelDirWriter live(system_io(), folder / "b", {false, 1});
  EXPECT_EQ(shards_of(path), shards_of(live.save(tiny(2))));
}

TEST(Stage, AFailedSaveCanBeRepeatedWithNewFiles) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  StagedSave staged;
  staged.stage(tiny(7), 1);
  io.calls.clear();
  io.fail_calls["fsync .tmp-model.ckpt-7/data-00000-of-00001.bin"] = EIO;
  EXPECT_THROW(writer.save(staged), Error);
  EXPECT_TRUE(names_of(folder.path()).empty());
  const SaveId first = staged.plan().manifest.save_id;
  io.fail_calls.clear();
  writer.save(staged);
  EXPECT_NE(staged.plan().manifest.save_id, first);
  EXPECT_EQ(staged.plan().manifest.commit_seq, 2u);  // a failed save's number is not given again
  EXPECT_FALSE(io.synced_again);
  open_latest(io, folder.path())->verify(1);
}

TEST(Stage, EqualContentsOfTheSameStepWriteNothing) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  StagedSave staged;
  staged.stage(tiny(7), 1);
  writer.save(staged);
  io.calls.clear();
  writer.save(staged);
  writer.save(tiny(7));
  for (const std::string& call : io.calls) EXPECT_NE(call.substr(0, 5), "mkdir") << call;
  staged.stage(tiny(7, 9), 1);
  writer.save(staged);
  EXPECT_EQ(open_latest(io, folder.path())->manifest().commit_seq, 2u);
}

TEST(Stage, ContentsThatAreNoCheckpointLeaveItEmpty) {
  StagedSave staged;
  staged.stage(tiny(1), 1);
  CheckpointContents bad = tiny(2);
  bad.tensors.pop_back();  // global_step
  EXPECT_THROW(staged.stage(bad, 1), Error);
  EXPECT_TRUE(staged.empty());
  EXPECT_EQ(staged.bytes(), 0u);
  staged.stage(tiny(3), 1);
  EXPECT_EQ(staged.step(), 3u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Address space of the process, limited while this lives. Sanitizers need theirs.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(std::uint64_t more) {
    ::getrlimit(RLIMIT_AS, &before_);
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    statm >> pages;
    rlimit limit = before_;
    limit.rlim_cur = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + more;
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST(Stage, MemoryThatIsShortIsAnErrorThatSaysHowMuchAndHarmsNothing) {
  const TemporaryFolder folder;
  CheckpointContents contents = tiny(6);
  contents.tensors.push_back(tensor_of<float>("large", DType::kFloat32, {16'000'000}, {1, 2, 3}));
  StagedSave staged;
  {
    const AddressSpaceLimit limit(std::uint64_t{16} << 20);
    try {
      staged.stage(contents, 1);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kResourceExhausted);
      EXPECT_EQ(error.kind(), "CheckpointSaveError");
      EXPECT_EQ(error.details().at("bytes_needed"), "64004112");
      EXPECT_STREQ(error.what(),
                   "checkpoint of step 6: expected 64004112 bytes of free memory for the copy that "
                   "is saved, got less. Nothing was written and training can go on; free memory, "
                   "or save without async_save, which needs no copy.");
    }
    EXPECT_TRUE(staged.empty());
    // The synchronous save needs one window of it.
    ModelDirWriter writer(system_io(), folder.path(), {false, 1});
    OpenedCheckpoint(system_io(), writer.save(contents)).verify(1);
  }
  staged.stage(contents, 1);
  EXPECT_FALSE(staged.empty());
}
#endif

TEST(Stage, TheSavedFormOfAnEmptyOneIsAnError) {
  const TemporaryFolder folder;
  CheckpointWriter writer(folder.path(), {Durability::kProcess, 1});
  StagedCheckpoint staged;
  EXPECT_TRUE(staged.empty());
  EXPECT_EQ(staged.bytes(), 0);
  try {
    writer.save(staged);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
    EXPECT_STREQ(
        error.what(),
        "StagedCheckpoint: expected one that holds a copy, got an empty one. Stage first.");
  }
  staged.stage(tiny(5));
  EXPECT_EQ(staged.step(), 5);
  StagedCheckpoint moved = std::move(staged);
  EXPECT_TRUE(staged.empty());  // NOLINT(bugprone-use-after-move): moved-from is empty
  writer.save(moved);
  EXPECT_EQ(CheckpointReader::open_latest(folder.path()).info().step, 5);
}

}  // namespace
}  // namespace holdfast::io
