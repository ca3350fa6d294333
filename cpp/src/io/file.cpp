#include "io/file.h"

#include <cerrno>
#include <system_error>

namespace holdfast::io {

int File::close() noexcept {
  if (descriptor_ < 0) return 0;
  return io_->close(std::exchange(descriptor_, -1));
}

int write_all(Io& io, int file, const void* data, std::size_t size, std::uint64_t offset) {
  const auto* next = static_cast<const char*>(data);
  while (size > 0) {
    const std::int64_t written = io.pwrite(file, next, size, offset);
    if (written == -EINTR) continue;
    if (written < 0) return static_cast<int>(written);
    if (written == 0) return -EIO;  // no progress: would never end
    next += written;
    size -= static_cast<std::size_t>(written);
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

std::int64_t read_full(Io& io, int file, void* data, std::size_t size, std::uint64_t offset) {
  auto* next = static_cast<char*>(data);
  std::size_t done = 0;
  while (done < size) {
    const std::int64_t got = io.pread(file, next + done, size - done, offset + done);
    if (got == -EINTR) continue;
    if (got < 0) return got;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(done);
}

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

}  // namespace holdfast::io
