#include "arrays.h"

#include <pybind11/stl.h>

#include <memory>
#include <new>
#include <string>

#include "holdfast/error.h"

namespace py = pybind11;

namespace holdfast::python {
namespace {

Shape shape_of(const py::array& array) { return {array.shape(), array.shape() + array.ndim()}; }

std::string bytes_of(const py::handle& item) {
  if (py::isinstance<py::bytes>(item)) return item.cast<py::bytes>();
  if (py::isinstance<py::str>(item)) {
    Py_ssize_t size = 0;
    if (const char* text = PyUnicode_AsUTF8AndSize(item.ptr(), &size))
      return {text, static_cast<std::size_t>(size)};
    PyErr_Clear();  // a lone surrogate
    throw Error(Code::kInvalidArgument,
                "array of objects: expected text that UTF-8 can write; got " +
                    py::repr(item).cast<std::string>());
  }
  throw Error(Code::kInvalidArgument, "array of objects: expected only str or bytes; got " +
                                          py::repr(py::type::of(item)).cast<std::string>());
}

Tensor strings_from_array(const py::array& array) {
  Tensor tensor(DType::kString, shape_of(array));
  auto* out = tensor.data<std::string>();
  const py::list items = array.attr("ravel")().attr("tolist")();
  for (const py::handle item : items) *out++ = bytes_of(item);
  return tensor;
}

// float32 for numpy.float32, ...: numpy's own name where it is one of ours.
DType dtype_of(const py::array& array) {
  return dtype_from_name(array.dtype().attr("name").cast<std::string>());
}

}  // namespace

py::array array_from_object(const py::handle& object) {
  return py::array(py::reinterpret_borrow<py::object>(object));
}

Tensor tensor_from_array(const py::array& array) {
  const char kind = array.dtype().kind();
  if (kind == 'U' || kind == 'S' || kind == 'O') return strings_from_array(array);
  // numpy gives both byte orders one name.
  const py::dtype native = array.dtype().attr("newbyteorder")("=");
  if (!array.dtype().equal(native)) return tensor_from_array(array.attr("astype")(native));
  const DType dtype = dtype_of(array);
  auto held = py::array::ensure(array, py::array::c_style);
  if (!held) throw std::bad_alloc();  // what else can keep an array from being copied
  // The last owner may be a thread without the GIL.
  auto* kept = new py::array(held);
  std::shared_ptr<void> owner(kept, [](void* p) {
    const py::gil_scoped_acquire gil;
    delete static_cast<py::array*>(p);
  });
  return Tensor::borrow(dtype, shape_of(held), const_cast<void*>(held.data()), std::move(owner));
}

py::array array_from_tensor(const Tensor& tensor) {
  if (tensor.dtype() == DType::kString) {
    py::list items;
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      items.append(py::bytes(tensor.data<std::string>()[i]));
    const py::module_ numpy = py::module_::import("numpy");
    py::array flat = numpy.attr("empty")(tensor.size(), "object");
    flat.attr("__setitem__")(py::ellipsis(), items);
    return flat.attr("reshape")(tensor.shape());
  }
  // numpy has no bfloat16: its bits.
  const bool is_bfloat16 = tensor.dtype() == DType::kBFloat16;
  const py::dtype dtype(is_bfloat16 ? "uint16" : dtype_name(tensor.dtype()));
  auto* kept = new Tensor(tensor);
  const py::capsule owner(kept, [](void* p) { delete static_cast<Tensor*>(p); });
  return py::array(dtype, tensor.shape(), kept->raw(), owner);
}

}  // namespace holdfast::python
