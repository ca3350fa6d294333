// The tables this build holds; dispatch.cpp chooses among them.
#pragma once

#include "kernels/kernels.h"

namespace holdfast::kernels {

extern const KernelTable kScalarTable;
#if defined(__x86_64__)
extern const KernelTable kAvx2Table;
extern const KernelTable kAvx512Table;
#elif defined(__aarch64__)
extern const KernelTable kNeonTable;
#endif

}  // namespace holdfast::kernels
