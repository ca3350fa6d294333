#include "io/shard.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace holdfast::io {
namespace {

// Offsets in the header.
constexpr std::size_t kHeaderSizeAt = 8;
constexpr std::size_t kSaveIdAt = 16;
constexpr std::size_t kIndexAt = 32;
constexpr std::size_t kCountAt = 36;
constexpr std::size_t kFileBytesAt = 40;
constexpr std::size_t kCrcAt = 60;

template <typename T>
void put(unsigned char* to, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    to[i] = static_cast<unsigned char>(value >> (8 * i) & 0xFF);
}

template <typename T>
T get(const unsigned char* from) {
  T value = 0;
  for (std::size_t i = sizeof value; i-- > 0;) value = static_cast<T>(value << 8 | from[i]);
  return value;
}

std::uint64_t offset_at(std::string_view part, std::size_t index) {
  return get<std::uint64_t>(reinterpret_cast<const unsigned char*>(part.data()) + 8 * index);
}

}  // namespace

ShardHeaderBytes encode_shard_header(const ShardHeader& header) {
  ShardHeaderBytes bytes{};
  std::memcpy(bytes.data(), kShardMagic, kShardMagicBytes);
  put(bytes.data() + kHeaderSizeAt, static_cast<std::uint32_t>(kShardHeaderBytes));
  std::copy(header.save_id.begin(), header.save_id.end(), bytes.begin() + kSaveIdAt);
  put(bytes.data() + kIndexAt, header.index);
  put(bytes.data() + kCountAt, header.count);
  put(bytes.data() + kFileBytesAt, header.file_bytes);
  put(bytes.data() + kCrcAt, crc32c(bytes.data(), kCrcAt));
  return bytes;
}

std::string check_shard_header(const ShardHeaderBytes& bytes, const ShardHeader& expected) {
  if (bytes == encode_shard_header(expected)) return {};
  if (std::memcmp(bytes.data(), kShardMagic, kShardMagicBytes) != 0)
    return "a file that does not start with HFSHARD1";
  const auto stored = get<std::uint32_t>(bytes.data() + kCrcAt);
  const std::uint32_t computed = crc32c(bytes.data(), kCrcAt);
  if (stored != computed)
    return "a header whose crc32c is " + crc_text(computed) + " where it says " + crc_text(stored);
  SaveId id;
  std::copy_n(bytes.begin() + kSaveIdAt, id.size(), id.begin());
  if (id != expected.save_id) return "a shard of another save, " + save_id_text(id);
  return "a header of " + std::to_string(get<std::uint32_t>(bytes.data() + kHeaderSizeAt)) +
         " bytes for shard " + std::to_string(get<std::uint32_t>(bytes.data() + kIndexAt)) +
         " of " + std::to_string(get<std::uint32_t>(bytes.data() + kCountAt)) + " with " +
         std::to_string(get<std::uint64_t>(bytes.data() + kFileBytesAt)) + " bytes";
}

std::string encode_strings(const std::string* strings, std::size_t size) {
  std::size_t blob = 0;
  for (std::size_t i = 0; i < size; ++i) blob += strings[i].size();
  std::string part;
  part.reserve(8 * (size + 1) + blob);
  std::uint64_t end = 0;
  const auto append_offset = [&] {
    unsigned char bytes[8];
    put(bytes, end);
    part.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
  };
  append_offset();
  for (std::size_t i = 0; i < size; ++i) {
    end += strings[i].size();
    append_offset();
  }
  for (std::size_t i = 0; i < size; ++i) part += strings[i];
  return part;
}

std::string decode_strings(std::string_view part, std::size_t size, std::string* strings) {
  const std::string_view blob = part.substr(8 * (size + 1));
  if (offset_at(part, 0) != 0) return "a first string that starts at another offset than 0";
  if (offset_at(part, size) != blob.size())
    return "strings that end at " + std::to_string(offset_at(part, size)) + " of " +
           std::to_string(blob.size()) + " bytes";
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t begin = offset_at(part, i);
    const std::uint64_t end = offset_at(part, i + 1);
    if (begin > end || end > blob.size())
      return "string " + std::to_string(i) + " from offset " + std::to_string(begin) + " to " +
             std::to_string(end) + " of " + std::to_string(blob.size());
    strings[i] = blob.substr(begin, end - begin);
  }
  return {};
}

}  // namespace holdfast::io
