#include "runtime/text_lines.h"

#include <limits>
#include <utility>

#include "base/crc32c.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kNamedFiles = 4;  // in a description; of more files a checksum is shown

std::string_view without_carriage_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

TextLines::TextLines(std::vector<TextFile> files, const TextOptions& options)
    : files_(std::move(files)), options_(options) {
  for (const TextFile& file : files_) options_.csv ? find_records(file) : find_lines(file);
  begins_.shrink_to_fit();
  lengths_.shrink_to_fit();
}

void TextLines::find_lines(const TextFile& file) {
  std::string_view rest = file.bytes;
  while (!rest.empty()) {
    const std::size_t length = rest.find('\n');
    add(file, without_carriage_return(rest.substr(0, length)));
    if (length == std::string_view::npos) break;
    rest.remove_prefix(length + 1);
  }
}

void TextLines::find_records(const TextFile& file) {
  std::string_view rest = file.bytes;
  if (rest.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    rest.remove_prefix(kByteOrderMark.size());
  }
  bool wants_header = options_.header;
  if (wants_header) headers_.emplace_back();
  while (!rest.empty()) {
    const std::size_t length = csv_record_length(rest, options_.format);
    const std::string_view record = without_carriage_return(rest.substr(0, length));
    rest.remove_prefix(length < rest.size() ? length + 1 : length);
    if (record.empty()) continue;
    if (wants_header) {
      headers_.back() = record;
      wants_header = false;
    } else {
      add(file, record);
    }
  }
}

void TextLines::add(const TextFile& file, std::string_view line) {
  if (line.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(Code::kInvalidArgument,
                file.name + ": expected lines shorter than 4 GiB; got one of " +
                    std::to_string(line.size()) + " bytes" +
                    (options_.csv ? ". Is a quote not closed?" : ". Is it a text file?"));
  }
  begins_.push_back(line.data());
  lengths_.push_back(static_cast<std::uint32_t>(line.size()));
}

std::string TextLines::describe() const {
  std::string names;
  std::size_t bytes = 0;
  for (const TextFile& file : files_) {
    if (!names.empty()) names += ", ";
    names += file.name + ": " + std::to_string(file.bytes.size()) + " bytes";
    bytes += file.bytes.size();
  }
  if (files_.size() > kNamedFiles) {
    names = std::to_string(files_.size()) + " files: " + std::to_string(bytes) +
            " bytes, names and sizes " + std::to_string(crc32c(names.data(), names.size()));
  }
  return (options_.csv ? "records[" : "lines[") + std::to_string(size()) + "](" + names + ")";
}

}  // namespace holdfast
