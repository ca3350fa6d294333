#include "base/copy_crc32c.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/crc32c_math.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HOLDFAST_COPY_TARGET __attribute__((target("avx2,pclmul,vpclmulqdq")))
#endif

namespace holdfast {
namespace {

// Adding the lowest bit of a run of ones carries into the zero above it, exactly when all its bits
// are set; so every element of eight bytes, whatever its size, is tested by one addition.
struct Flags {
  explicit Flags(std::uint64_t bits)
      : mask(bits), lowest(bits & ~(bits << 1)), above((bits << 1) & ~bits) {}
  std::uint64_t mask;
  std::uint64_t lowest;
  std::uint64_t above;
};

// The copy in blocks that stay in the first-level cache, then both checks on the copied block.
CopyResult portable(unsigned char* to, const unsigned char* from, std::size_t size,
                    std::uint32_t crc, const Flags& flags) noexcept {
  constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
  std::uint64_t carries = 0;
  for (std::size_t at = 0; at < size; at += kBlockBytes) {
    const std::size_t block = std::min(kBlockBytes, size - at);
    std::memcpy(to + at, from + at, block);
    crc = crc32c(to + at, block, crc);
    std::size_t i = 0;
    for (; i + 8 <= block; i += 8) {
      std::uint64_t word;
      std::memcpy(&word, to + at + i, sizeof word);
      carries |= (word & flags.mask) + flags.lowest;
    }
    std::uint64_t last = 0;
    std::memcpy(&last, to + at + i, block - i);
    if (i < block) carries |= (last & flags.mask) + flags.lowest;
  }
  return {crc, (carries & flags.above) != 0};
}

#if defined(HOLDFAST_COPY_TARGET)

// One pass by carry-less multiplication. Eight registers hold 256 bytes whose CRC is that of all
// bytes so far: a step multiplies each 128-bit lane by x^2048 (the 256 bytes it moves on) and adds
// the next bytes. A lane is low * x^64 + high, and a product of two reflected words comes out
// multiplied by x, so the two constants are x^(2048 + 63) and x^(2048 - 1), reduced.
//
// Why not crc32 instructions: they read general registers, so that the bytes would have to be
// loaded a second time from the live tensor, or copied first and checked behind the copy. The
// latter was measured at 2.2 times a plain copy on Zen 3, because the processor overlaps loads from
// memory with little else than the copy; this loop, with the loads announced 1 KiB ahead, takes as
// long as a plain copy.
constexpr std::size_t kStep = 256;
constexpr std::size_t kAhead = 1024;
constexpr std::uint64_t kLowFactor = std::uint64_t{crc32c_math::power_of_x(8 * kStep + 63)} << 32;
constexpr std::uint64_t kHighFactor = std::uint64_t{crc32c_math::power_of_x(8 * kStep - 1)} << 32;

template <CopyTo Where>
HOLDFAST_COPY_TARGET inline void store(unsigned char* to, __m256i value) noexcept {
  if (Where == CopyTo::kMemory) {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), value);
  } else {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
  }
}

// Requires: size is a multiple of 256 and not 0; `to` is aligned to 32 for kMemory.
template <CopyTo Where>
HOLDFAST_COPY_TARGET CopyResult fold(unsigned char* to, const unsigned char* from, std::size_t size,
                                     std::uint32_t crc, const Flags& flags) noexcept {
  const __m256i factors = _mm256_broadcastsi128_si256(
      _mm_set_epi64x(static_cast<long long>(kHighFactor), static_cast<long long>(kLowFactor)));
  const __m256i mask = _mm256_set1_epi64x(static_cast<long long>(flags.mask));
  const __m256i lowest = _mm256_set1_epi64x(static_cast<long long>(flags.lowest));
  __m256i carries = _mm256_setzero_si256();
  __m256i sums[8];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  // The state so far belongs to the first four bytes, and no earlier bytes are folded into them.
  __m256i state = _mm256_set_epi64x(0, 0, 0, static_cast<long long>(std::uint64_t{~crc}));
  for (std::size_t at = 0; at < size; at += kStep) {
    for (std::size_t line = 0; line < kStep; line += 64)
      _mm_prefetch(reinterpret_cast<const char*>(from + at + kAhead + line), _MM_HINT_T0);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 8; ++i) {
      const __m256i value =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at + 32 * i));
      store<Where>(to + at + 32 * i, value);
      carries = _mm256_or_si256(carries, _mm256_add_epi64(_mm256_and_si256(value, mask), lowest));
      const __m256i moved = _mm256_xor_si256(_mm256_clmulepi64_epi128(sums[i], factors, 0x00),
                                             _mm256_clmulepi64_epi128(sums[i], factors, 0x11));
      sums[i] = _mm256_xor_si256(moved, value);
    }
    sums[0] = _mm256_xor_si256(sums[0], state);
    state = _mm256_setzero_si256();
  }
  unsigned char rest[kStep];
  for (std::size_t i = 0; i < 8; ++i)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rest + 32 * i), sums[i]);
  const __m256i above = _mm256_set1_epi64x(static_cast<long long>(flags.above));
  return {crc32c(rest, sizeof rest, ~std::uint32_t{0}), _mm256_testz_si256(carries, above) == 0};
}

CopyResult folding(unsigned char* to, const unsigned char* from, std::size_t size,
                   std::uint32_t crc, const Flags& flags, CopyTo where) noexcept {
  const std::size_t whole = size / kStep * kStep;
  CopyResult result{crc, false};
  if (whole > 0) {
    const bool aligned = reinterpret_cast<std::uintptr_t>(to) % 32 == 0;
    if (where == CopyTo::kMemory && aligned) {
      result = fold<CopyTo::kMemory>(to, from, whole, crc, flags);
      _mm_sfence();  // such stores become visible to other threads in no order without it
    } else {
      result = fold<CopyTo::kCache>(to, from, whole, crc, flags);
    }
  }
  const CopyResult tail = portable(to + whole, from + whole, size - whole, result.crc, flags);
  return {tail.crc, result.flagged || tail.flagged};
}

#endif

}  // namespace

bool copy_runs_here(CopyKind kind) noexcept {
  if (kind == CopyKind::kPortable) return true;
#if defined(HOLDFAST_COPY_TARGET)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("vpclmulqdq");
#else
  return false;
#endif
}

CopyResult copy_crc32c_with(CopyKind kind, void* to, const void* from, std::size_t size,
                            std::uint32_t crc, std::uint64_t flags, CopyTo where) noexcept {
  auto* target = static_cast<unsigned char*>(to);
  const auto* source = static_cast<const unsigned char*>(from);
#if defined(HOLDFAST_COPY_TARGET)
  if (kind == CopyKind::kFolding) return folding(target, source, size, crc, Flags(flags), where);
#endif
  static_cast<void>(kind), static_cast<void>(where);
  return portable(target, source, size, crc, Flags(flags));
}

CopyResult copy_crc32c(void* to, const void* from, std::size_t size, std::uint32_t crc,
                       std::uint64_t flags, CopyTo where) noexcept {
  static const CopyKind kind =
      copy_runs_here(CopyKind::kFolding) ? CopyKind::kFolding : CopyKind::kPortable;
  return copy_crc32c_with(kind, to, from, size, crc, flags, where);
}

}  // namespace holdfast
