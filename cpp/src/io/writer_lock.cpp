#include "io/writer_lock.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

#include "base/host_name.h"
#include "holdfast/error.h"
#include "io/fault.h"
#include "io/lock_holder.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

// Every lock of the process, for the fork handlers. Never destroyed: a process may fork, or end,
// while other threads hold locks.
struct Registry {
  std::mutex mutex;
  std::vector<WriterLock*> locks;
};
Registry& registry() {
  static auto* held = new Registry;
  return *held;
}

// flock belongs to the open file, which a forked child shares: unless the child closes it, the lock
// would outlive the parent.
void install_fork_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::pthread_atfork([] { registry().mutex.lock(); }, [] { registry().mutex.unlock(); },
                     [] {
                       for (WriterLock* lock : registry().locks) lock->disown();
                       registry().locks.clear();
                       registry().mutex.unlock();
                     });
  });
}

Error cannot_open(const std::string& path, int error_number) {
  if (error_number == ELOOP || error_number == EISDIR)
    return {Code::kFailedPrecondition,
            "model_dir " + path + ": expected " + kLockName + " to be a file, got a " +
                (error_number == ELOOP ? "symbolic link" : "directory") + ". Remove it.",
            {{"path", path}, {"file", kLockName}, {"errno", std::to_string(error_number)}}};
  const Error error = system_error("open", join_path(path, kLockName), error_number);
  return {error.code(),
          "model_dir " + path + ": expected a directory that can be written, got " +
              errno_text(error_number) + " for " + kLockName +
              ". Change its permissions or name another one.",
          error.details()};
}

}  // namespace

WriterLock::WriterLock(Io& io, int directory, const std::string& path, bool break_lock)
    : io_(io), path_(path), owner_(::getpid()) {
  install_fork_handlers();
  const std::lock_guard<std::mutex> no_fork(registry().mutex);
  const int descriptor = io_.open(directory, kLockName, OpenMode::kLock);
  if (descriptor < 0) throw cannot_open(path, -descriptor);
  file_ = File(io_, descriptor);
  const int locked = io_.lock(descriptor);
  if (locked == -EWOULDBLOCK) refuse();
  if (locked == -ENOLCK || locked == -EOPNOTSUPP || locked == -ENOSYS) {
    instead_ = std::make_unique<LockFile>(io_, directory, path, break_lock);
    warnings_ = instead_->warnings();
    warnings_.push_back("model_dir " + path + ": its file system cannot lock files (" +
                        errno_text(-locked) + "); the file " + kLockFileName +
                        " stands in. A run that is killed leaves it behind: runs on this machine "
                        "take over, one on another needs RunConfig(break_lock=True).");
  } else if (locked < 0) {
    throw system_error("flock", join_path(path, kLockName), -locked);
  } else {
    LockFile::clear_left_over(io_, directory, path, break_lock);
    introduce();
  }
  registry().locks.push_back(this);
}

WriterLock::~WriterLock() {
  const std::lock_guard<std::mutex> no_fork(registry().mutex);
  auto& locks = registry().locks;
  locks.erase(std::remove(locks.begin(), locks.end(), this), locks.end());
  if (!file_.is_open() || owner_ != ::getpid() || instead_ != nullptr) return;
  // The line goes, so that a run that saves nothing leaves every byte of model_dir as it was.
  static_cast<void>(io_.truncate(file_.get(), 0));
  // Not left to closing: a process cloned around the fork handlers may share the file.
  static_cast<void>(io_.unlock(file_.get()));
}

void WriterLock::disown() noexcept {
  static_cast<void>(file_.close());
  if (instead_ != nullptr) instead_->abandon();
}

void WriterLock::check_owned() const {
  if (file_.is_open() && owner_ == ::getpid()) {
    if (instead_ != nullptr) instead_->check_owned();
    return;
  }
  throw Error(Code::kFailedPrecondition,
              "model_dir " + path_ + ": expected the process that opened the writer, " +
                  std::to_string(owner_) + ", got its forked child " + std::to_string(::getpid()) +
                  ". Save in the parent, or open a writer of another model_dir in the child.",
              {{"path", path_}, {"pid", std::to_string(owner_)}}, "ModelDirLockedError");
}

// For the message of the next one only: when it cannot be written, the lock holds all the same.
void WriterLock::introduce() {
  const std::string line = to_line(this_holder(io_)) + "\n";
  if (io_.truncate(file_.get(), 0) < 0) return;
  static_cast<void>(write_all(io_, file_.get(), line.data(), line.size(), 0));
}

void WriterLock::refuse() {
  const LockHolder holder = read_holder(io_, file_.get());
  std::string who = describe(holder);
  std::string next = "Use another model_dir, or stop that process.";
  if (holder.pid == owner_ && holder.host == host_name()) {
    who = "this process, " + who;
    next = "Use another model_dir, or wait until its other writer has ended.";
  }
  throw Error(Code::kFailedPrecondition,
              "model_dir '" + path_ + "' is being written by " + who + ". " + next,
              details_of(holder, path_), "ModelDirLockedError");
}

}  // namespace holdfast::io
