#include "attributes.h"

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "base/utf8.h"
#include "holdfast/error.h"

namespace py = pybind11;

namespace holdfast::python {
namespace {

bool is_text(const py::handle& value) {
  return py::isinstance<py::str>(value) || py::isinstance<py::bytes>(value);
}

// Python's and NumPy's integers alike; bool is one of Python's, so it is asked about first.
bool is_integer(const py::handle& value) { return PyIndex_Check(value.ptr()) != 0; }

[[noreturn]] void refuse(const std::string& key, const py::handle& value) {
  throw Error(Code::kInvalidArgument,
              "attribute \"" + key +
                  "\": expected bool, int, float, str, bytes or a list of one of them; got " +
                  py::repr(py::type::of(value)).cast<std::string>());
}

Attribute list_attribute(const std::string& key, const py::sequence& values) {
  bool integers = true;
  bool text = values.size() > 0;
  for (const py::handle value : values) {
    integers = integers && is_integer(value);
    text = text && is_text(value);
  }
  if (text) return values.cast<std::vector<std::string>>();
  if (integers) return values.cast<std::vector<std::int64_t>>();
  try {
    return values.cast<std::vector<double>>();
  } catch (const py::cast_error&) {
    refuse(key, values);
  }
}

Attribute attribute(const std::string& key, const py::handle& value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (is_text(value)) return value.cast<std::string>();
  if (is_integer(value)) return value.cast<std::int64_t>();
  if (py::isinstance<py::sequence>(value)) {
    return list_attribute(key, py::reinterpret_borrow<py::sequence>(value));
  }
  if (PyNumber_Check(value.ptr()) != 0) return value.cast<double>();
  refuse(key, value);
}

}  // namespace

namespace {

// A str, or bytes where it is no text: vocabularies hold any.
py::object held_text(const std::string& text) {
  return is_utf8(text) ? py::object(py::str(text)) : py::object(py::bytes(text));
}

template <typename T>
py::object held_value(const T& value) {
  return py::cast(value);
}
py::object held_value(const std::string& text) { return held_text(text); }
py::object held_value(const std::vector<std::string>& texts) {
  py::list list;
  for (const std::string& text : texts) list.append(held_text(text));
  return list;
}

}  // namespace

Attributes attributes_from_dict(const py::dict& dict) {
  Attributes attributes;
  for (const auto& [key, value] : dict) {
    const auto name = key.cast<std::string>();
    attributes.emplace(name, attribute(name, value));
  }
  return attributes;
}

py::dict dict_from_attributes(const Attributes& attributes) {
  py::dict dict;
  for (const auto& [key, value] : attributes) {
    dict[py::str(key)] = std::visit([](const auto& held) { return held_value(held); }, value);
  }
  return dict;
}

}  // namespace holdfast::python
