// What module.cpp calls: one function for each bind_*.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace holdfast::python {

void bind_dataset(pybind11::module_& module);
void bind_text_files(pybind11::module_& module);
void bind_errors(pybind11::module_& module);
void bind_checkpoint(pybind11::module_& module);
void bind_graph(pybind11::module_& module);
void bind_trainer(pybind11::module_& module);

}  // namespace holdfast::python
