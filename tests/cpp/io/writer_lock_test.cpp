#include "io/writer_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <memory>

#include "base/json.h"
#include "io/checkpoint_dir.h"
#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

ModelDirWriter open_writer(const std::string& path) { return {system_io(), path, {}}; }

// Whether another writer could have the directory now.
bool is_free(const std::string& path) {
  try {
    open_writer(path);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), "ModelDirLockedError") << error.what();
    return false;
  }
}

// Runs `work` in a forked child; returns its exit code, or -signal.
template <typename Work>
int in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(WriterLock, ASecondWriterIsRefusedAtOnceAndChangesNothing) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  writer.save(tiny(7));
  // What recovery would remove, were it reached.
  std::filesystem::create_directory(folder / ".tmp-model.ckpt-9-0123456789abcdef");
  const auto names = names_of(folder.path());
  const std::string line = read_file(folder / kLockName);
  TestIo io(folder.path());
  const auto began = std::chrono::steady_clock::now();
  EXPECT_ERROR(ModelDirWriter(io, folder.path(), {}), Code::kFailedPrecondition,
               "model_dir '" + folder.path() + "' is being written by this process, pid " +
                   std::to_string(::getpid()) + " on host ");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
  EXPECT_EQ(io.calls,
            (std::vector<std::string>{"open .", "open .holdfast-lock", "lock .holdfast-lock",
                                      "pread .holdfast-lock", "pread .holdfast-lock",
                                      "close .holdfast-lock", "close ."}));
  EXPECT_EQ(names_of(folder.path()), names);
  EXPECT_EQ(read_file(folder / kLockName), line);
}

TEST(WriterLock, ADestroyedWriterLeavesTheDirectoryFreeAndAnEmptyFile) {
  const TemporaryFolder folder;
  { ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7)); }
  EXPECT_TRUE(is_free(folder.path()));
  EXPECT_EQ(std::filesystem::file_size(folder / kLockName), 0u);
}

TEST(WriterLock, TheHolderIsNamedFromTheLineAsFarAsItIsOne) {
  const TemporaryFolder folder;
  const ModelDirWriter writer(system_io(), folder.path(), {});
  std::filesystem::resize_file(folder / kLockName, 0);
  const auto line = [&](const std::string& text) {
    std::ofstream(folder / kLockName, std::ios::binary | std::ios::in) << text;
  };
  EXPECT_ERROR(open_writer(folder.path()), Code::kFailedPrecondition,
               "is being written by another process. Use another model_dir, or stop that process.");
  line(R"({"pid":4711,"host":"a","since_unix_ms":1790000000000})");
  EXPECT_ERROR(open_writer(folder.path()), Code::kFailedPrecondition,
               "is being written by pid 4711 on host a (since 2026-09-21 14:13:20 UTC). Use "
               "another model_dir, or stop that process.");
  line(R"({"pid":4711,"host":"a","user":"u","command":"train.py","since_unix_ms":1790000000000})");
  EXPECT_ERROR(open_writer(folder.path()), Code::kFailedPrecondition,
               "pid 4711 on host a (since 2026-09-21 14:13:20 UTC, user u, command train.py). Use");
  std::filesystem::resize_file(folder / kLockName, 0);
  line(R"({"pid":4711,"host":"\u001b[2J","since_unix_ms":0}     )");
  EXPECT_ERROR(open_writer(folder.path()), Code::kFailedPrecondition, "by another process.");
}

TEST(WriterLock, TheLineOfALiveWriterSaysWhatItRuns) {
  const TemporaryFolder folder;
  const ModelDirWriter writer(system_io(), folder.path(), {});
  const Json line = parse_json(read_file(folder / kLockName));
  EXPECT_EQ(line.at("pid").as_int(), ::getpid());
  EXPECT_NE(line.at("command").as_string().find("holdfast_tests"), std::string::npos);
  EXPECT_FALSE(line.at("user").as_string().empty());
}

TEST(WriterLock, ReadersNeedNoLock) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  writer.save(tiny(7));
  TestIo io(folder.path());
  EXPECT_EQ(open_latest(io, folder.path())->manifest().step, 7u);
  for (const std::string& call : io.calls) EXPECT_EQ(call.find(kLockName), std::string::npos);
}

TEST(WriterLock, AForkedChildCannotUseItAndDoesNotKeepIt) {
  const TemporaryFolder folder;
  auto writer = std::make_unique<ModelDirWriter>(system_io(), folder.path(), WriterOptions{});
  const std::string kept = writer->save(tiny(7));
  const auto refused = [](const auto& call) {
    try {
      call();
      return false;
    } catch (const Error& error) {
      return error.kind() == "ModelDirLockedError" &&
             std::string(error.what()).find("got its forked child") != std::string::npos;
    }
  };
  EXPECT_EQ(in_child([&] {
              if (!refused([&] { writer->save(tiny(8)); })) return 1;
              if (!refused([&] { writer->remove(kept); })) return 2;
              if (!refused([&] { writer->write_bookkeeping(R"({"all":[]})"); })) return 3;
              writer.reset();  // must not unlock what is the parent's
              return is_free(folder.path()) ? 4 : 0;
            }),
            0);
  EXPECT_FALSE(is_free(folder.path()));
  // A child that lives on does not hold the directory once the parent has let go.
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  writer.reset();
  EXPECT_TRUE(is_free(folder.path()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(WriterLock, AKilledProcessLeavesNoLock) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_child([&] {
              ModelDirWriter writer(system_io(), folder.path(), {});
              writer.save(tiny(7));
              return ::kill(::getpid(), SIGKILL);
            }),
            -SIGKILL);
  EXPECT_TRUE(is_free(folder.path()));
  EXPECT_EQ(*latest(system_io(), folder.path()), folder / "model.ckpt-7");
}

TEST(WriterLock, OtherErrorsAreNamedBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  io.fail_calls["lock .holdfast-lock"] = EIO;
  EXPECT_ERROR(ModelDirWriter(io, folder.path(), {}), Code::kUnavailable, "flock ");
  io.fail_calls["open .holdfast-lock"] = EROFS;
  EXPECT_ERROR(ModelDirWriter(io, folder.path(), {}), Code::kPermissionDenied,
               "expected a directory that can be written, got Read-only file system");
  std::filesystem::remove(folder / kLockName);
  std::filesystem::create_symlink(folder / "elsewhere", folder / kLockName);
  EXPECT_ERROR(open_writer(folder.path()), Code::kFailedPrecondition,
               "expected .holdfast-lock to be a file, got a symbolic link. Remove it.");
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

}  // namespace
}  // namespace holdfast::io
