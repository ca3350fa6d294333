#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "testing.h"

namespace holdfast {
namespace {

using namespace std::string_literals;

TEST(Json, TextComesBackAsItWasWritten) {
  for (const char* text :
       {"null", "true", "0", "-7", "9007199254740991", "1.5", "-0.0", "1e+300", "\"\"",
        R"("a\"\\\u0001é")", "[]", "[1,[2,{}]]", R"({"b":1,"a":[true,null]})"})
    EXPECT_EQ(to_text(parse_json(text)), text);
}

TEST(Json, TellsIntegersFromOtherNumbers) {
  EXPECT_TRUE(parse_json("12").is_int());
  for (const char* text : {"1.0", "1e3", "-0", "9223372036854775808", "1E0"})
    EXPECT_FALSE(parse_json(text).is_int()) << text;
  EXPECT_EQ(parse_json("9223372036854775807").as_int(), INT64_MAX);
  EXPECT_EQ(to_text(Json(1.0)), "1.0");
}

TEST(Json, AcceptsOneNewlineAtTheEndAndNothingElse) {
  EXPECT_EQ(parse_json("1\n").as_int(), 1);
  for (const std::string& text : {"1\n\n"s, "1 "s, "1 2"s, "1\r\n"s, "1\0"s, "1\0002"s, "{}x"s})
    EXPECT_THROW(parse_json(text), Error) << text;
}

TEST(Json, RefusesWhatStrictJsonRefuses) {
  for (const std::string& text : {""s,
                                  " "s,
                                  "\xEF\xBB\xBF{}"s,
                                  "[1,]"s,
                                  "{\"a\":1,}"s,
                                  "{a:1}"s,
                                  "{'a':1}"s,
                                  "// x\n1"s,
                                  "/* x */1"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "-Infinity"s,
                                  "01"s,
                                  "+1"s,
                                  ".5"s,
                                  "1."s,
                                  "1e999"s,
                                  "0x10"s,
                                  "\"\t\""s,
                                  "\"\\x\""s,
                                  "\"\\ud800\""s,
                                  "\"\\udc00\""s,
                                  "\"\xC0\x80\""s,
                                  "\"\xED\xA0\x80\""s,
                                  "\"\xF4\x90\x80\x80\""s,
                                  "\"\xFF\""s,
                                  "\"a"s,
                                  "[1"s,
                                  "{\"a\"}"s,
                                  "[1 2]"s,
                                  "nul"s,
                                  "True"s})
    EXPECT_ERROR(parse_json(text), Code::kInvalidArgument, "JSON text: expected");
}

TEST(Json, RefusesAKeyGivenTwiceAtAnyLevel) {
  EXPECT_ERROR(parse_json(R"({"a":1,"a":2})"), Code::kInvalidArgument, "got \"a\" again");
  EXPECT_ERROR(parse_json(R"([{"b":{"c":1,"c":1}}])"), Code::kInvalidArgument, "got \"c\" again");
  EXPECT_ERROR(parse_json(R"({"a":1,"\u0061":2})"), Code::kInvalidArgument, "got \"a\" again");
  EXPECT_EQ(parse_json(R"({"a":{"a":1}})").at("a").at("a").as_int(), 1);
}

TEST(Json, HoldsEveryLimit) {
  JsonLimits limits;
  limits.depth = 2;
  EXPECT_NO_THROW(parse_json("[[1]]", limits));
  EXPECT_ERROR(parse_json("[[[1]]]", limits), Code::kResourceExhausted, "2 levels of nesting");
  EXPECT_ERROR(parse_json(std::string(100000, '[')), Code::kResourceExhausted, "16 levels");
  limits = {};
  limits.keys = 2;
  EXPECT_NO_THROW(parse_json(R"([{"a":1,"b":2},{"c":3,"d":4}])", limits));
  EXPECT_ERROR(parse_json(R"({"a":1,"b":2,"c":3})", limits), Code::kResourceExhausted,
               "2 keys in an object");
  limits.keys = 100;
  limits.values = 3;
  EXPECT_NO_THROW(parse_json("[1,2]", limits));
  EXPECT_ERROR(parse_json("[1,2,3]", limits), Code::kResourceExhausted, "3 values");
  limits = {};
  limits.string_bytes = 2;
  EXPECT_NO_THROW(parse_json(R"({"ab":"cd"})", limits));
  EXPECT_ERROR(parse_json(R"("abc")", limits), Code::kResourceExhausted, "bytes in a string");
  EXPECT_ERROR(parse_json(R"({"abc":1})", limits), Code::kResourceExhausted, "bytes in a string");
  limits = {};
  limits.text_bytes = 4;
  EXPECT_ERROR(parse_json("[1,2]", limits), Code::kResourceExhausted, "4 bytes");
  limits = {};
  limits.memory_bytes = 1000;
  const std::string zeros = "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]";
  EXPECT_ERROR(parse_json(zeros, limits), Code::kResourceExhausted, "bytes of memory");
}

TEST(Json, AMillionKeysTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 1'000'000; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  JsonLimits limits;
  limits.keys = 1'000'000;
  limits.memory_bytes = std::size_t{1} << 30;
  EXPECT_EQ(parse_json(text + "}", limits).as_object().size(), 1'000'000u);
}

// Before parsing: the text has mistakes behind the limit that are never reached.
TEST(Json, RefusesWhatExceedsALimitWithoutParsingIt) {
  JsonLimits limits;
  limits.keys = 2;
  EXPECT_ERROR(parse_json(R"({"a":1,"b":2,"c":3,nonsense)", limits), Code::kResourceExhausted,
               "2 keys in an object");
  limits = {};
  limits.values = 3;
  EXPECT_ERROR(parse_json("[1,[],2,nonsense", limits), Code::kResourceExhausted, "3 values");
  limits = {};
  limits.memory_bytes = 0;
  EXPECT_ERROR(parse_json("[1,2,nonsense", limits), Code::kResourceExhausted, "bytes of memory");
  limits = {};
  limits.stream_elements = 2;
  const auto ignore = [](Json) {};
  EXPECT_ERROR(parse_json_streaming(R"({"x":[1,2,3],"t":[1,2,3,nonsense)", limits, "t", ignore),
               Code::kResourceExhausted, "2 elements of \"t\"");
  EXPECT_NO_THROW(parse_json_streaming(R"({"x":[1,2,3],"t":[1,2]})", limits, "t", ignore));
  // Brackets, commas and quotes in strings are no structure.
  limits.depth = 2;
  EXPECT_NO_THROW(parse_json(R"({"a":["[[[{{\"[[[,,,","\\"]})", limits));
}

TEST(Json, StreamsTheElementsOfOneMember) {
  std::vector<std::string> taken;
  const Json root = parse_json_streaming(R"({"a":[1],"t":[{"t":[2]},3],"z":{"t":[4]}})", {}, "t",
                                         [&](Json item) { taken.push_back(to_text(item)); });
  EXPECT_EQ(taken, (std::vector<std::string>{R"({"t":[2]})", "3"}));
  EXPECT_EQ(to_text(root), R"({"a":[1],"t":[],"z":{"t":[4]}})");
}

TEST(Json, AccessNamesWhatIsThere) {
  const Json json = parse_json(R"({"a":"x"})");
  EXPECT_ERROR(json.at("b"), Code::kInvalidArgument, "expected a member \"b\"");
  EXPECT_ERROR(json.at("a").as_int(), Code::kInvalidArgument, "expected an integer; got string");
  EXPECT_ERROR(Json(1).find("a"), Code::kInvalidArgument, "expected an object; got integer");
  EXPECT_EQ(json.find("b"), nullptr);
}

TEST(Json, RefusesToWriteWhatItCouldNotRead) {
  EXPECT_ERROR(to_text(Json(std::nan(""))), Code::kInvalidArgument, "got NaN");
  EXPECT_ERROR(to_text(Json(std::numeric_limits<double>::infinity())), Code::kInvalidArgument,
               "got infinity");
  EXPECT_ERROR(to_text(Json("\xFF")), Code::kInvalidArgument, "invalid bytes at offset 0");
}

TEST(Utf8, FindsTheFirstWrongByte) {
  EXPECT_TRUE(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));  // a, é, €, a face
  for (const char* text : {"ab\x80", "ab\xC3", "ab\xE2\x82", "ab\xC1\xBF", "ab\xE0\x9F\xBF",
                           "ab\xED\xA0\x80", "ab\xF0\x8F\xBF\xBF", "ab\xF5\x80\x80\x80"})
    EXPECT_EQ(invalid_utf8_at(text), 2u);
}

}  // namespace
}  // namespace holdfast
