// Making and syncing directories.
#pragma once

#include <functional>
#include <string>

#include "io/file.h"

namespace holdfast::io {

// Syncs an opened directory: 0, or -errno; 0, too, where the file system cannot do that.
using SyncDirectory = std::function<int(int directory, const std::string& path)>;

// True for what fsync of a directory answers on some network and FUSE file systems.
bool cannot_sync(int result);

// mkdir -p; each new name is synced in its parent, since what it will hold is as durable as its
// path. Throws: system_error of the call.
void create_directories(Io& io, const std::string& path, const SyncDirectory& sync);

}  // namespace holdfast::io
