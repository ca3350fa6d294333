#include "base/csv.h"

namespace holdfast {
namespace {

constexpr const char* kBareQuote = "Unquoted fields cannot have quotes/CRLFs inside";
constexpr const char* kLoneQuote = "Quote inside a string has to be escaped by another quote";
constexpr const char* kOpenQuote = "Quoted field has to end with quote followed by delim or end";

// Reads the quoted field that begins at `at`, behind its first quote; leaves `at` behind the last.
const char* quoted_field(std::string_view record, char delimiter, std::size_t& at,
                         CsvField& field) {
  const std::size_t begin = at;
  for (; at < record.size(); ++at) {
    if (record[at] != '"') continue;
    if (at + 1 < record.size() && record[at + 1] == '"') {
      field.doubled_quotes = true;
      ++at;
      continue;
    }
    if (at + 1 < record.size() && record[at + 1] != delimiter) return kLoneQuote;
    field.text = record.substr(begin, at - begin);
    ++at;
    return nullptr;
  }
  return kOpenQuote;
}

const char* bare_field(std::string_view record, const CsvFormat& format, std::size_t& at,
                       CsvField& field) {
  const std::size_t begin = at;
  for (; at < record.size() && record[at] != format.delimiter; ++at) {
    const char c = record[at];
    if ((c == '"' && format.quotes) || c == '\n' || c == '\r') return kBareQuote;
  }
  field.text = record.substr(begin, at - begin);
  return nullptr;
}

}  // namespace

const char* split_csv(std::string_view record, const CsvFormat& format, std::size_t most,
                      std::vector<CsvField>& fields) {
  fields.clear();
  if (record.empty()) return nullptr;
  std::size_t at = 0;
  while (fields.size() < most) {
    CsvField field;
    const bool has_quotes = format.quotes && at < record.size() && record[at] == '"';
    if (has_quotes) ++at;
    const char* problem = has_quotes ? quoted_field(record, format.delimiter, at, field)
                                     : bare_field(record, format, at, field);
    if (problem != nullptr) return problem;
    fields.push_back(field);
    if (at == record.size()) break;
    ++at;  // the delimiter: one more field follows, though it may be empty
  }
  return nullptr;
}

void assign_csv_field(const CsvField& field, std::string& value) {
  if (!field.doubled_quotes) {
    value.assign(field.text);
    return;
  }
  value.clear();
  for (std::size_t i = 0; i < field.text.size(); ++i) {
    value += field.text[i];
    if (field.text[i] == '"') ++i;
  }
}

std::size_t csv_record_length(std::string_view text, const CsvFormat& format) noexcept {
  bool at_field_start = true;
  bool in_quotes = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_quotes) {
      if (c == '"') {
        const bool doubled = at + 1 < text.size() && text[at + 1] == '"';
        if (doubled) ++at;
        in_quotes = doubled;
      }
    } else if (c == '\n') {
      return at;
    } else {
      in_quotes = at_field_start && format.quotes && c == '"';
      at_field_start = c == format.delimiter;
    }
  }
  return text.size();
}

}  // namespace holdfast
