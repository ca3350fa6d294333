// holdfast._core.ServingSignature: a signature of a loaded model, as something to call. Written
// with the C API, because one row through a small model costs less than a call through pybind11.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>

#include "holdfast/model.h"

namespace holdfast::python {

// Adds the type to the module.
void bind_serving_signature(pybind11::module_& module);
// A new callable for signature `index` of the model, which it keeps alive.
pybind11::object make_serving_signature(const Model& model, std::size_t index);

}  // namespace holdfast::python
