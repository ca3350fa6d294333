#include "io/record_file.h"

#include <array>
#include <cerrno>
#include <utility>

#include "base/crc32c.h"
#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

constexpr std::uint32_t kMaskDelta = 0xA282EAD8;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kHeadBytes = kLengthBytes + kCrcBytes;

std::uint64_t little(const char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

void append_little(std::string& to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) to.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

std::uint32_t masked_crc32c(std::string_view bytes) noexcept {
  const std::uint32_t crc = crc32c(bytes.data(), bytes.size());
  return (crc >> 15U | crc << 17U) + kMaskDelta;
}

void append_record(std::string& to, std::string_view payload) {
  const std::size_t begin = to.size();
  append_little(to, payload.size(), kLengthBytes);
  append_little(to, masked_crc32c({to.data() + begin, kLengthBytes}), kCrcBytes);
  to.append(payload);
  append_little(to, masked_crc32c(payload), kCrcBytes);
}

RecordReader::RecordReader(Io& io, std::string path) : io_(io), path_(std::move(path)) {
  const int descriptor = io_.open(kCurrentDirectory, path_, OpenMode::kRead);
  if (descriptor == -ELOOP) throw unsafe({path_, {}, {}, -1, -1}, "a regular file", "a link");
  if (descriptor < 0) throw system_error("open", path_, -descriptor);
  file_ = File(io_, descriptor);
  FileStat stat;
  const int result = io_.fstat(descriptor, stat);
  if (result < 0) throw system_error("fstat", path_, -result);
  if (stat.kind != FileKind::kRegular)
    throw unsafe({path_, {}, {}, -1, -1}, "a regular file", "another kind of file");
  bytes_ = stat.bytes;
}

// False when the file ends before.
bool RecordReader::read(void* to, std::size_t size, std::uint64_t offset) {
  const std::int64_t got = read_full(io_, file_.get(), to, size, offset);
  if (got < 0) throw system_error("pread", path_, static_cast<int>(-got));
  return static_cast<std::size_t>(got) == size;
}

void RecordReader::expect_crc(const char* what, std::uint32_t stored,
                              std::uint32_t computed) const {
  if (stored == computed) return;
  throw Error(Code::kDataLoss,
              "event file " + path_ + ", record at byte " + std::to_string(offset_) +
                  ": expected the masked crc32c " + crc_text(stored) + " of its " + what +
                  ", got " + crc_text(computed) +
                  ". What follows cannot be read; the records before it are whole.",
              {{"path", path_},
               {"offset", std::to_string(offset_)},
               {"expected", crc_text(stored)},
               {"found", crc_text(computed)}});
}

bool RecordReader::next(std::string& payload) {
  if (offset_ == bytes_) {  // perhaps it has grown
    FileStat stat;
    if (io_.fstat(file_.get(), stat) == 0) bytes_ = stat.bytes;
  }
  torn_ = false;
  if (offset_ >= bytes_) return false;
  std::array<char, kHeadBytes> head{};
  torn_ = true;
  if (bytes_ - offset_ < kHeadBytes || !read(head.data(), head.size(), offset_)) return false;
  const auto stored = static_cast<std::uint32_t>(little(head.data() + kLengthBytes, kCrcBytes));
  expect_crc("length", stored, masked_crc32c({head.data(), kLengthBytes}));
  const std::uint64_t length = little(head.data(), kLengthBytes);
  const std::uint64_t left = bytes_ - offset_ - kHeadBytes;
  if (left < kCrcBytes || length > left - kCrcBytes) return false;
  payload.resize(static_cast<std::size_t>(length) + kCrcBytes);
  if (!read(payload.data(), payload.size(), offset_ + kHeadBytes)) return false;
  const auto tail = static_cast<std::uint32_t>(little(payload.data() + length, kCrcBytes));
  payload.resize(static_cast<std::size_t>(length));
  expect_crc("payload", tail, masked_crc32c(payload));
  torn_ = false;
  offset_ += kHeadBytes + length + kCrcBytes;
  return true;
}

}  // namespace holdfast::io
