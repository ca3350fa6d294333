// The Io of Linux and of other POSIX systems.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>

#include "io/file.h"

#if defined(__linux__)
#include <sys/random.h>
#include <sys/syscall.h>
#endif

namespace holdfast::io {
namespace {

int to_at(int directory) { return directory == kCurrentDirectory ? AT_FDCWD : directory; }

template <typename Result>
Result or_errno(Result result) {
  return result < 0 ? static_cast<Result>(-errno) : result;
}

void fill(const struct stat& from, FileStat& to) {
  to.kind = S_ISREG(from.st_mode)   ? FileKind::kRegular
            : S_ISDIR(from.st_mode) ? FileKind::kDirectory
            : S_ISLNK(from.st_mode) ? FileKind::kSymlink
                                    : FileKind::kOther;
  to.bytes = static_cast<std::uint64_t>(from.st_size);
  to.device = static_cast<std::uint64_t>(from.st_dev);
  to.inode = static_cast<std::uint64_t>(from.st_ino);
}

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    case OpenMode::kReadFollow:
      return O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    case OpenMode::kLock:
      return O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    case OpenMode::kGrowMore:
      return O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    case OpenMode::kGrow:
    case OpenMode::kCreate:
      return O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    case OpenMode::kDirectory:
      return O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    case OpenMode::kDirectoryFollow:
      return O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  }
  return O_RDONLY;
}

// -EINVAL or -ENOSYS where the system or the file system cannot do it.
int rename_with_flags(int directory, const char* from, const char* to, RenameMode mode) {
#if defined(__linux__)
  const unsigned flags = mode == RenameMode::kExchange ? 2U : 1U;  // RENAME_EXCHANGE, _NOREPLACE
  return static_cast<int>(
      or_errno(::syscall(SYS_renameat2, directory, from, directory, to, flags)));
#elif defined(__APPLE__)
  const unsigned flags = mode == RenameMode::kExchange ? RENAME_SWAP : RENAME_EXCL;
  return or_errno(::renameatx_np(directory, from, directory, to, flags));
#else
  static_cast<void>(directory), static_cast<void>(from), static_cast<void>(to);
  static_cast<void>(mode);
  return -ENOSYS;
#endif
}

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

class PosixIo final : public Io {
 public:
  int mkdir(int directory, const std::string& name) override {
    return or_errno(::mkdirat(to_at(directory), name.c_str(), 0777));
  }

  int open(int directory, const std::string& name, OpenMode mode) override {
    // The lock file is opened for writing by every later writer; checkpoints never are.
    const mode_t permissions = mode == OpenMode::kCreate ? 0444 : 0666;
    int result;
    do {
      result = or_errno(::openat(to_at(directory), name.c_str(), flags_of(mode), permissions));
    } while (result == -EINTR);
    return result;
  }

  std::int64_t pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) override {
    return or_errno<std::int64_t>(::pwrite(file, data, size, static_cast<off_t>(offset)));
  }

  std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) override {
    return or_errno<std::int64_t>(::pread(file, data, size, static_cast<off_t>(offset)));
  }

  int fallocate(int file, std::uint64_t size) override {
#if defined(__linux__)
    return or_errno(::fallocate(file, 0, 0, static_cast<off_t>(size)));
#else
    static_cast<void>(file), static_cast<void>(size);
    return -EOPNOTSUPP;
#endif
  }

  int start_writeback(int file, std::uint64_t offset, std::uint64_t size) override {
#if defined(__linux__)
    return or_errno(::sync_file_range(file, static_cast<off64_t>(offset),
                                      static_cast<off64_t>(size), SYNC_FILE_RANGE_WRITE));
#else
    static_cast<void>(file), static_cast<void>(offset), static_cast<void>(size);
    return 0;
#endif
  }

  int fsync(int file) override {
#if defined(__APPLE__)
    // fsync alone leaves the data in the drive's cache.
    if (::fcntl(file, F_FULLFSYNC) == 0) return 0;
#endif
    return or_errno(::fsync(file));
  }

  int close(int file) override { return or_errno(::close(file)); }

  int truncate(int file, std::uint64_t size) override {
    return or_errno(::ftruncate(file, static_cast<off_t>(size)));
  }

  int lock(int file) override {
    int result;
    do {
      result = or_errno(::flock(file, LOCK_EX | LOCK_NB));
    } while (result == -EINTR);
    return result;
  }

  int unlock(int file) override { return or_errno(::flock(file, LOCK_UN)); }

  int rename(int directory, const std::string& from, const std::string& to,
             RenameMode mode) override {
    if (mode != RenameMode::kReplace)
      return rename_with_flags(directory, from.c_str(), to.c_str(), mode);
    return or_errno(::renameat(directory, from.c_str(), directory, to.c_str()));
  }

  int unlink(int directory, const std::string& name) override {
    return or_errno(::unlinkat(directory, name.c_str(), 0));
  }

  int rmdir(int directory, const std::string& name) override {
    return or_errno(::unlinkat(directory, name.c_str(), AT_REMOVEDIR));
  }

  int list(int directory, std::vector<std::string>& names) override {
    names.clear();
    // A descriptor of its own, because a DIR moves the position of the one it is given.
    const int own = or_errno(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (own < 0) return own;
    const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(own));
    if (stream == nullptr) {
      const int error = -errno;
      ::close(own);
      return error;
    }
    for (;;) {
      errno = 0;  // keeping a name may change it
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) return -errno;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }

  int fstat(int file, FileStat& stat) override {
    struct stat found {};
    const int result = or_errno(::fstat(file, &found));
    if (result == 0) fill(found, stat);
    return result;
  }

  int stat(int directory, const std::string& name, FileStat& stat) override {
    struct stat found {};
    const int result =
        or_errno(::fstatat(to_at(directory), name.c_str(), &found, AT_SYMLINK_NOFOLLOW));
    if (result == 0) fill(found, stat);
    return result;
  }

  int free_bytes(int file, std::uint64_t& bytes) override {
    struct statvfs found {};
    const int result = or_errno(::fstatvfs(file, &found));
    if (result == 0) bytes = std::uint64_t{found.f_bavail} * found.f_frsize;
    return result;
  }

  int random(void* data, std::size_t size) override {
    // At most 256 bytes, which the system gives whole.
    return ::getentropy(data, size) == 0 ? 0 : -errno;
  }

  std::int64_t now_unix_ms() override {
    using std::chrono::system_clock;
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

Io& system_io() {
  static PosixIo io;
  return io;
}

}  // namespace holdfast::io
