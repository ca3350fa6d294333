// Making, naming and syncing directories.
#pragma once

#include <functional>
#include <string>

#include "io/file.h"

namespace holdfast::io {

// Syncs an opened directory: 0, or -errno; 0, too, where the file system cannot do that.
using SyncDirectory = std::function<int(int directory, const std::string& path)>;

// True for what fsync of a directory answers on some network and FUSE file systems.
bool cannot_sync(int result);

// True for what rename answers on a file system that has no renaming of that mode.
bool cannot_rename_so(int result);

// Renames to a name that is free; where the file system cannot make sure of that, an empty
// directory of that name is replaced. 0, or -errno: -EEXIST or -ENOTEMPTY where it is taken.
int rename_to_free(Io& io, int directory, const std::string& from, const std::string& to);

// mkdir -p; each new name is synced in its parent, since what it will hold is as durable as its
// path. Throws: system_error of the call.
void create_directories(Io& io, const std::string& path, const SyncDirectory& sync);

}  // namespace holdfast::io
