// Copies pieces of tensors as they go into a checkpoint: each byte is loaded once, and its CRC and
// whether it is finite come from the copy, never from the live tensor, which somebody may change.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/copy_crc32c.h"
#include "io/save_plan.h"

namespace holdfast::io {

// NaN and infinite values in a block of whole elements.
std::uint64_t count_nonfinite(DType dtype, const unsigned char* block, std::size_t size);

// Copies bytes [begin, begin + size) of a part to `to`, continues the CRC of their chunk in the
// plan, and returns how many elements are not finite. Requires: the range lies in one chunk, begins
// and ends between elements, and what precedes it in its chunk was copied before. Pieces of
// different chunks may be copied from several threads at once.
std::uint64_t copy_piece(SavePlan& plan, const PlannedPart& planned, std::uint64_t begin,
                         std::size_t size, unsigned char* to, CopyTo where);

}  // namespace holdfast::io
