// The activations by the names that nodes use.
#pragma once

#include <string>

#include "kernels/kernels.h"

namespace holdfast {

// nullptr: not an activation. "linear" is none, on purpose: there is no such node.
const kernels::Activation* find_activation(const std::string& op) noexcept;

// Of the attribute "activation"; "linear" included. Throws InvalidArgument listing the names.
kernels::Activation activation_from_name(const std::string& name);

}  // namespace holdfast
