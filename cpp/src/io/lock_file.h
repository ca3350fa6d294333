// The lock of a model_dir whose file system cannot flock: a file that only one process can create.
// The kernel does not remove it when its process is killed, so a holder that is known to be gone is
// taken over from, and one on another machine only when the user says so.
#pragma once

#include <string>
#include <vector>

#include "io/file.h"
#include "io/lock_holder.h"

namespace holdfast::io {

class LockFile {
 public:
  // Takes the lock of an open model_dir; `path` is its name in messages. Throws:
  // ModelDirLockedError when another has it, who is alive, or elsewhere and not `break_lock`;
  // errors of creating and writing the file.
  LockFile(Io& io, int directory, const std::string& path, bool break_lock);
  // Removes it, unless it is another's by now. Not in a forked child: see abandon().
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  // Throws: ModelDirLockedError when somebody has broken the lock since.
  void check_owned() const;
  // Leaves the file to the parent.
  void abandon() noexcept { abandoned_ = true; }
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  // For a writer that has flock: refuses, as the constructor, one that a run without it still
  // holds, and removes one that is left over.
  static void clear_left_over(Io& io, int directory, const std::string& path, bool break_lock);

 private:
  bool is_mine() const;

  Io& io_;
  int directory_;
  std::string path_;
  LockHolder me_;
  bool abandoned_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace holdfast::io
