#include "io/checkpoint_dir.h"

#include <gtest/gtest.h>

#include <functional>

#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

// A writer that is at work at a chosen moment of a reader: before the reader's `at`-th opening of a
// file or directory of that name, `work` is done.
struct BusyIo : TestIo {
  using TestIo::TestIo;
  std::string name;
  int at = 1;
  std::function<void()> work;
  int open(int d, const std::string& n, OpenMode mode) override {
    if (n == name && --at == 0) work();
    return TestIo::open(d, n, mode);
  }
};

class WithRetention : public ::testing::Test {
 protected:
  WithRetention() { save_and_forget(1); }
  // As a run that keeps one does: the newer one is there before the older one goes.
  void save_and_forget(std::int64_t step) {
    const std::string path = writer_.save(tiny(step));
    if (!newest_.empty()) writer_.remove(newest_);
    newest_ = path;
  }

  TemporaryFolder folder_;
  ModelDirWriter writer_{system_io(), folder_.path(), {}};
  std::string newest_;
  BusyIo io_{folder_.path()};
};

TEST_F(WithRetention, AListedCheckpointThatIsGoneSendsTheReaderBackToTheList) {
  io_.name = "model.ckpt-1";
  io_.work = [&] { save_and_forget(2); };
  EXPECT_EQ(*latest(io_, folder_.path()), folder_ / "model.ckpt-2");
}

TEST_F(WithRetention, AVanishedCommitIsNoUnfinishedSave) {
  io_.name = kCommitName;  // its directory is open already
  io_.work = [&] { save_and_forget(2); };
  EXPECT_EQ(*latest(io_, folder_.path()), folder_ / "model.ckpt-2");
  io_.at = 1;
  io_.work = [&] { save_and_forget(3); };
  EXPECT_TRUE(problems(io_, folder_.path()).empty());
  io_.at = 1;
  io_.work = [&] { save_and_forget(4); };
  EXPECT_EQ(list(io_, folder_.path()).at(0).step, 4);
}

TEST_F(WithRetention, ACheckpointThatGoesAfterTheChoiceIsChosenAnew) {
  io_.name = kManifestName;
  io_.work = [&] { save_and_forget(2); };
  EXPECT_EQ(open_latest(io_, folder_.path())->manifest().step, 2u);
  io_.at = 1;
  io_.work = [&] { save_and_forget(3); };
  EXPECT_EQ(list(io_, folder_.path()).at(0).step, 3);
  // An opened one stays readable whatever happens to its name.
  const auto opened = open_latest(io_, folder_.path());
  save_and_forget(4);
  EXPECT_EQ(opened->read_all(1).size(), 2u);
}

TEST_F(WithRetention, AnOlderOneIsNotTheLatestBecauseTheNewestHasGone) {
  for (const char* moment : {"model.ckpt-2", "manifest.json"}) {
    const std::string oldest = newest_;
    writer_.save(tiny(2));
    io_.name = moment;  // of the manifests, that of model.ckpt-2 is the second
    io_.at = io_.name == kManifestName ? 2 : 1;
    io_.work = [&] {
      newest_ = writer_.save(tiny(3));
      writer_.remove(oldest);
      writer_.remove(folder_ / "model.ckpt-2");
    };
    if (io_.name == kManifestName) {
      EXPECT_EQ(list(io_, folder_.path()).back().step, 3);
    } else {
      EXPECT_EQ(*latest(io_, folder_.path()), folder_ / "model.ckpt-3");
    }
    writer_.remove(newest_);
    newest_ = writer_.save(tiny(1));
  }
}

TEST_F(WithRetention, AReaderThatIsAlwaysTooLateGivesUp) {
  io_.name = kManifestName;
  std::int64_t step = 1;
  io_.work = [&] {
    save_and_forget(++step);
    io_.at = 1;
  };
  EXPECT_ERROR(open_latest(io_, folder_.path()), Code::kNotFound,
               "the checkpoint vanished while it was being opened");
  EXPECT_EQ(step, 11);
}

TEST_F(WithRetention, ADirectoryWithLeftoversOnlyHasNoCheckpoint) {
  writer_.remove(newest_);
  std::filesystem::create_directory(folder_ / ".tmp-model.ckpt-9-0123456789abcdef");
  EXPECT_EQ(latest(io_, folder_.path()), std::nullopt);
  EXPECT_TRUE(list(io_, folder_.path()).empty());
}

}  // namespace
}  // namespace holdfast::io
