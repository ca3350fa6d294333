#include "base/wire.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "testing.h"

namespace holdfast {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

std::vector<WireField> fields_of(const std::string& text) {
  WireReader reader(text);
  std::vector<WireField> fields;
  for (WireField field; reader.next(field);) fields.push_back(field);
  return fields;
}

// The examples of the encoding guide of protobuf.
TEST(Wire, WritesTheBytesOfTheGuide) {
  EXPECT_EQ(WireWriter().integer(1, 150).text(), bytes({0x08, 0x96, 0x01}));
  EXPECT_EQ(WireWriter().bytes(2, "testing").text(), bytes({0x12, 0x07}) + "testing");
  EXPECT_EQ(WireWriter().message(3, WireWriter().integer(1, 150)).text(),
            bytes({0x1a, 0x03, 0x08, 0x96, 0x01}));
  EXPECT_EQ(WireWriter().integer(1, -2).text(),
            bytes({0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  EXPECT_EQ(WireWriter().float32(2, 1.0f).text(), bytes({0x15, 0, 0, 0x80, 0x3f}));
  EXPECT_EQ(WireWriter().float64(1, 1.0).text(), bytes({0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
}

TEST(Wire, PacksDoublesAndNumbersFieldsBeyondFifteen) {
  const double values[] = {1.0, -2.0};
  EXPECT_EQ(WireWriter().doubles(6, values, 2).text(),
            bytes({0x32, 16, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}));
  EXPECT_EQ(WireWriter().integer(16, 0).text(), bytes({0x80, 0x01, 0x00}));
}

TEST(Wire, ReadsWhatItWrites) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  const std::string text = WireWriter()
                               .integer(1, kLeast)
                               .float32(2, -0.0f)
                               .float64(3, 1e300)
                               .bytes(536870911, std::string("\0\xff", 2))
                               .text();
  const std::vector<WireField> fields = fields_of(text);
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields[0].integer(), kLeast);
  EXPECT_TRUE(std::signbit(fields[1].float32()));
  EXPECT_EQ(fields[2].float64(), 1e300);
  EXPECT_EQ(fields[3].number, 536870911);
  EXPECT_EQ(fields[3].bytes, std::string("\0\xff", 2));
}

TEST(Wire, ReadsNothingAsNoFields) { EXPECT_TRUE(fields_of("").empty()); }

TEST(Wire, RefusesWhatIsNoMessageAndNamesTheByte) {
  const auto refused = [](const std::string& text, const std::string& message) {
    EXPECT_ERROR(fields_of(text), Code::kDataLoss, message);
  };
  refused(bytes({0x08}), "protobuf message: expected the rest of a varint at byte 1 of 1");
  refused(bytes({0x08, 0x80}), "expected the rest of a varint at byte 2 of 2");
  refused(bytes({0x09, 1, 2}), "expected the rest of a fixed value at byte 1 of 3");
  refused(bytes({0x15, 1, 2, 3}), "expected the rest of a fixed value at byte 1 of 4");
  refused(bytes({0x12, 2, 65}), "expected as many bytes as the length says at byte 2 of 3");
  refused(bytes({0x0b}), "expected a wire type of 0, 1, 2 or 5 at byte 1 of 1");
  refused(bytes({0x00, 0x00}), "expected a field number from 1 to 2^29-1 at byte 1 of 2");
  refused(bytes({0x08}) + std::string(9, '\xff') + bytes({0x02}),
          "expected a varint of at most 64 bits at byte 11 of 11");
}

TEST(Wire, ALengthNearTwoToThe64DoesNotWrapAround) {
  const std::string huge = bytes({0x12}) + std::string(9, '\xff') + bytes({0x01});
  EXPECT_ERROR(fields_of(huge), Code::kDataLoss, "as many bytes as the length says");
}

TEST(Wire, EveryCutOfAMessageIsRefusedOrShorter) {
  const std::string text = WireWriter().integer(1, 300).bytes(2, "abc").float64(3, 2).text();
  const std::size_t whole = fields_of(text).size();
  for (std::size_t size = 0; size < text.size(); ++size) {
    try {
      EXPECT_LT(fields_of(text.substr(0, size)).size(), whole);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace holdfast
