// What a caller gives for an input of a signature, as the bytes that the input takes: arrays as
// they lie where that is possible, and what numpy makes of lists, scalars, strides and other
// dtypes.
#pragma once

#include <pybind11/numpy.h>

#include <cstddef>

#include "holdfast/model.h"

namespace holdfast::python {

// An input or output.
struct Port {
  pybind11::str name;
  DType dtype;
  pybind11::dtype numpy;  // object for strings
  std::size_t item_size;
};

struct InputPlace {
  const Port& port;
  const Signature& signature;
  std::size_t input;  // of the signature
};

// In the input's dtype and C order, and what keeps it alive.
struct InputValue {
  const void* data = nullptr;
  pybind11::object array;
  Tensor strings;
};

// Writes value and type; the shape is not compared with the input's.
// Throws: InvalidArgument naming signature and input, for what loses its meaning in the input's
// dtype: text for numbers, fractions for integers, integers that it does not hold.
void read_input(PyObject* given, const InputPlace& place, InputValue& value, TensorType& type);

}  // namespace holdfast::python
