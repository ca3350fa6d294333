// The lock of a model_dir's one writer: flock on .holdfast-lock. The kernel releases it when the
// process ends, however it ends, so that none is ever stale. Where files cannot be locked, a
// LockFile stands in. Readers take no lock.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/lock_file.h"

namespace holdfast::io {

// Not thread-safe, apart from fork: the child's copy of a lock is closed and belongs to nobody.
class WriterLock {
 public:
  // Takes the lock of an open model_dir; `path` is its name in messages. Waits for nobody. `io` and
  // `directory` outlive it. Throws: ModelDirLockedError, naming the writer as far as it is known,
  // when there is one; FailedPrecondition when .holdfast-lock is no file; errors of open and flock.
  WriterLock(Io& io, int directory, const std::string& path, bool break_lock = false);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  // Throws: ModelDirLockedError in a process forked after the lock was taken, and when the lock
  // file that stands in has been broken.
  void check_owned() const;
  // That a lock file stands in for a lock, and from whom it was taken over.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  // Of the fork handler: closes without unlocking what is still the parent's.
  void disown() noexcept;

 private:
  void introduce();  // writes who holds the lock
  [[noreturn]] void refuse();

  Io& io_;
  std::string path_;
  pid_t owner_;
  File file_;
  std::unique_ptr<LockFile> instead_;
  std::vector<std::string> warnings_;
};

}  // namespace holdfast::io
