#include "hooked_io.h"

#include <cerrno>

namespace holdfast::durability {

const char* verb_name(Verb verb) {
  static const char* const names[] = {
      "mkdir", "open",  "create",   "pwrite", "pread",      "fallocate", "start_writeback",
      "fsync", "close", "truncate", "lock",   "unlock",     "rename",    "unlink",
      "rmdir", "list",  "fstat",    "stat",   "free_bytes", "random",    "now"};
  return names[static_cast<std::size_t>(verb)];
}

std::string text_of(const Call& call) {
  std::string text = std::string(verb_name(call.verb)) + " " + call.path;
  if (!call.to.empty()) text += " " + call.to;
  return text;
}

template <typename Function>
std::int64_t HookedIo::run(Call call, Function function) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (!armed_) return function(call);
  call.number = ++calls_;
  const std::optional<std::int64_t> instead = before(call);
  if (instead && call.verb != Verb::kClose) return *instead;
  const std::int64_t result = function(call);
  after(call);
  return instead ? *instead : result;
}

std::string HookedIo::path_of(int file) const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const auto found = paths_.find(file);
  return found == paths_.end() ? "" : found->second;
}

std::string HookedIo::path_of(int directory, const std::string& name) const {
  const std::string base = path_of(directory);
  return base.empty() ? name : base + "/" + name;
}

int HookedIo::mkdir(int directory, const std::string& name) {
  return static_cast<int>(run({Verb::kMkdir, 0, directory, path_of(directory, name), {}},
                              [&](const Call&) { return inner_.mkdir(directory, name); }));
}

int HookedIo::open(int directory, const std::string& name, io::OpenMode mode) {
  const Verb verb = mode == io::OpenMode::kCreate ? Verb::kCreate : Verb::kOpen;
  return static_cast<int>(
      run({verb, 0, directory, path_of(directory, name), {}}, [&](const Call& call) {
        const int file = inner_.open(directory, name, mode);
        if (file >= 0) paths_[file] = call.path;
        return file;
      }));
}

std::int64_t HookedIo::pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) {
  return run({Verb::kPwrite, 0, file, path_of(file), {}}, [&](const Call& call) {
    return inner_.pwrite(file, data, armed_ ? write_size(call, size) : size, offset);
  });
}

std::int64_t HookedIo::pread(int file, void* data, std::size_t size, std::uint64_t offset) {
  return run({Verb::kPread, 0, file, path_of(file), {}},
             [&](const Call&) { return inner_.pread(file, data, size, offset); });
}

int HookedIo::fallocate(int file, std::uint64_t size) {
  return static_cast<int>(run({Verb::kFallocate, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.fallocate(file, size); }));
}

int HookedIo::start_writeback(int file, std::uint64_t offset, std::uint64_t size) {
  return static_cast<int>(
      run({Verb::kStartWriteback, 0, file, path_of(file), {}},
          [&](const Call&) { return inner_.start_writeback(file, offset, size); }));
}

int HookedIo::fsync(int file) {
  return static_cast<int>(run({Verb::kFsync, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.fsync(file); }));
}

int HookedIo::close(int file) {
  return static_cast<int>(run({Verb::kClose, 0, file, path_of(file), {}}, [&](const Call&) {
    paths_.erase(file);
    return inner_.close(file);
  }));
}

int HookedIo::truncate(int file, std::uint64_t size) {
  return static_cast<int>(run({Verb::kTruncate, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.truncate(file, size); }));
}

int HookedIo::lock(int file) {
  return static_cast<int>(run({Verb::kLock, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.lock(file); }));
}

int HookedIo::unlock(int file) {
  return static_cast<int>(run({Verb::kUnlock, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.unlock(file); }));
}

int HookedIo::rename(int directory, const std::string& from, const std::string& to,
                     io::RenameMode mode) {
  return static_cast<int>(
      run({Verb::kRename, 0, directory, path_of(directory, from), path_of(directory, to), mode},
          [&](const Call&) {
            if (no_rename_flags && mode != io::RenameMode::kReplace) return -EINVAL;
            return inner_.rename(directory, from, to, mode);
          }));
}

int HookedIo::unlink(int directory, const std::string& name) {
  return static_cast<int>(run({Verb::kUnlink, 0, directory, path_of(directory, name), {}},
                              [&](const Call&) { return inner_.unlink(directory, name); }));
}

int HookedIo::rmdir(int directory, const std::string& name) {
  return static_cast<int>(run({Verb::kRmdir, 0, directory, path_of(directory, name), {}},
                              [&](const Call&) { return inner_.rmdir(directory, name); }));
}

int HookedIo::list(int directory, std::vector<std::string>& names) {
  return static_cast<int>(run({Verb::kList, 0, directory, path_of(directory), {}},
                              [&](const Call&) { return inner_.list(directory, names); }));
}

int HookedIo::fstat(int file, io::FileStat& stat) {
  return static_cast<int>(run({Verb::kFstat, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.fstat(file, stat); }));
}

int HookedIo::stat(int directory, const std::string& name, io::FileStat& stat) {
  return static_cast<int>(run({Verb::kStat, 0, directory, path_of(directory, name), {}},
                              [&](const Call&) { return inner_.stat(directory, name, stat); }));
}

int HookedIo::free_bytes(int file, std::uint64_t& bytes) {
  return static_cast<int>(run({Verb::kFreeBytes, 0, file, path_of(file), {}},
                              [&](const Call&) { return inner_.free_bytes(file, bytes); }));
}

int HookedIo::random(void* data, std::size_t size) {
  return static_cast<int>(
      run({Verb::kRandom, 0, -1, {}, {}}, [&](const Call&) { return inner_.random(data, size); }));
}

std::int64_t HookedIo::now_unix_ms() {
  return run({Verb::kNow, 0, -1, {}, {}}, [&](const Call&) { return inner_.now_unix_ms(); });
}

}  // namespace holdfast::durability
