// TextFiles: files of lines or CSV records, read whole, and what their headers and values say.
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/text_files.h"
#include "bindings.h"
#include "runtime/csv_schema.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace holdfast::python {
namespace {

std::shared_ptr<TextLines> read(const std::vector<std::string>& paths, bool csv, char delimiter,
                                bool quotes, bool header) {
  const py::gil_scoped_release nogil;
  // pybind11 holds no pointers to const; nothing bound here changes the object.
  return std::const_pointer_cast<TextLines>(
      read_text_files(paths, {csv, {delimiter, quotes}, header}));
}

std::vector<std::string> infer(const TextLines& records, std::int64_t columns, std::int64_t rows,
                               const std::string& na_value) {
  const py::gil_scoped_release nogil;
  std::vector<std::string> names;
  for (const DType dtype : infer_csv_types(records, columns, rows, na_value)) {
    names.emplace_back(dtype_name(dtype));
  }
  return names;
}

}  // namespace

void bind_text_files(py::module_& module) {
  py::class_<TextLines, std::shared_ptr<TextLines>>(module, "TextFiles")
      .def(py::init(&read), "paths"_a, "csv"_a = false, "delimiter"_a = ',', "quotes"_a = true,
           "header"_a = false)
      .def("__len__", &TextLines::size)
      .def("header",
           [](const TextLines& records) {
             py::list names;
             for (const std::string& name : csv_header(records)) names.append(py::bytes(name));
             return names;
           })
      .def("width", &csv_width)
      .def("infer_types", &infer, "columns"_a, "rows"_a = -1, "na_value"_a = "");
}

}  // namespace holdfast::python
