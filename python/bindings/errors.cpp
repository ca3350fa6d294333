// Raises holdfast::Error as the Python class that errors.py has registered for its kind or code.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "bindings.h"
#include "holdfast/error.h"

namespace py = pybind11;

namespace holdfast::python {
namespace {

// Held for the life of the interpreter: leaked on purpose, since exceptions may be raised during
// shutdown.
struct ErrorClasses {
  py::dict by_code;
  py::dict by_kind;
};
ErrorClasses& classes() {
  static auto* held = new ErrorClasses;
  return *held;
}

py::dict texts_of(const ErrorDetails& details) {
  py::dict texts;
  for (const auto& [name, value] : details) texts[text_of(name)] = text_of(value);
  return texts;
}

}  // namespace

void raise(const Error& error) {
  const py::int_ code(static_cast<int>(error.code()));
  py::object type = py::reinterpret_borrow<py::object>(PyExc_RuntimeError);
  if (classes().by_kind.contains(py::str(error.kind()))) {
    type = classes().by_kind[py::str(error.kind())];
  } else if (classes().by_code.contains(code)) {
    type = classes().by_code[code];
  }
  if (type.is(py::reinterpret_borrow<py::object>(PyExc_RuntimeError))) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return;
  }
  const py::object exception =
      type.attr("_from_core")(text_of(error.what()), code, texts_of(error.details()));
  PyErr_SetObject(type.ptr(), exception.ptr());
}

py::str text_of(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
      bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "backslashreplace"));
}

void bind_errors(py::module_& module) {
  module.def("set_error_classes", [](py::dict by_code, py::dict by_kind) {
    classes() = {std::move(by_code), std::move(by_kind)};
  });
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

}  // namespace holdfast::python
