// The lock of a model_dir's one writer: flock on .holdfast-lock. The kernel releases it when the
// process ends, however it ends, so that none is ever stale. Readers take no lock.
#pragma once

#include <sys/types.h>

#include <string>

#include "io/file.h"

namespace holdfast::io {

// Not thread-safe, apart from fork: the child's copy of a lock is closed and belongs to nobody.
class WriterLock {
 public:
  // Takes the lock of an open model_dir; `path` is its name in messages. Waits for nobody. `io`
  // outlives it. Throws: ModelDirLockedError, naming the writer as far as it is known, when there
  // is one; FailedPrecondition when .holdfast-lock is no file; errors of open and flock.
  WriterLock(Io& io, int directory, const std::string& path);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  // Throws: ModelDirLockedError in a process forked after the lock was taken.
  void check_owned() const;
  // Why there is no lock though none is held by others, as on file systems that cannot; else "".
  const std::string& warning() const noexcept { return warning_; }
  // Of the fork handler: closes without unlocking what is still the parent's.
  void disown() noexcept { static_cast<void>(file_.close()); }

 private:
  void introduce();  // writes who holds the lock
  [[noreturn]] void refuse(const std::string& path);

  Io& io_;
  std::string path_;
  pid_t owner_;
  File file_;
  std::string warning_;
};

}  // namespace holdfast::io
