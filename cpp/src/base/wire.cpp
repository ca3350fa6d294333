#include "base/wire.h"

#include <cstring>

#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr bool kLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
constexpr int kVarintBits = 7;
constexpr int kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxField = (std::uint64_t{1} << 29) - 1;

template <typename To, typename From>
To bits_as(From from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

// Returns how many of `bytes` it takes.
std::size_t put_varint(std::uint64_t value, char (&bytes)[kMaxVarintBytes]) noexcept {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= kVarintBits) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  return size;
}

}  // namespace

void WireWriter::tag(int field, WireType type) {
  varint(static_cast<std::uint64_t>(field) << 3U | static_cast<std::uint64_t>(type));
}

void WireWriter::varint(std::uint64_t value) {
  char bytes[kMaxVarintBytes];
  text_.append(bytes, put_varint(value, bytes));
}

void WireWriter::fixed(std::uint64_t bits, int size) {
  char bytes[sizeof bits];
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<char>(bits >> (8 * i));
  text_.append(bytes, static_cast<std::size_t>(size));
}

void WireWriter::put_length_before(std::size_t begin) {
  char bytes[kMaxVarintBytes];
  text_.insert(begin, bytes, put_varint(text_.size() - begin, bytes));
}

WireWriter& WireWriter::integer(int field, std::int64_t value) {
  tag(field, WireType::kVarint);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

WireWriter& WireWriter::float64(int field, double value) {
  tag(field, WireType::kFixed64);
  fixed(bits_as<std::uint64_t>(value), 8);
  return *this;
}

WireWriter& WireWriter::float32(int field, float value) {
  tag(field, WireType::kFixed32);
  fixed(bits_as<std::uint32_t>(value), 4);
  return *this;
}

WireWriter& WireWriter::bytes(int field, std::string_view value) {
  tag(field, WireType::kBytes);
  varint(value.size());
  text_.append(value);
  return *this;
}

WireWriter& WireWriter::doubles(int field, const double* values, std::size_t count) {
  tag(field, WireType::kBytes);
  varint(count * sizeof(double));
  if constexpr (kLittleEndian) {  // in one go: histograms are most of an event file
    text_.append(reinterpret_cast<const char*>(values), count * sizeof(double));
  } else {
    for (std::size_t i = 0; i < count; ++i) fixed(bits_as<std::uint64_t>(values[i]), 8);
  }
  return *this;
}

double WireField::float64() const noexcept { return bits_as<double>(bits); }

float WireField::float32() const noexcept {
  return bits_as<float>(static_cast<std::uint32_t>(bits));
}

void WireReader::fail(const char* what) const {
  throw Error(Code::kDataLoss,
              "protobuf message: expected " + std::string(what) + " at byte " +
                  std::to_string(at_) + " of " + std::to_string(text_.size()) + ", got others",
              {{"offset", std::to_string(at_)}});
}

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    if (at_ == text_.size()) fail("the rest of a varint");
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    const std::uint64_t bits = byte & 0x7FU;
    if (i == kMaxVarintBytes - 1 && byte > 1) fail("a varint of at most 64 bits");
    value |= bits << (kVarintBits * i);
    if (byte < 0x80) return value;
  }
  fail("a varint of at most ten bytes");
}

std::uint64_t WireReader::fixed(std::size_t size) {
  if (text_.size() - at_ < size) fail("the rest of a fixed value");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t byte = static_cast<unsigned char>(text_[at_ + i]);
    value |= byte << (8 * i);
  }
  at_ += size;
  return value;
}

bool WireReader::next_integer(std::int64_t& value) {
  if (at_ == text_.size()) return false;
  value = static_cast<std::int64_t>(varint());
  return true;
}

bool WireReader::next_float32(float& value) {
  if (at_ == text_.size()) return false;
  value = bits_as<float>(static_cast<std::uint32_t>(fixed(sizeof value)));
  return true;
}

bool WireReader::next(WireField& field) {
  if (at_ == text_.size()) return false;
  const std::uint64_t tag = varint();
  const std::uint64_t number = tag >> 3U;
  if (number == 0 || number > kMaxField) fail("a field number from 1 to 2^29-1");
  field.number = static_cast<int>(number);
  field.bytes = {};
  field.bits = 0;
  switch (tag & 7U) {
    case 0:
      field.type = WireType::kVarint;
      field.bits = varint();
      return true;
    case 1:
      field.type = WireType::kFixed64;
      field.bits = fixed(8);
      return true;
    case 2: {
      field.type = WireType::kBytes;
      const std::uint64_t size = varint();
      if (size > text_.size() - at_) fail("as many bytes as the length says");
      field.bytes = text_.substr(at_, static_cast<std::size_t>(size));
      at_ += static_cast<std::size_t>(size);
      return true;
    }
    case 5:
      field.type = WireType::kFixed32;
      field.bits = fixed(4);
      return true;
    default:
      fail("a wire type of 0, 1, 2 or 5");
  }
}

}  // namespace holdfast
