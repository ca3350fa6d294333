// Records of CSV files as fields: RFC 4180, and where it is silent, what TensorFlow's decode_csv
// does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

struct CsvFormat {
  char delimiter = ',';
  // Whether a field that begins with a quote ends with one, and may hold delimiters, line breaks,
  // and quotes as "". False: a quote is a character like any other.
  bool quotes = true;
};

// A field as it stands in its record.
struct CsvField {
  std::string_view text;        // between its quotes, if it has any
  bool doubled_quotes = false;  // "" in `text` stands for one quote
};

// Splits a record into `fields`, stopping after `most` of them: what follows is not looked at. A
// record without a byte has no field. Returns nullptr, or what is wrong with the record.
const char* split_csv(std::string_view record, const CsvFormat& format, std::size_t most,
                      std::vector<CsvField>& fields);

// The value of a field.
void assign_csv_field(const CsvField& field, std::string& value);

// The length of the record that `text` begins with: up to a line break outside quotes, which is not
// counted, or the end.
std::size_t csv_record_length(std::string_view text, const CsvFormat& format) noexcept;

}  // namespace holdfast
