// Shard files: a header of 64 bytes, then parts of tensors, zeros between them. Pure functions on
// bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/names.h"

namespace holdfast::io {

struct ShardHeader {
  SaveId save_id{};
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::uint64_t file_bytes = 0;

  friend bool operator==(const ShardHeader& a, const ShardHeader& b) {
    return a.save_id == b.save_id && a.index == b.index && a.count == b.count &&
           a.file_bytes == b.file_bytes;
  }
};

using ShardHeaderBytes = std::array<unsigned char, kShardHeaderBytes>;

ShardHeaderBytes encode_shard_header(const ShardHeader& header);
// Empty when the bytes are exactly those of `expected`; else what was found in their place.
std::string check_shard_header(const ShardHeaderBytes& bytes, const ShardHeader& expected);

// Where a part of `bytes` bytes goes that comes after a part ending at `end`.
constexpr std::uint64_t part_offset(std::uint64_t end, std::uint64_t bytes) {
  const std::uint64_t alignment = bytes >= kPageAlignedFrom ? kPageAlignment : kPartAlignment;
  return (end + alignment - 1) / alignment * alignment;
}

// The part of a string tensor: size + 1 offsets, then the blob. Requires: size > 0.
std::string encode_strings(const std::string* strings, std::size_t size);
// Splits a part into `size` strings. Empty, or what is wrong with the offsets.
std::string decode_strings(std::string_view part, std::size_t size, std::string* strings);

}  // namespace holdfast::io
