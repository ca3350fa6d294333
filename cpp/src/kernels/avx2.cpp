// The table for x86-64 with AVX2 and FMA. Compiled with their flags (cmake/isa_flags.cmake).
#include "kernels/table_impl.h"
#include "kernels/tables.h"
#include "kernels/vec_avx2.h"

namespace holdfast::kernels {

const KernelTable kAvx2Table = make_table<VecAvx2>();

}  // namespace holdfast::kernels
