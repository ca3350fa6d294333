// The Io seam: every call of this library to the file system goes through one table of functions,
// so that a test can record, fail, delay or stop any of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::io {

constexpr int kCurrentDirectory = -100;  // AT_FDCWD: relative paths start where the process is

enum class OpenMode {
  kRead,             // a file, not through a symbolic link, without waiting for a FIFO's writer
  kReadFollow,       // the same for a file that the user has named, through links
  kLock,             // for the writer lock: made if missing, not through a symbolic link
  kGrow,             // a new file that its owner may go on writing: an event file
  kGrowMore,         // such a file again, not through a symbolic link
  kCreate,           // a new file for writing, read-only for everybody afterwards
  kDirectory,        // a directory, not through a symbolic link
  kDirectoryFollow,  // a directory that the user has named, through links
};

enum class RenameMode { kNoReplace, kReplace, kExchange };

enum class FileKind { kRegular, kDirectory, kSymlink, kOther };

struct FileStat {
  FileKind kind = FileKind::kOther;
  std::uint64_t bytes = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

// Results are what the system calls give, with -errno in place of -1. Names are relative to the
// directory descriptor before them. Calls on different descriptors may come from several threads.
class Io {
 public:
  virtual ~Io() = default;

  virtual int mkdir(int directory, const std::string& name) = 0;
  virtual int open(int directory, const std::string& name, OpenMode mode) = 0;
  virtual std::int64_t pwrite(int file, const void* data, std::size_t size,
                              std::uint64_t offset) = 0;
  virtual std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) = 0;
  virtual int fallocate(int file, std::uint64_t size) = 0;
  // Starts writing to the disk and does not wait; a hint.
  virtual int start_writeback(int file, std::uint64_t offset, std::uint64_t size) = 0;
  virtual int fsync(int file) = 0;
  virtual int close(int file) = 0;
  virtual int truncate(int file, std::uint64_t size) = 0;
  // Locks the open file for this one alone; -EWOULDBLOCK at once when another has it.
  virtual int lock(int file) = 0;
  virtual int unlock(int file) = 0;
  virtual int rename(int directory, const std::string& from, const std::string& to,
                     RenameMode mode) = 0;
  virtual int unlink(int directory, const std::string& name) = 0;
  virtual int rmdir(int directory, const std::string& name) = 0;
  virtual int list(int directory, std::vector<std::string>& names) = 0;  // without . and ..
  virtual int fstat(int file, FileStat& stat) = 0;
  // Of the name itself, not of what a symbolic link points to.
  virtual int stat(int directory, const std::string& name, FileStat& stat) = 0;
  virtual int free_bytes(int file, std::uint64_t& bytes) = 0;
  virtual int random(void* data, std::size_t size) = 0;
  virtual std::int64_t now_unix_ms() = 0;
};

// The operating system's own.
Io& system_io();

// Owns a descriptor. The destructor closes and ignores errors; close() reports them.
class File {
 public:
  File() = default;
  File(Io& io, int descriptor) : io_(&io), descriptor_(descriptor) {}
  ~File() { static_cast<void>(close()); }
  File(File&& other) noexcept : io_(other.io_), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(io_, other.io_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  bool is_open() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }
  // 0 or -errno. Closed afterwards in either case: Linux frees the descriptor before it fails.
  int close() noexcept;

 private:
  Io* io_ = nullptr;
  int descriptor_ = -1;
};

// Writes all bytes, going on after short writes and EINTR. 0 or -errno.
int write_all(Io& io, int file, const void* data, std::size_t size, std::uint64_t offset);
// Reads until `size` bytes are there or the file ends. Bytes read, or -errno.
std::int64_t read_full(Io& io, int file, void* data, std::size_t size, std::uint64_t offset);

// "No space left on device" of ENOSPC; thread-safe.
std::string errno_text(int error_number);

}  // namespace holdfast::io
