#include "io/memory_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::io {
namespace {

constexpr int kDirectory = 0;
constexpr int kFirstFile = 1;

}  // namespace

MemoryFiles::MemoryFiles(const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files) entries_.push_back({&name, &bytes});
}

const std::string& MemoryFiles::bytes_of(int file) const {
  return *entries_[static_cast<std::size_t>(file - kFirstFile)].bytes;
}

int MemoryFiles::open(int, const std::string& name, OpenMode mode) {
  if (mode == OpenMode::kDirectory || mode == OpenMode::kDirectoryFollow) return kDirectory;
  if (mode != OpenMode::kRead && mode != OpenMode::kReadFollow) return -EROFS;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (*entries_[i].name == name) return kFirstFile + static_cast<int>(i);
  return -ENOENT;
}

std::int64_t MemoryFiles::pread(int file, void* data, std::size_t size, std::uint64_t offset) {
  const std::string& bytes = bytes_of(file);
  if (offset >= bytes.size()) return 0;
  const std::size_t at = static_cast<std::size_t>(offset);
  const std::size_t count = std::min(size, bytes.size() - at);
  std::memcpy(data, bytes.data() + at, count);
  return static_cast<std::int64_t>(count);
}

int MemoryFiles::fstat(int file, FileStat& stat) {
  stat = {};
  stat.kind = file == kDirectory ? FileKind::kDirectory : FileKind::kRegular;
  stat.inode = static_cast<std::uint64_t>(file);
  if (file != kDirectory) stat.bytes = bytes_of(file).size();
  return 0;
}

int MemoryFiles::stat(int directory, const std::string& name, FileStat& stat) {
  const int file = open(directory, name, OpenMode::kRead);
  return file < 0 ? file : fstat(file, stat);
}

int MemoryFiles::list(int, std::vector<std::string>& names) {
  names.clear();
  for (const Entry& entry : entries_) names.push_back(*entry.name);
  return 0;
}

int MemoryFiles::close(int) { return 0; }

int MemoryFiles::free_bytes(int, std::uint64_t& bytes) {
  bytes = 0;
  return 0;
}

int MemoryFiles::random(void*, std::size_t) { return -EROFS; }
std::int64_t MemoryFiles::now_unix_ms() { return 0; }

int MemoryFiles::mkdir(int, const std::string&) { return -EROFS; }
std::int64_t MemoryFiles::pwrite(int, const void*, std::size_t, std::uint64_t) { return -EROFS; }
int MemoryFiles::fallocate(int, std::uint64_t) { return -EROFS; }
int MemoryFiles::start_writeback(int, std::uint64_t, std::uint64_t) { return -EROFS; }
int MemoryFiles::fsync(int) { return -EROFS; }
int MemoryFiles::truncate(int, std::uint64_t) { return -EROFS; }
int MemoryFiles::lock(int) { return -EROFS; }
int MemoryFiles::unlock(int) { return -EROFS; }
int MemoryFiles::rename(int, const std::string&, const std::string&, RenameMode) { return -EROFS; }
int MemoryFiles::unlink(int, const std::string&) { return -EROFS; }
int MemoryFiles::rmdir(int, const std::string&) { return -EROFS; }

}  // namespace holdfast::io
