#include "io/directories.h"

#include <cerrno>

#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {

bool cannot_sync(int result) {
  return result == -EINVAL || result == -ENOTSUP || result == -EOPNOTSUPP;
}

bool cannot_rename_so(int result) {
  return result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP;
}

int rename_to_free(Io& io, int directory, const std::string& from, const std::string& to) {
  const int renamed = io.rename(directory, from, to, RenameMode::kNoReplace);
  if (!cannot_rename_so(renamed)) return renamed;
  return io.rename(directory, from, to, RenameMode::kReplace);
}

void create_directories(Io& io, const std::string& path, const SyncDirectory& sync) {
  int made = io.mkdir(kCurrentDirectory, path);
  const SplitPath split = split_path(path);
  if (made == -ENOENT && split.directory != path) {
    create_directories(io, split.directory, sync);
    made = io.mkdir(kCurrentDirectory, path);  // ENOENT again: nothing can be made there (/proc)
  }
  if (made == -EEXIST) return;  // a file is found out when it is opened
  if (made < 0) throw system_error("mkdir", path, -made);
  if (sync == nullptr) return;
  const int descriptor = io.open(kCurrentDirectory, split.directory, OpenMode::kDirectoryFollow);
  const File parent = descriptor >= 0 ? File(io, descriptor) : File();
  const int synced = descriptor < 0 ? descriptor : sync(descriptor, split.directory);
  if (synced < 0) throw system_error("fsync", split.directory, -synced);
}

}  // namespace holdfast::io
