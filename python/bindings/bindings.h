// What module.cpp calls: one function for each bind_*.cpp.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "holdfast/error.h"

namespace holdfast::python {

void bind_dataset(pybind11::module_& module);
void bind_text_files(pybind11::module_& module);
void bind_errors(pybind11::module_& module);
void bind_checkpoint(pybind11::module_& module);
void bind_model(pybind11::module_& module);
void bind_graph(pybind11::module_& module);
void bind_summary(pybind11::module_& module);
void bind_trainer(pybind11::module_& module);

// Sets the Python error that stands for a C++ one.
void raise(const Error& error);

// Messages quote what stands in files, which need not be UTF-8: such bytes show as \xe3.
pybind11::str text_of(const std::string& bytes);

}  // namespace holdfast::python
