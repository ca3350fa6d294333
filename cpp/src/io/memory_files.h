// The files of one directory held in memory, as an Io that can only be read: exports that somebody
// has linked into a program or received over a network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/file.h"

namespace holdfast::io {

// The directory answers to every path. Calls may come from several threads.
class MemoryFiles final : public Io {
 public:
  // `files` outlives this and does not change.
  explicit MemoryFiles(const std::map<std::string, std::string>& files);

  int open(int directory, const std::string& name, OpenMode mode) override;
  std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) override;
  int fstat(int file, FileStat& stat) override;
  int stat(int directory, const std::string& name, FileStat& stat) override;
  int list(int directory, std::vector<std::string>& names) override;
  int close(int file) override;
  int free_bytes(int file, std::uint64_t& bytes) override;
  int random(void* data, std::size_t size) override;
  std::int64_t now_unix_ms() override;

  // What would write.
  int mkdir(int directory, const std::string& name) override;
  std::int64_t pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) override;
  int fallocate(int file, std::uint64_t size) override;
  int start_writeback(int file, std::uint64_t offset, std::uint64_t size) override;
  int fsync(int file) override;
  int truncate(int file, std::uint64_t size) override;
  int lock(int file) override;
  int unlock(int file) override;
  int rename(int directory, const std::string& from, const std::string& to,
             RenameMode mode) override;
  int unlink(int directory, const std::string& name) override;
  int rmdir(int directory, const std::string& name) override;

 private:
  struct Entry {
    const std::string* name;
    const std::string* bytes;
  };
  const std::string& bytes_of(int file) const;

  std::vector<Entry> entries_;
};

}  // namespace holdfast::io
