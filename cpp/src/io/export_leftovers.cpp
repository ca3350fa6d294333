#include "io/export_leftovers.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "io/names.h"
#include "io/staged_directory.h"

namespace holdfast::io {
namespace {

// EBADF: NFS locks only what is open for writing, which no directory can be.
bool cannot_lock(int result) {
  return result == -ENOLCK || result == -EOPNOTSUPP || result == -ENOSYS || result == -EBADF;
}

}  // namespace

bool claim_directory(Io& io, int parent, const std::string& name, const std::string& shown,
                     File& claimed) {
  const int descriptor = io.open(parent, name, OpenMode::kDirectory);
  check_written(descriptor, "open", shown);
  File directory(io, descriptor);
  const int locked = io.lock(descriptor);
  if (cannot_lock(locked)) return false;
  check_written(locked, "flock", shown);
  FileStat held;
  FileStat named;
  check_written(io.fstat(descriptor, held), "fstat", shown);
  check_written(io.stat(parent, name, named), "stat", shown);
  if (held.device != named.device || held.inode != named.inode)
    throw WriteFailure{"flock", shown, ENOENT};
  claimed = std::move(directory);
  return true;
}

void clear_export_leftovers(Io& io, int base) {
  std::vector<std::string> names;
  if (io.list(base, names) < 0) return;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (!is_export_temporary(name)) continue;
    try {
      File claimed;
      if (claim_directory(io, base, name, name, claimed)) remove_tree(io, base, name);
    } catch (const WriteFailure&) {
      continue;  // somebody writes it, or it stays for the next export
    }
  }
}

void remove_tree(Io& io, int parent, const std::string& name) {
  {
    const int descriptor = io.open(parent, name, OpenMode::kDirectory);
    if (descriptor < 0) return;
    const File directory(io, descriptor);
    std::vector<std::string> names;
    static_cast<void>(io.list(descriptor, names));
    for (const std::string& entry : names) {
      if (io.unlink(descriptor, entry) < 0) remove_tree(io, descriptor, entry);
    }
  }
  static_cast<void>(io.rmdir(parent, name));
}

}  // namespace holdfast::io
