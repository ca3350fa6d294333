#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/csv.h"
#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

using Texts = std::vector<std::string>;

Tensor lines(const Texts& values) {
  return tensor(DType::kString, {static_cast<std::int64_t>(values.size())}, values);
}

Tensor split(const Texts& records, std::int64_t fields, Attributes more = {}) {
  more["fields"] = fields;
  return apply("split_csv", {lines(records)}, more);
}

std::string split_error(const std::string& record, std::int64_t fields, Attributes more = {}) {
  more["fields"] = fields;
  return error_of("split_csv", {lines({record})}, more);
}

// What reading one column of a one-column file gives.
Tensor column(const Texts& records, const char* dtype, Attributes more = {}) {
  more["column"] = std::int64_t{0};
  more["dtype"] = std::string(dtype);
  return apply("csv_column", {split(records, 1), lines(records)}, more);
}

std::string column_error(const std::string& record, const char* dtype) {
  return error_of("csv_column", {split({record}, 1), lines({record})},
                  {{"column", std::int64_t{0}}, {"dtype", std::string(dtype)}});
}

TEST(SplitCsv, ReadsFieldsOfEveryRecord) {
  const Tensor fields = split({"a,b,c", "d,,", R"("q,r","s ""t""",)"}, 3);
  EXPECT_EQ(fields.shape(), (Shape{3, 3}));
  EXPECT_EQ(values_of<std::string>(fields),
            (Texts{"a", "b", "c", "d", "", "", "q,r", "s \"t\"", ""}));
  EXPECT_EQ(values_of<std::string>(split({"\"two\nlines\", b "}, 2)), (Texts{"two\nlines", " b "}));
}

TEST(SplitCsv, TakesAScalar) {
  const Tensor record = tensor(DType::kString, {}, Texts{"1,2"});
  EXPECT_EQ(apply("split_csv", {record}, {{"fields", std::int64_t{2}}}).shape(), (Shape{2}));
}

TEST(SplitCsv, ObeysDelimiterAndQuotes) {
  EXPECT_EQ(values_of<std::string>(split({"a;b,c"}, 2, {{"delimiter", std::string(";")}})),
            (Texts{"a", "b,c"}));
  EXPECT_EQ(values_of<std::string>(split({R"("a,b")"}, 2, {{"quotes", false}})),
            (Texts{"\"a", "b\""}));
}

TEST(SplitCsv, ReadsNoFurtherThanTheLastSelectedColumn) {
  const std::vector<std::int64_t> select{1, 3};
  EXPECT_EQ(values_of<std::string>(split({"a,b,c,d,\"never closed"}, 2, {{"select", select}})),
            (Texts{"b", "d"}));
  EXPECT_EQ(split_error("a,b,c", 2, {{"select", select}}),
            "node \"split_csv\": Expect at least 4 fields but have 3 in record 0, the line "
            "\"a,b,c\". Correct the line, or say with field_delim, use_quote_delim and "
            "record_defaults how it is to be read");
}

TEST(SplitCsv, RefusesWrongRecordsShowingTheLine) {
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(split_error("a,b", 3), "Expect 3 fields but have 2 in record 0, the line \"a,b\"");
  has(split_error("a,b,c,d", 3), "Expect 3 fields but have 4 in record 0");
  has(split_error("", 1), "Expect 1 fields but have 0 in record 0, the line \"\"");
  has(split_error("a\"b", 1), "Unquoted fields cannot have quotes/CRLFs inside in record 0");
  has(split_error("a\rb", 1), "the line \"a\\x0db\"");
  has(split_error("\"a\"b", 1), "Quote inside a string has to be escaped by another quote");
  has(split_error("\"a", 1), "Quoted field has to end with quote followed by delim or end");
  has(split_error(std::string(300, 'x') + ",b", 1), "xxx\"... (302 bytes)");
  has(split_error("\xff,b", 1), "the line \"\\xff,b\"");
}

TEST(SplitCsv, RefusesWrongAttributes) {
  const auto error = [](Attributes more) { return split_error("a", 2, std::move(more)); };
  EXPECT_NE(error({{"delimiter", std::string(",,")}}).find("expected one character"),
            std::string::npos);
  EXPECT_NE(error({{"select", std::vector<std::int64_t>{0}}})
                .find("expected a column for each of the 2 defaults; got 1"),
            std::string::npos);
  EXPECT_NE(error({{"select", std::vector<std::int64_t>{1, 1}}})
                .find("each above the one before; got 1 at place 1"),
            std::string::npos);
}

TEST(CsvColumn, ReadsNumbersBetweenBlanks) {
  EXPECT_EQ(values_of<std::int32_t>(column({" 1", "-2 ", "+3"}, "int32")),
            (std::vector<std::int32_t>{1, -2, 3}));
  EXPECT_EQ(values_of<std::int64_t>(column({"9223372036854775807"}, "int64")),
            (std::vector<std::int64_t>{9223372036854775807}));
  EXPECT_EQ(values_of<float>(column({"0.5", " 1e3 "}, "float32")),
            (std::vector<float>{0.5f, 1000}));
  EXPECT_EQ(values_of<double>(column({"0.1"}, "float64")), (std::vector<double>{0.1}));
  EXPECT_EQ(values_of<std::string>(column({" a "}, "string")), (Texts{" a "}));
}

TEST(CsvColumn, DefaultsStandForEmptyFieldsAndNaValue) {
  Attributes attributes{{"default", std::int64_t{7}}, {"na_value", std::string("NA")}};
  EXPECT_EQ(values_of<std::int32_t>(column({"\"\"", "NA", "1"}, "int32", attributes)),
            (std::vector<std::int32_t>{7, 7, 1}));
  attributes["default"] = std::string("none");
  EXPECT_EQ(values_of<std::string>(column({"NA", "N"}, "string", attributes)),
            (Texts{"none", "N"}));
  attributes["default"] = 0.25;
  EXPECT_EQ(values_of<float>(column({"NA"}, "float32", attributes)), (std::vector<float>{0.25f}));
}

TEST(CsvColumn, RefusesWhatDoesNotReadAsItsType) {
  EXPECT_EQ(column_error("x1", "int32"),
            "node \"csv_column\": Field 0 in record 0 is not a valid int32: \"x1\", in the line "
            "\"x1\". Correct the line, or give the column a default of another dtype");
  EXPECT_NE(column_error("2147483648", "int32").find("is not a valid int32"), std::string::npos);
  EXPECT_NE(column_error("1.5", "int64").find("is not a valid int64"), std::string::npos);
  EXPECT_NE(column_error(" ", "float32").find("is not a valid float32"), std::string::npos);
  EXPECT_EQ(column_error("\"\"", "float32"),
            "node \"csv_column\": Field 0 in record 0 is required but missing, in the line "
            "\"\"\"\". Give the column a default, or fill the field");
}

TEST(CsvRecordLength, EndsAtALineBreakOutsideQuotes) {
  const CsvFormat format;
  EXPECT_EQ(csv_record_length("a,b\nc", format), 3U);
  EXPECT_EQ(csv_record_length("\"a\n\"\"b\",c\nd", format), 9U);
  EXPECT_EQ(csv_record_length("5\" pipe\nc", format), 7U);  // a quote inside a field opens nothing
  EXPECT_EQ(csv_record_length("\"a\nb", {',', false}), 2U);
  EXPECT_EQ(csv_record_length("\"never\nclosed", format), 13U);
}

}  // namespace
}  // namespace holdfast::testing
