// Rewrites a list of nodes so that values which one node makes and one other uses never reach
// memory.
#pragma once

#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

// `nodes[i].inputs` are indices into `nodes`; `wanted[i]` says that somebody outside looks at the
// value. Afterwards some nodes have no users left; positions do not change. Four rules:
//   activation(dense(x, w, b))                    -> dense(x, w, b; activation)
//   activation_grad(y, dense_grad_input(dy, w))   -> dense_grad_input(dy, w, y; activation)
//   apply_*(v, ..., dense_grad_kernel(x, dy))     -> dense_grad_kernel_*(v, ..., x, dy)
//   the loss and the gradient of sparse_softmax_cross_entropy compute their exponentials once
// The arithmetic is the same, operation by operation, so the bits are too.
void fuse(std::vector<Node>& nodes, const std::vector<bool>& wanted);

}  // namespace holdfast
