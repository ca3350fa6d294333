#include "io/lock_file.h"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

constexpr int kAttempts = 10;  // each lost to another process that took over or let go meanwhile

// Nothing: there is no such file.
std::optional<LockHolder> holder_of(Io& io, int directory, const std::string& name,
                                    const std::string& path) {
  const int descriptor = io.open(directory, name, OpenMode::kRead);
  if (descriptor == -ENOENT) return std::nullopt;
  if (descriptor < 0) throw system_error("open", join_path(path, name), -descriptor);
  const File file(io, descriptor);
  return read_holder(io, descriptor);
}

[[noreturn]] void refuse(const LockHolder& holder, Liveness state, const std::string& path) {
  std::string text = "model_dir '" + path + "' is being written by " + describe(holder) + ". ";
  if (state == Liveness::kAlive) {
    text += "Use another model_dir, or stop that process.";
  } else {
    text += std::string(
                "Its file system cannot tell whether that one still runs: if it does "
                "not, take over with RunConfig(break_lock=True), which removes ") +
            kLockFileName + "; else use another model_dir.";
  }
  throw Error(Code::kFailedPrecondition, text, details_of(holder, path), "ModelDirLockedError");
}

// Removes the file of `judged`, and of nobody else: another process may have judged the same one,
// and hold a lock of its own under that name by now. Whether it was removed.
bool remove_of(Io& io, int directory, const LockHolder& judged, const std::string& path) {
  std::uint64_t random = 0;
  const int drawn = io.random(&random, sizeof random);
  if (drawn < 0) throw system_error("getentropy for", path, -drawn);
  const std::string aside = lock_temporary_name(random);
  const int renamed = io.rename(directory, kLockFileName, aside, RenameMode::kReplace);
  if (renamed == -ENOENT) return false;
  if (renamed < 0) throw system_error("rename", join_path(path, kLockFileName), -renamed);
  const auto found = holder_of(io, directory, aside, path);
  if (found && found->token == judged.token && found->pid == judged.pid) {
    static_cast<void>(io.unlink(directory, aside));
    return true;
  }
  if (io.rename(directory, aside, kLockFileName, RenameMode::kNoReplace) < 0)
    static_cast<void>(io.rename(directory, aside, kLockFileName, RenameMode::kReplace));
  return false;
}

std::string taken_over(const LockHolder& holder, const std::string& path) {
  return "model_dir " + path + ": the lock of " + describe(holder) +
         ", left behind, has been taken over.";
}

// Whether there was a file that could be taken over. Throws when it must not be.
std::optional<std::string> take_over(Io& io, int directory, const std::string& path,
                                     bool break_lock) {
  const auto holder = holder_of(io, directory, kLockFileName, path);
  if (!holder) return std::nullopt;
  const Liveness state = liveness(io, *holder);
  const bool may = state == Liveness::kGone || (break_lock && state == Liveness::kElsewhere);
  if (!may) refuse(*holder, state, path);
  if (!remove_of(io, directory, *holder, path)) return std::nullopt;
  return taken_over(*holder, path);
}

}  // namespace

LockFile::LockFile(Io& io, int directory, const std::string& path, bool break_lock)
    : io_(io), directory_(directory), path_(path), me_(this_distinct_holder(io)) {
  for (int attempt = 1;; ++attempt) {
    const int descriptor = io_.open(directory_, kLockFileName, OpenMode::kCreate);
    if (descriptor == -EEXIST && attempt < kAttempts) {
      if (auto warning = take_over(io_, directory_, path_, break_lock))
        warnings_.push_back(std::move(*warning));
      continue;
    }
    if (descriptor < 0) throw system_error("create", join_path(path_, kLockFileName), -descriptor);
    File file(io_, descriptor);
    const std::string line = to_line(me_) + "\n";
    int written = write_all(io_, descriptor, line.data(), line.size(), 0);
    if (written == 0) written = io_.fsync(descriptor);  // other machines shall see it
    const int closed = file.close();
    if (written == 0) written = closed;
    if (written == 0) return;
    static_cast<void>(io_.unlink(directory_, kLockFileName));
    throw system_error("write", join_path(path_, kLockFileName), -written);
  }
}

LockFile::~LockFile() {
  if (abandoned_ || me_.pid != ::getpid()) return;
  try {
    if (is_mine()) static_cast<void>(io_.unlink(directory_, kLockFileName));
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a destructor throws nothing
    // It stays, and the next writer of this machine takes over.
  }
}

bool LockFile::is_mine() const {
  const auto holder = holder_of(io_, directory_, kLockFileName, path_);
  return holder && holder->token == me_.token && holder->pid == me_.pid;
}

void LockFile::check_owned() const {
  try {
    if (is_mine()) return;
  } catch (const Error&) {
    return;  // a network that is down says nothing of the lock; the save will find out
  }
  throw Error(Code::kFailedPrecondition,
              "model_dir " + path_ + ": expected to hold its lock file " + kLockFileName +
                  ", got another writer's or none: somebody has broken the lock. Stop one of the "
                  "two, or give this one another model_dir.",
              {{"path", path_}, {"pid", std::to_string(me_.pid)}}, "ModelDirLockedError");
}

void LockFile::clear_left_over(Io& io, int directory, const std::string& path, bool break_lock) {
  static_cast<void>(take_over(io, directory, path, break_lock));
}

}  // namespace holdfast::io
