// TFRecord framing, the container of event files: u64 length, u32 masked CRC of those eight bytes,
// payload, u32 masked CRC of the payload; little-endian, no file header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/file.h"

namespace holdfast::io {

// CRC-32C, rotated and shifted so that a CRC over bytes that hold CRCs stays a good one.
std::uint32_t masked_crc32c(std::string_view bytes) noexcept;

void append_record(std::string& to, std::string_view payload);

// Reads the records of one file in order.
class RecordReader {
 public:
  // Throws: NotFound; UnsafeInputError when it is no plain file.
  RecordReader(Io& io, std::string path);

  // False at the end; a record that is cut short is the end, too, since a crash may leave one
  // there. Throws: DataLoss for damage, with file, offset and both CRCs.
  bool next(std::string& payload);
  // Whether the last next() ended in the middle of a record.
  bool torn() const noexcept { return torn_; }
  std::uint64_t offset() const noexcept { return offset_; }  // of the record to come

 private:
  bool read(void* to, std::size_t size, std::uint64_t offset);
  void expect_crc(const char* what, std::uint32_t stored, std::uint32_t computed) const;

  Io& io_;
  std::string path_;
  File file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t offset_ = 0;
  bool torn_ = false;
};

}  // namespace holdfast::io
