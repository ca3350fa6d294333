#include "io/part_copy.h"

#include <cstring>

#include "base/copy_crc32c.h"

namespace holdfast::io {
namespace {

// The exponent bits of the elements in eight bytes; 0 for types that are always finite.
std::uint64_t exponents_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x7C007C007C007C00;
    case DType::kBFloat16:
      return 0x7F807F807F807F80;
    case DType::kFloat32:
    case DType::kComplex64:
      return 0x7F8000007F800000;
    case DType::kFloat64:
    case DType::kComplex128:
      return 0x7FF0000000000000;
    default:
      return 0;
  }
}

// Elements whose exponent bits are all ones.
template <typename Word>
std::uint64_t count_exponents(const unsigned char* block, std::size_t size, std::uint64_t bits) {
  const auto mask = static_cast<Word>(bits);
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
  const std::uint64_t exponents = exponents_of(dtype);
  switch (dtype) {
    case DType::kFloat16:
    case DType::kBFloat16:
      return count_exponents<std::uint16_t>(block, size, exponents);
    case DType::kFloat32:
    case DType::kComplex64:
      return count_exponents<std::uint32_t>(block, size, exponents);
    case DType::kFloat64:
    case DType::kComplex128:
      return count_exponents<std::uint64_t>(block, size, exponents);
    default:
      return 0;
  }
}

std::uint64_t copy_piece(SavePlan& plan, const PlannedPart& planned, std::uint64_t begin,
                         std::size_t size, unsigned char* to, CopyTo where) {
  TensorEntry& tensor = plan.manifest.tensors[planned.tensor];
  std::uint32_t& crc = tensor.parts[planned.part].crcs[begin / kChunkBytes];
  const CopyResult copied =
      copy_crc32c(to, planned.source + begin, size, begin % kChunkBytes == 0 ? 0 : crc,
                  exponents_of(tensor.dtype), where);
  crc = copied.crc;
  // Seldom: which elements they are is found out from the copy.
  return copied.flagged ? count_nonfinite(tensor.dtype, to, size) : 0;
}

}  // namespace holdfast::io
