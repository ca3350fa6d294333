// Nodes that many gradient rules add.
#pragma once

#include "graph/op.h"

namespace holdfast {

// A scalar of the dtype of `like`.
NodeId scalar_like(const GradientContext& context, NodeId like, double value);

// `grad` has the shape of the forward node's value: summed over the axes along which input i was
// repeated by broadcasting.
NodeId sum_to_input(const GradientContext& context, std::size_t i, NodeId grad);

// cond ? grad : 0.
NodeId where_or_zero(const GradientContext& context, NodeId cond, NodeId grad);

}  // namespace holdfast
