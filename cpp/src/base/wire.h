// The protobuf wire format: a message is its fields one after another, each a tag
// (number << 3 | type) and a value. What event files are made of. Not thread-safe; no state beside
// the bytes. Source: https://protobuf.dev/programming-guides/encoding/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

class WireWriter {
 public:
  WireWriter() = default;
  // Continues `text`, whose memory it uses.
  explicit WireWriter(std::string text) : text_(std::move(text)) {}

  // Integers and enumerations; negative ones are the ten bytes of their two's complement.
  WireWriter& integer(int field, std::int64_t value);
  WireWriter& float64(int field, double value);
  WireWriter& float32(int field, float value);
  // Strings, bytes and messages.
  WireWriter& bytes(int field, std::string_view value);
  WireWriter& message(int field, const WireWriter& value) { return bytes(field, value.text()); }
  // A message whose fields `write(*this)` adds: without a writer of its own, and the copy from it.
  template <typename Write>
  WireWriter& nested(int field, const Write& write) {
    tag(field, WireType::kBytes);
    const std::size_t begin = text_.size();
    write(*this);
    put_length_before(begin);
    return *this;
  }
  // A packed repeated double.
  WireWriter& doubles(int field, const double* values, std::size_t count);

  const std::string& text() const noexcept { return text_; }
  std::string take() && noexcept { return std::move(text_); }

 private:
  void put_length_before(std::size_t begin);
  void tag(int field, WireType type);
  void varint(std::uint64_t value);
  void fixed(std::uint64_t bits, int size);
  std::string text_;
};

// One field as it stands: a varint or the bits of a fixed value in `bits`, the rest in `bytes`.
struct WireField {
  int number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t bits = 0;
  std::string_view bytes;

  std::int64_t integer() const noexcept { return static_cast<std::int64_t>(bits); }
  double float64() const noexcept;
  float float32() const noexcept;
};

// Reads the fields of bytes that outlive it.
class WireReader {
 public:
  explicit WireReader(std::string_view text) : text_(text) {}
  // False at the end. Throws: DataLoss, with the offset, for bytes that are no message.
  bool next(WireField& field);
  // The bytes of a packed repeated field, one value after another. As next().
  bool next_integer(std::int64_t& value);
  bool next_float32(float& value);

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t size);
  [[noreturn]] void fail(const char* what) const;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace holdfast
