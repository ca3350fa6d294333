// Between NumPy arrays and tensors.
#pragma once

#include <pybind11/numpy.h>

#include "holdfast/tensor.h"

namespace holdfast::python {

// The array's elements, without a copy when it is C-contiguous and of a dtype of the library; the
// tensor keeps the array alive. Text (str, bytes, object arrays of them) becomes kString, UTF-8.
// Throws: InvalidArgument for other dtypes.
Tensor tensor_from_array(const pybind11::array& array);

// What numpy makes of any object. Throws: what numpy raises where it makes no array of it.
pybind11::array array_from_object(const pybind11::handle& object);

// A new array that owns or shares the tensor's elements; kString becomes an object array of bytes,
// kBFloat16, which numpy lacks, uint16 of the same bits.
pybind11::array array_from_tensor(const Tensor& tensor);

}  // namespace holdfast::python
