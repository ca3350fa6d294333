// What a CSV file says about its columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/tensor.h"
#include "runtime/text_lines.h"

namespace holdfast {

// The names in the header of each file, or where there are no headers, none.
// Throws: InvalidArgument when a header cannot be read, or files differ in theirs.
std::vector<std::string> csv_header(const TextLines& records);

// The number of fields of the first record; 0 when there is none.
std::int64_t csv_width(const TextLines& records);

// The narrowest of int32, int64, float32, float64 and string that holds a column's fields in the
// first `rows` records (-1: all), for each column. Empty fields and `na_value` say nothing; a
// column without others is string. Throws: InvalidArgument for a record that cannot be read or has
// not `columns` fields.
std::vector<DType> infer_csv_types(const TextLines& records, std::int64_t columns,
                                   std::int64_t rows, const std::string& na_value);

}  // namespace holdfast
