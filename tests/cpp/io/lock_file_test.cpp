#include "io/lock_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <memory>

#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

// A file system that cannot flock.
struct NoLockIo : TestIo {
  explicit NoLockIo(const std::string& root, int error = ENOLCK) : TestIo(root) {
    fail_calls["lock .holdfast-lock"] = error;
  }
};

class LockFileTest : public ::testing::Test {
 protected:
  ModelDirWriter writer(bool break_lock = false) {
    WriterOptions options;
    options.break_lock = break_lock;
    return {io_, folder_.path(), options};
  }
  bool is_locked() const { return std::filesystem::exists(folder_ / kLockFileName); }
  void leave(const LockHolder& holder) { write_file(folder_ / kLockFileName, to_line(holder)); }
  // One that was here a moment ago: this process's facts, with a pid that no process has.
  LockHolder gone() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    LockHolder holder = this_distinct_holder(io_);
    holder.pid = child;
    return holder;
  }
  void expect_free() {
    ModelDirWriter next = writer();
    next.save(tiny(8));
    const auto warnings = next.take_warnings();
    ASSERT_FALSE(warnings.empty());
    EXPECT_NE(warnings[0].find("left behind, has been taken over."), std::string::npos);
  }

  TemporaryFolder folder_;
  NoLockIo io_{folder_.path()};
};

TEST_F(LockFileTest, StandsInWhereTheFileSystemCannotLockAndSaysSo) {
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS}) {
    NoLockIo io(folder_.path(), error);
    ModelDirWriter writer(io, folder_.path(), {});
    EXPECT_TRUE(is_locked());
    EXPECT_NE(writer.take_warnings().at(0).find("cannot lock files (" + errno_text(error) +
                                                "); the file .holdfast-lock.held "),
              std::string::npos);
    EXPECT_NO_THROW(writer.save(tiny(7)));
  }
  EXPECT_FALSE(is_locked());
  EXPECT_EQ(names_of(folder_.path()), (std::vector<std::string>{"model.ckpt-7"}));
}

TEST_F(LockFileTest, ASecondWriterIsRefusedAndChangesNothing) {
  ModelDirWriter first = writer();
  first.save(tiny(7));
  const std::string line = read_file(folder_ / kLockFileName);
  for (const bool break_lock : {false, true}) {  // this one is known to run
    EXPECT_ERROR(writer(break_lock), Code::kFailedPrecondition,
                 "model_dir '" + folder_.path() + "' is being written by pid " +
                     std::to_string(::getpid()) + " on host ");
    EXPECT_ERROR(writer(break_lock), Code::kFailedPrecondition,
                 "). Use another model_dir, or stop that process.");
  }
  EXPECT_EQ(read_file(folder_ / kLockFileName), line);
  EXPECT_NO_THROW(first.save(tiny(8)));
}

TEST_F(LockFileTest, AProcessThatIsGoneIsTakenOverFrom) {
  leave(gone());
  expect_free();
}

TEST_F(LockFileTest, AKilledProcessIsTakenOverFrom) {
  const pid_t child = ::fork();
  if (child == 0) {
    const ModelDirWriter first = writer();
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_locked());
  expect_free();
}

TEST_F(LockFileTest, APidThatWasGivenAgainIsNotTheHolder) {
  LockHolder holder = this_distinct_holder(io_);
  holder.started += "1";
  leave(holder);
  expect_free();
}

TEST_F(LockFileTest, ANumberThatNoProcessHasIsNobody) {
  LockHolder holder = this_distinct_holder(io_);
  EXPECT_TRUE(parse_holder(to_line(holder)).is_known());
  holder.pid += std::int64_t{1} << 32;  // would be this process in 32 bits
  EXPECT_FALSE(parse_holder(to_line(holder)).is_known());
}

TEST_F(LockFileTest, AnEarlierBootOfTheSameMachineIsTakenOverFrom) {
  LockHolder holder = this_distinct_holder(io_);
  holder.boot = "an earlier one";
  leave(holder);
  expect_free();
}

TEST_F(LockFileTest, AnotherMachineOrContainerNeedsBreakLock) {
  LockHolder host = gone(), machine = gone(), container = gone();
  host.host = "elsewhere";
  machine.machine = "another";
  machine.boot = "another";
  container.pid_space += "1";
  for (const LockHolder& holder : {host, machine, container, LockHolder{}}) {
    leave(holder);
    EXPECT_ERROR(writer(), Code::kFailedPrecondition,
                 "Its file system cannot tell whether that one still runs: if it does not, take "
                 "over with RunConfig(break_lock=True), which removes .holdfast-lock.held; else "
                 "use another model_dir.");
    EXPECT_TRUE(is_locked());
    EXPECT_NO_THROW(writer(true).save(tiny(7)));
    EXPECT_FALSE(is_locked());
  }
}

TEST_F(LockFileTest, AWriterWhoseLockWasBrokenSavesNoMore) {
  ModelDirWriter first = writer();
  first.save(tiny(7));
  LockHolder other = gone();
  other.token = "another";
  leave(other);
  EXPECT_ERROR(first.save(tiny(8)), Code::kFailedPrecondition, "somebody has broken the lock.");
  std::filesystem::remove(folder_ / kLockFileName);
  EXPECT_ERROR(first.save(tiny(8)), Code::kFailedPrecondition, "somebody has broken the lock.");
  EXPECT_EQ(names_of(folder_.path()), (std::vector<std::string>{"model.ckpt-7"}));
}

// Between the look at a stale file and its removal, somebody else has taken over.
TEST_F(LockFileTest, TwoThatTakeOverAtOnceDoNotBothSucceed) {
  struct SlowIo : NoLockIo {
    using NoLockIo::NoLockIo;
    std::string line;
    int rename(int d, const std::string& from, const std::string& to, RenameMode mode) override {
      if (from == kLockFileName && !line.empty()) {
        std::filesystem::remove(file);
        std::ofstream(file) << line;
        line.clear();
      }
      return NoLockIo::rename(d, from, to, mode);
    }
    std::string file;
  };
  leave(gone());
  LockHolder winner = this_distinct_holder(io_);
  SlowIo io(folder_.path());
  io.file = folder_ / kLockFileName;
  io.line = to_line(winner);
  EXPECT_ERROR(ModelDirWriter(io, folder_.path(), {}), Code::kFailedPrecondition,
               "is being written by pid");
  EXPECT_EQ(read_file(folder_ / kLockFileName), to_line(winner));
}

TEST_F(LockFileTest, AForkedChildLeavesItAlone) {
  auto first = std::make_unique<ModelDirWriter>(writer());
  const pid_t child = ::fork();
  if (child == 0) {
    first.reset();
    ::_exit(is_locked() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NO_THROW(first->save(tiny(7)));
}

TEST_F(LockFileTest, AWriterThatCanLockRespectsOneThatCouldNot) {
  {
    const ModelDirWriter first = writer();
    EXPECT_ERROR(ModelDirWriter(system_io(), folder_.path(), {}), Code::kFailedPrecondition,
                 "is being written by pid");
  }
  leave(gone());
  EXPECT_NO_THROW(ModelDirWriter(system_io(), folder_.path(), {}).save(tiny(7)));
  EXPECT_FALSE(is_locked());
}

TEST_F(LockFileTest, AFileThatCannotBeWrittenIsNotLeftBehind) {
  io_.fail_calls["pwrite .holdfast-lock.held"] = ENOSPC;
  EXPECT_ERROR(writer(), Code::kResourceExhausted, "write ");
  EXPECT_FALSE(is_locked());
}

TEST_F(LockFileTest, WhatATakeoverLeftIsRemovedByTheNextWriter) {
  write_file(folder_ / ".tmp-lock-0123456789abcdef", "{}");
  writer();
  EXPECT_EQ(names_of(folder_.path()), std::vector<std::string>{});
}

}  // namespace
}  // namespace holdfast::io
