#include "runtime/text_lines.h"

#include <gtest/gtest.h>

#include "holdfast/dataset.h"
#include "holdfast/error.h"
#include "runtime/csv_schema.h"

namespace holdfast {
namespace {

using Texts = std::vector<std::string>;

TextOptions csv(bool header = false) { return {true, {}, header}; }

Texts all(const TextLines& lines) {
  Texts result;
  for (std::int64_t i = 0; i < lines.size(); ++i) result.emplace_back(lines.line(i));
  return result;
}

Texts all(const std::string& bytes, const TextOptions& options = {}) {
  return all(TextLines({{"a.txt", bytes}}, options));
}

TEST(TextLines, EndAtLineFeedsAndKeepBlankOnes) {
  EXPECT_EQ(all(""), Texts{});
  EXPECT_EQ(all("a"), Texts{"a"});
  EXPECT_EQ(all("a\n\nb\r\n\r\n c \r"), (Texts{"a", "", "b", "", " c "}));
  EXPECT_EQ(all("a\r\r\nb"), (Texts{"a\r", "b"}));
  EXPECT_EQ(all(std::string("\0\n\xff\n", 4)), (Texts{std::string("\0", 1), "\xff"}));
}

TEST(TextLines, OfSeveralFilesFollowEachOther) {
  EXPECT_EQ(all(TextLines({{"a", "1\n2"}, {"b", ""}, {"c", "3\n"}}, {})), (Texts{"1", "2", "3"}));
}

TEST(TextLines, AreRecordsOfCsvFiles) {
  EXPECT_EQ(all("\xef\xbb\xbf"
                "a\n\n\"b\r\nc\"\r\nd",
                csv()),
            (Texts{"a", "\"b\r\nc\"", "d"}));
  const TextLines two({{"a", "h\n1\n"}, {"b", "\nh\n2"}}, csv(true));
  EXPECT_EQ(all(two), (Texts{"1", "2"}));
  EXPECT_EQ(csv_header(two), Texts{"h"});
}

TEST(TextLines, AreDescribedByNameSizeAndCount) {
  EXPECT_EQ(TextLines({{"a.csv", "1\n2"}}, {}).describe(), "lines[2](a.csv: 3 bytes)");
  EXPECT_EQ(TextLines({{"a.csv", "1\n2"}}, csv()).describe(), "records[2](a.csv: 3 bytes)");
  const std::vector<TextFile> five(5, {"a.csv", "1\n"});
  std::vector<TextFile> other = five;
  other[3].name = "b.csv";
  EXPECT_EQ(TextLines(five, {}).describe().substr(0, 30), "lines[5](5 files: 10 bytes, na");
  EXPECT_NE(TextLines(five, {}).describe(), TextLines(other, {}).describe());
}

TEST(TextLines, OfAFarPositionAreFoundByArithmetic) {
  const Dataset dataset =
      dataset_of_lines(
          std::make_shared<TextLines>(std::vector<TextFile>{{"a", "x\ny\nz\n"}}, TextOptions{}))
          .repeat();
  const auto input = dataset.make_input();
  input->skip(3'000'000'000'001);
  ASSERT_TRUE(input->advance());
  std::string text;
  input->copy(0, &text);
  EXPECT_EQ(text, "y");
  EXPECT_EQ(input->epoch(), 1'000'000'000'000);
}

TEST(CsvSchema, InfersTheNarrowestTypeOfEachColumn) {
  const TextLines records(
      {{"a", "1,1,1,1,,1\n-2147483648,2147483648,1.5,1e39,NA,inf\n,NA, 2 ,3,,nan\n"}}, csv());
  EXPECT_EQ(csv_width(records), 6);
  EXPECT_EQ(infer_csv_types(records, 6, -1, "NA"),
            (std::vector<DType>{DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64,
                                DType::kString, DType::kString}));
  EXPECT_EQ(infer_csv_types(records, 6, 1, "NA")[1], DType::kInt32);
}

std::string error_of(const std::vector<TextFile>& files) {
  try {
    const TextLines records(files, csv(true));
    infer_csv_types(records, static_cast<std::int64_t>(csv_header(records).size()), -1, "");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CsvSchema, RefusesFilesThatDoNotFitTogether) {
  EXPECT_EQ(error_of({{"a.csv", "x,y\n1\n"}}),
            "Problem inferring types: CSV row has different number of fields than expected: "
            "expected 2; got 1 in row 0, the line \"1\"");
  EXPECT_EQ(error_of({{"a.csv", "x,y\n"}, {"b.csv", "x,z\n"}}),
            "Files have different header names: expected \"x,y\", as in a.csv; got \"x,z\" in "
            "b.csv");
  EXPECT_EQ(error_of({{"a.csv", "x,\"y\n"}}),
            "Quoted field has to end with quote followed by delim or end: the line "
            "\"x,\"y\\x0a\"");
}

}  // namespace
}  // namespace holdfast
