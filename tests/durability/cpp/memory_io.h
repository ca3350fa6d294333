// One checkpoint directory held in memory, as an Io that can only be read: damage is done to byte
// strings, without a disk. Calls may come from several threads; the files must not change
// meanwhile.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "io/file.h"

namespace holdfast::durability {

// The bytes of a checkpoint by file name.
using Files = std::map<std::string, std::string>;

class MemoryIo final : public io::Io {
 public:
  // The directory answers to every path. `files` outlives this.
  explicit MemoryIo(const Files& files) {
    for (const auto& [name, bytes] : files) entries_.push_back({&name, &bytes});
  }

  int open(int directory, const std::string& name, io::OpenMode mode) override {
    if (mode == io::OpenMode::kDirectory || mode == io::OpenMode::kDirectoryFollow)
      return kDirectory;
    if (mode != io::OpenMode::kRead) return -EROFS;
    if (directory != kDirectory && directory != io::kCurrentDirectory) return -ENOENT;
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (*entries_[i].name == name) return kFirstFile + static_cast<int>(i);
    return -ENOENT;
  }
  std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) override {
    const std::string& bytes = *entries_[static_cast<std::size_t>(file - kFirstFile)].bytes;
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(size, bytes.size() - offset);
    std::memcpy(data, bytes.data() + offset, count);
    return static_cast<std::int64_t>(count);
  }
  int fstat(int file, io::FileStat& stat) override {
    stat = {};
    stat.kind = file == kDirectory ? io::FileKind::kDirectory : io::FileKind::kRegular;
    stat.inode = static_cast<std::uint64_t>(file);
    if (file != kDirectory)
      stat.bytes = entries_[static_cast<std::size_t>(file - kFirstFile)].bytes->size();
    return 0;
  }
  int stat(int directory, const std::string& name, io::FileStat& stat) override {
    const int file = open(directory, name, io::OpenMode::kRead);
    return file < 0 ? file : fstat(file, stat);
  }
  int list(int, std::vector<std::string>& names) override {
    names.clear();
    for (const Entry& entry : entries_) names.push_back(*entry.name);
    return 0;
  }
  int close(int) override { return 0; }
  int free_bytes(int, std::uint64_t& bytes) override {
    bytes = 0;
    return 0;
  }
  std::int64_t now_unix_ms() override { return 1790000000000; }

  int mkdir(int, const std::string&) override { return -EROFS; }
  std::int64_t pwrite(int, const void*, std::size_t, std::uint64_t) override { return -EROFS; }
  int fallocate(int, std::uint64_t) override { return -EROFS; }
  int start_writeback(int, std::uint64_t, std::uint64_t) override { return -EROFS; }
  int fsync(int) override { return -EROFS; }
  int truncate(int, std::uint64_t) override { return -EROFS; }
  int lock(int) override { return -EROFS; }
  int unlock(int) override { return -EROFS; }
  int rename(int, const std::string&, const std::string&, io::RenameMode) override {
    return -EROFS;
  }
  int unlink(int, const std::string&) override { return -EROFS; }
  int rmdir(int, const std::string&) override { return -EROFS; }
  int random(void*, std::size_t) override { return -EROFS; }

 private:
  static constexpr int kDirectory = 1000;
  static constexpr int kFirstFile = 1001;
  struct Entry {
    const std::string* name;
    const std::string* bytes;
  };
  std::vector<Entry> entries_;
};

}  // namespace holdfast::durability
