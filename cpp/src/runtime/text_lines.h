// Files of text in memory, and where each of their lines is: a pipeline then finds line n of them
// all without reading those before it. Takes the bytes of the files and 12 bytes for each line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "holdfast/dataset.h"

namespace holdfast {

struct TextFile {
  std::string name;  // without directories
  std::string bytes;
};

struct TextOptions {
  // False: lines are what stands between line feeds, without a carriage return before it; blank
  // ones count. True: lines are records of CSV files, which may hold line breaks between quotes;
  // blank ones are left out, and so is a byte order mark.
  bool csv = false;
  CsvFormat format = {};  // of CSV files
  bool header = false;    // of CSV files: the first record of each is none
};

// Immutable: safe to share between threads.
class TextLines {
 public:
  // Throws: InvalidArgument for a line of 4 GiB or more.
  TextLines(std::vector<TextFile> files, const TextOptions& options);
  TextLines(const TextLines&) = delete;
  TextLines& operator=(const TextLines&) = delete;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(begins_.size()); }
  std::string_view line(std::int64_t number) const noexcept {
    const auto at = static_cast<std::size_t>(number);
    return {begins_[at], lengths_[at]};
  }

  const TextOptions& options() const noexcept { return options_; }
  const std::vector<TextFile>& files() const noexcept { return files_; }
  // The first record of each file; empty for a file without one. Only with options().header.
  const std::vector<std::string_view>& headers() const noexcept { return headers_; }

  // "lines[6](a.csv: 812 bytes)": names, sizes and the number of lines, not the text.
  std::string describe() const;

 private:
  void find_lines(const TextFile& file);
  void find_records(const TextFile& file);
  void add(const TextFile& file, std::string_view line);

  std::vector<TextFile> files_;
  TextOptions options_;
  std::vector<const char*> begins_;  // into files_
  std::vector<std::uint32_t> lengths_;
  std::vector<std::string_view> headers_;
};

// The lines as elements: one component, a string scalar.
Dataset dataset_of_lines(std::shared_ptr<const TextLines> lines);

}  // namespace holdfast
