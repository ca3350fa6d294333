#include "io/part_copy.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace holdfast::io {
namespace {

// Elements whose exponent bits are all ones.
template <typename Word>
std::uint64_t count_exponents(const unsigned char* block, std::size_t size, Word mask) {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at + sizeof(Word) <= size; at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, block + at, sizeof word);
    count += (word & mask) == mask ? 1 : 0;
  }
  return count;
}

}  // namespace

std::uint64_t count_nonfinite(DType dtype, const unsigned char* block, std::size_t size) {
  switch (dtype) {
    case DType::kFloat16:
      return count_exponents<std::uint16_t>(block, size, 0x7C00);
    case DType::kBFloat16:
      return count_exponents<std::uint16_t>(block, size, 0x7F80);
    case DType::kFloat32:
    case DType::kComplex64:
      return count_exponents<std::uint32_t>(block, size, 0x7F800000);
    case DType::kFloat64:
    case DType::kComplex128:
      return count_exponents<std::uint64_t>(block, size, 0x7FF0000000000000);
    default:
      return 0;
  }
}

std::uint64_t copy_piece(SavePlan& plan, const PlannedPart& planned, std::uint64_t begin,
                         std::size_t size, unsigned char* to) {
  // Small enough for the first-level cache, so that the CRC finds the copy there.
  constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
  TensorEntry& tensor = plan.manifest.tensors[planned.tensor];
  const unsigned char* from = planned.source + begin;
  const std::size_t chunk = begin / kChunkBytes;
  std::uint32_t crc = begin % kChunkBytes == 0 ? 0 : tensor.parts[planned.part].crcs[chunk];
  std::uint64_t nonfinite = 0;
  for (std::size_t at = 0; at < size; at += kBlockBytes) {
    const std::size_t block = std::min(kBlockBytes, size - at);
    std::memcpy(to + at, from + at, block);
    crc = crc32c(to + at, block, crc);
    nonfinite += count_nonfinite(tensor.dtype, to + at, block);
  }
  tensor.parts[planned.part].crcs[chunk] = crc;
  return nonfinite;
}

}  // namespace holdfast::io
