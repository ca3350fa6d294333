// The table for AArch64: NEON is part of its baseline.
#include "kernels/table_impl.h"
#include "kernels/tables.h"
#include "kernels/vec_neon.h"

namespace holdfast::kernels {

const KernelTable kNeonTable = make_table<VecNeon>();

}  // namespace holdfast::kernels
