// What killed exports leave goes with the next export; what a living one writes stays.
#include "io/export_leftovers.h"

#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>

#include "api/write_saved_model.h"
#include "holdfast/model.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

namespace fs = std::filesystem;

// y = x + x; its one tensor is global_step.
SavedModelContents twice() {
  SavedModelContents contents;
  const NodeId x = contents.graph.add(
      "placeholder", {}, {{"dtype", std::string("float32")}, {"shape", Shape{-1}}}, "x");
  const NodeId y = contents.graph.add("add", {x, x}, {}, "y");
  contents.signatures.push_back({"predict", kPredictMethod, {{"x", x}}, {{"y", y}}});
  contents.variables = {step_tensor(3)};
  return contents;
}

std::string write(Io& io, const std::string& base) {
  return write_saved_model_through(io, base, twice(), {Durability::kProcess, 1});
}

// Does something at the first call of a kind, as another process might at that moment.
class MeanwhileIo final : public TestIo {
 public:
  std::function<void()> before_lock;
  std::function<void()> before_rename;

  int lock(int file) override {
    if (auto act = std::exchange(before_lock, nullptr)) act();
    return TestIo::lock(file);
  }
  int rename(int directory, const std::string& from, const std::string& to,
             RenameMode mode) override {
    if (auto act = std::exchange(before_rename, nullptr)) act();
    return TestIo::rename(directory, from, to, mode);
  }
};

class ExportLeftovers : public testing::Test {
 protected:
  std::string base() const { return folder_.path(); }
  // As a killed export leaves it.
  std::string leftover(std::uint64_t random) const {
    const std::string name = export_temporary_name(1790000001, random);
    fs::create_directories(folder_ / name + "/assets.extra/sub");
    write_file(folder_ / name + "/data-00000-of-00001.bin", "HFSH");
    write_file(folder_ / name + "/assets.extra/sub/file", "bytes");
    return name;
  }
  void clear(Io& io) const {
    const File directory(io, io.open(kCurrentDirectory, base(), OpenMode::kDirectory));
    clear_export_leftovers(io, directory.get());
  }

  TemporaryFolder folder_;
};

TEST_F(ExportLeftovers, GoWithTheNextExport) {
  leftover(1);
  leftover(2);
  fs::create_directories(folder_ / export_temporary_name(5, 3));  // killed right after mkdir
  const std::string path = write(system_io(), base());
  EXPECT_EQ(names_of(base()), std::vector<std::string>{split_path(path).name});
}

TEST_F(ExportLeftovers, AreNothingElse) {
  const std::vector<std::string> others = {".tmp-",
                                           ".tmp-1790000001",
                                           ".tmp-1790000001-0123456789ABCDEF",
                                           ".tmp-1790000001-0123456789abcdef0",
                                           ".tmp-lock-0123456789abcdef",
                                           ".tmp-model.ckpt-7-0123456789abcdef",
                                           "1790000001",
                                           "tmp-1790000001-0123456789abcdef"};
  for (const std::string& name : others) fs::create_directories(folder_ / name);
  // A file, and a link to a directory, under a name of ours.
  write_file(folder_ / export_temporary_name(1, 1), "x");
  fs::create_directories(folder_ / "else/where");
  fs::create_directory_symlink(folder_ / "else", folder_ / export_temporary_name(1, 2));
  clear(system_io());
  EXPECT_EQ(names_of(base()).size(), others.size() + 3);
  EXPECT_TRUE(fs::exists(folder_ / "else/where"));
}

TEST_F(ExportLeftovers, OfALivingWriterStay) {
  const std::string written = leftover(1);
  leftover(2);  // nobody's
  const int other = system_io().open(kCurrentDirectory, folder_ / written, OpenMode::kDirectory);
  ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  clear(system_io());
  EXPECT_EQ(names_of(base()), std::vector<std::string>{written});
  EXPECT_TRUE(fs::exists(folder_ / written + "/assets.extra/sub/file"));
  ::close(other);  // as when it is killed
  clear(system_io());
  EXPECT_TRUE(names_of(base()).empty());
}

TEST_F(ExportLeftovers, AreNotWhatAnotherExportIsAboutToPublish) {
  MeanwhileIo io;
  std::string second;
  io.before_rename = [&] { second = write(system_io(), base()); };
  const std::string first = write(io, base());
  EXPECT_EQ(names_of(base()).size(), 2u);
  for (const std::string& path : {first, second}) EXPECT_EQ(Model::load(path).global_step(), 3);
}

TEST_F(ExportLeftovers, AWriterWhoseNewDirectoryWasTakenForOneBeginsAgain) {
  MeanwhileIo io;
  io.before_lock = [&] { clear(system_io()); };
  const std::string path = write(io, base());
  EXPECT_EQ(Model::load(path).global_step(), 3);
  EXPECT_EQ(std::count_if(io.calls.begin(), io.calls.end(),
                          [](const std::string& call) { return call.rfind("mkdir", 0) == 0; }),
            2);
  EXPECT_EQ(names_of(base()), std::vector<std::string>{split_path(path).name});
}

TEST_F(ExportLeftovers, AWriterWhoseNewDirectoryIsLockedByAnotherBeginsAgain) {
  MeanwhileIo io;
  int other = -1;
  io.before_lock = [&] {
    other = system_io().open(kCurrentDirectory, folder_ / names_of(base()).front(),
                             OpenMode::kDirectory);
    ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  };
  const std::string path = write(io, base());
  EXPECT_EQ(Model::load(path).global_step(), 3);
  ::close(other);
  clear(system_io());  // what the other was about to delete
  EXPECT_EQ(names_of(base()), std::vector<std::string>{split_path(path).name});
}

TEST_F(ExportLeftovers, AnExportPublishedMeanwhileIsNotDeletedUnderItsNewName) {
  const std::string written = leftover(1);
  MeanwhileIo cleaner;
  cleaner.before_lock = [&] { fs::rename(folder_ / written, folder_ / "1790000001"); };
  clear(cleaner);
  EXPECT_TRUE(fs::exists(folder_ / "1790000001/assets.extra/sub/file"));
}

TEST_F(ExportLeftovers, StayWhereDirectoriesCannotBeLocked) {
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS, EBADF}) {
    const std::string name = leftover(1);
    TestIo io(base());
    io.fail_calls["lock .tmp-1790000001"] = error;
    io.fail_calls["lock .tmp-1790000000"] = error;
    EXPECT_EQ(Model::load(write(io, base())).global_step(), 3);
    EXPECT_TRUE(fs::exists(folder_ / name)) << errno_text(error);
  }
}

TEST_F(ExportLeftovers, ThatCannotBeDeletedDoNotFailAnExport) {
  leftover(1);
  TestIo io(base());
  io.fail_calls["list ."] = EACCES;
  EXPECT_EQ(Model::load(write(io, base())).global_step(), 3);
  io.fail_calls = {{"open .tmp-1790000001", EMFILE}};
  EXPECT_EQ(Model::load(write(io, base())).global_step(), 3);
}

TEST_F(ExportLeftovers, AClaimThatFailsFailsTheExportAndLeavesNothing) {
  TestIo io(base());
  io.fail_calls["lock .tmp-1790000000"] = EIO;
  EXPECT_ERROR(write(io, base()), Code::kUnavailable, ": flock ");
  EXPECT_TRUE(names_of(base()).empty());
}

TEST_F(ExportLeftovers, EightWritersAndTheirCleaningDoNotHarmEachOther) {
  constexpr int kWriters = 8;
  constexpr int kEach = 5;
  std::vector<std::thread> writers;
  std::atomic<int> whole{0};
  writers.reserve(kWriters);
  for (int w = 0; w < kWriters; ++w)
    writers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        try {
          if (Model::load(write(system_io(), base())).global_step() == 3) ++whole;
        } catch (const Error& error) {
          // All ten names of these seconds are taken: what TensorFlow says, too.
          if (error.code() == Code::kAlreadyExists) ++whole;
        }
      }
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(whole, kWriters * kEach);
  for (const std::string& name : names_of(base())) EXPECT_TRUE(is_export_name(name)) << name;
}

}  // namespace
}  // namespace holdfast::io
