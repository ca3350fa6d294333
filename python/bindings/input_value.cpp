#include "input_value.h"

#include <cstring>
#include <string>

#include "api/model_call.h"
#include "arrays.h"
#include "bindings.h"
#include "holdfast/error.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

[[noreturn]] void refuse(const InputPlace& place, const std::string& expected,
                         const std::string& got) {
  bad_input(place.signature, place.signature.inputs[place.input], expected, got);
}

std::string text_of_object(const py::object& object) { return py::str(object).cast<std::string>(); }

// Python's numbers become those of the input where nothing of them is lost in kind; arrays, which
// have a dtype, where numpy calls it the same kind.
bool converts(const py::array& from, bool listed, const Port& port) {
  const char kind = from.dtype().kind();
  if (std::strchr("biuf", kind) == nullptr) return false;
  if (!listed) {
    const py::module_ numpy = py::module_::import("numpy");
    return numpy.attr("can_cast")(from.dtype(), port.numpy, "same_kind").cast<bool>();
  }
  if (from.size() == 0) return true;  // numpy calls [] float64
  if (port.dtype == DType::kBool) return kind == 'b';
  return kind != 'f' || is_floating(port.dtype);
}

// numpy would wrap them around, without a word.
void check_range(const py::array& from, const InputPlace& place) {
  const Port& port = place.port;
  if (std::strchr("iu", from.dtype().kind()) == nullptr || from.size() == 0) return;
  if (from.dtype().equal(port.numpy)) return;
  if (port.dtype != DType::kInt32 && port.dtype != DType::kInt64) return;
  const py::object limits = py::module_::import("numpy").attr("iinfo")(port.numpy);
  for (const char* extreme : {"min", "max"}) {
    const py::object found = from.attr(extreme)().attr("item")();
    if (found < limits.attr("min") || found > limits.attr("max"))
      refuse(place, std::string("integers that ") + dtype_name(port.dtype) + " holds",
             text_of_object(found));
  }
}

// What numpy makes of it. A list whose rows differ in length is no array.
py::object as_array(const py::object& given, const InputPlace& place) {
  try {
    return py::module_::import("numpy").attr("asarray")(given);
  } catch (py::error_already_set& error) {
    const bool is_list = py::isinstance<py::list>(given) || py::isinstance<py::tuple>(given);
    if (!is_list || !error.matches(PyExc_ValueError)) throw;
    refuse(place, std::string("an array of ") + dtype_name(place.port.dtype),
           "a list that is none: " + text_of_object(error.value()));
  }
}

void read_strings(const py::object& given, const InputPlace& place, InputValue& value,
                  TensorType& type) {
  py::object array = given;
  // As objects: a list may hold both str and bytes.
  if (!py::isinstance<py::array>(given))
    array = py::module_::import("numpy").attr("asarray")(given, "dtype"_a = "object");
  const auto held = array.cast<py::array>();
  if (std::strchr("USO", held.dtype().kind()) == nullptr)
    refuse(place, "an array of string", "one of " + text_of_object(array.attr("dtype")));
  try {
    value.strings = tensor_from_array(held);
  } catch (const Error& error) {
    throw Error(error.code(),
                "signature \"" + place.signature.name + "\", input \"" +
                    place.signature.inputs[place.input].name + "\": " + error.what(),
                error.details());
  }
  value.data = value.strings.raw();
  type = {value.strings.dtype(), value.strings.shape()};
}

void convert(const py::object& given, const InputPlace& place, InputValue& value,
             TensorType& type) {
  const Port& port = place.port;
  if (port.dtype == DType::kString) return read_strings(given, place, value, type);
  const bool listed = !py::isinstance<py::array>(given);
  const auto found = as_array(given, place).cast<py::array>();
  if (!converts(found, listed, port))
    refuse(place, std::string("an array of ") + dtype_name(port.dtype),
           "one of " + text_of_object(found.attr("dtype")));
  check_range(found, place);
  const py::module_ numpy = py::module_::import("numpy");
  const auto converted =
      numpy.attr("ascontiguousarray")(found, port.numpy).attr("reshape")(found.attr("shape"));
  value.array = converted;
  const auto array = converted.cast<py::array>();
  value.data = array.data();
  type.dtype = port.dtype;
  type.shape.assign(array.shape(), array.shape() + array.ndim());
}

}  // namespace

void read_input(PyObject* given, const InputPlace& place, InputValue& value, TensorType& type) {
  const Port& port = place.port;
  if (port.dtype != DType::kString && py::detail::npy_api::get().PyArray_Check_(given)) {
    const auto* array = py::detail::array_proxy(given);
    constexpr int kPlain =
        py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if (array->descr == port.numpy.ptr() && (array->flags & kPlain) == kPlain) {
      value.data = array->data;
      type.dtype = port.dtype;
      type.shape.assign(array->dimensions, array->dimensions + array->nd);
      return;
    }
  }
  convert(py::reinterpret_borrow<py::object>(given), place, value, type);
}

}  // namespace holdfast::python
