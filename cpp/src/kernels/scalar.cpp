// The table of every machine: one float at a time, compiled for the baseline of the architecture.
#include "kernels/table_impl.h"
#include "kernels/tables.h"
#include "kernels/vec_scalar.h"

namespace holdfast::kernels {

const KernelTable kScalarTable = make_table<VecScalar>();

}  // namespace holdfast::kernels
