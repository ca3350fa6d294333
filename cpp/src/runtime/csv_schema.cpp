#include "runtime/csv_schema.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

[[noreturn]] void fail(const std::string& text) { throw Error(Code::kInvalidArgument, text); }

// Splits a record that must be well-formed.
void split(const TextLines& records, std::string_view record, std::vector<CsvField>& fields) {
  const char* problem = split_csv(record, records.options().format, record.size() + 1, fields);
  if (problem != nullptr) fail(std::string(problem) + ": the line " + quoted(record));
}

std::vector<std::string> values(const std::vector<CsvField>& fields) {
  std::vector<std::string> result(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) assign_csv_field(fields[i], result[i]);
  return result;
}

// In the order in which each holds the values of those before it.
constexpr DType kTypes[] = {DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64,
                            DType::kString};
constexpr int kString = 4;
constexpr int kNothingSeen = -1;

// The place in kTypes of the narrowest type that holds the value.
int narrowest(std::string_view value) {
  value = number_part(value);
  std::int64_t integer = 0;
  if (parse_number(value, integer)) {
    const bool fits = integer >= std::numeric_limits<std::int32_t>::min() &&
                      integer <= std::numeric_limits<std::int32_t>::max();
    return fits ? 0 : 1;
  }
  double number = 0;
  // "nan" and "inf" are words of somebody's vocabulary as well.
  if (!parse_number(value, number) || !std::isfinite(number)) return kString;
  return std::abs(number) <= std::numeric_limits<float>::max() ? 2 : 3;
}

}  // namespace

std::vector<std::string> csv_header(const TextLines& records) {
  std::vector<std::string> names;
  std::vector<CsvField> fields;
  for (std::size_t f = 0; f < records.headers().size(); ++f) {
    split(records, records.headers()[f], fields);
    std::vector<std::string> found = values(fields);
    if (f == 0) {
      names = std::move(found);
    } else if (found != names) {
      fail("Files have different header names: expected " + quoted(records.headers()[0]) +
           ", as in " + records.files()[0].name + "; got " + quoted(records.headers()[f]) + " in " +
           records.files()[f].name);
    }
  }
  return names;
}

std::int64_t csv_width(const TextLines& records) {
  if (records.size() == 0) return 0;
  std::vector<CsvField> fields;
  split(records, records.line(0), fields);
  return static_cast<std::int64_t>(fields.size());
}

std::vector<DType> infer_csv_types(const TextLines& records, std::int64_t columns,
                                   std::int64_t rows, const std::string& na_value) {
  std::vector<int> types(static_cast<std::size_t>(columns), kNothingSeen);
  std::vector<CsvField> fields;
  std::string value;
  const std::int64_t seen = rows < 0 ? records.size() : std::min(rows, records.size());
  for (std::int64_t row = 0; row < seen; ++row) {
    split(records, records.line(row), fields);
    if (static_cast<std::int64_t>(fields.size()) != columns) {
      fail(
          "Problem inferring types: CSV row has different number of fields than expected: "
          "expected " +
          std::to_string(columns) + "; got " + std::to_string(fields.size()) + " in row " +
          std::to_string(row) + ", the line " + quoted(records.line(row)));
    }
    for (std::size_t c = 0; c < types.size(); ++c) {
      if (types[c] == kString) continue;
      assign_csv_field(fields[c], value);
      if (!value.empty() && value != na_value) types[c] = std::max(types[c], narrowest(value));
    }
  }
  std::vector<DType> result;
  result.reserve(types.size());
  for (const int type : types) result.push_back(kTypes[type == kNothingSeen ? kString : type]);
  return result;
}

}  // namespace holdfast
