// The table for x86-64 with AVX-512 F, BW, DQ and VL. Compiled with their flags
// (cmake/isa_flags.cmake).
#include "kernels/table_impl.h"
#include "kernels/tables.h"
#include "kernels/vec_avx512.h"

namespace holdfast::kernels {

const KernelTable kAvx512Table = make_table<VecAvx512>();

}  // namespace holdfast::kernels
