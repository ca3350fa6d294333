#include "io/pins.h"

#include <algorithm>
#include <cerrno>

#include "io/directories.h"
#include "io/fault.h"
#include "io/names.h"
#include "io/opened.h"

namespace holdfast::io {
namespace {

struct Target {
  SplitPath split;
  std::int64_t step;
  File directory;  // the model_dir
};

Target target_of(Io& io, const std::string& path) {
  SplitPath split = split_path(path);
  const auto step = parse_checkpoint_name(split.name);
  if (!step)
    throw Error(
        Code::kInvalidArgument,
        "checkpoint " + path + ": expected a path that ends in model.ckpt-<step>, got another one",
        {{"path", path}});
  const int descriptor = io.open(kCurrentDirectory, split.directory, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) throw no_checkpoint(path, "no such directory");
  if (descriptor < 0) throw system_error("open", split.directory, -descriptor);
  return {std::move(split), *step, File(io, descriptor)};
}

void check(int result, const char* call, const std::string& path) {
  if (result < 0) throw system_error(call, path, -result);
}

// What cannot be synced (some network and FUSE file systems) is as durable as it can be there.
void sync_directory(Io& io, const Target& target) {
  const int synced = io.fsync(target.directory.get());
  if (!cannot_sync(synced)) check(synced, "fsync", target.split.directory);
}

}  // namespace

void pin(Io& io, const std::string& path) {
  const Target target = target_of(io, path);
  static_cast<void>(OpenedCheckpoint(io, path));  // throws: there is no checkpoint to pin
  const std::string name = pin_name(target.step);
  const std::string shown = join_path(target.split.directory, name);
  const int descriptor = io.open(target.directory.get(), name, OpenMode::kCreate);
  if (descriptor != -EEXIST) {
    check(descriptor, "open", shown);
    File file(io, descriptor);
    check(io.fsync(descriptor), "fsync", shown);
    check(file.close(), "close", shown);
  }
  sync_directory(io, target);
  try {
    static_cast<void>(OpenedCheckpoint(io, path));
  } catch (const Error&) {  // retention was faster
    static_cast<void>(io.unlink(target.directory.get(), name));
    throw;
  }
}

void unpin(Io& io, const std::string& path) {
  const Target target = target_of(io, path);
  const std::string name = pin_name(target.step);
  const int removed = io.unlink(target.directory.get(), name);
  if (removed == -ENOENT) return;
  check(removed, "unlink", join_path(target.split.directory, name));
  sync_directory(io, target);
}

std::vector<std::string> pinned(Io& io, const std::string& model_dir) {
  const int descriptor = io.open(kCurrentDirectory, model_dir, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) return {};
  check(descriptor, "open", model_dir);
  const File directory(io, descriptor);
  std::vector<std::string> names;
  check(io.list(descriptor, names), "list", model_dir);
  std::vector<std::int64_t> steps;
  for (const std::string& name : names)
    if (const auto step = parse_pin_name(name)) steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  std::vector<std::string> result;
  result.reserve(steps.size());
  for (const std::int64_t step : steps) result.push_back(checkpoint_name(step));
  return result;
}

bool is_pinned(Io& io, int directory, std::int64_t step) {
  FileStat stat;
  return io.stat(directory, pin_name(step), stat) != -ENOENT;
}

}  // namespace holdfast::io
