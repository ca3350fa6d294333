// Between Python values and the attributes of a node.
#pragma once

#include <pybind11/pybind11.h>

#include "holdfast/graph.h"

namespace holdfast::python {

// dict of str to bool, int, float, str, bytes, or a list of ints, floats (ints may stand among
// them), strs, bytes. Throws: InvalidArgument naming the key for anything else.
Attributes attributes_from_dict(const pybind11::dict& dict);
pybind11::dict dict_from_attributes(const Attributes& attributes);

}  // namespace holdfast::python
