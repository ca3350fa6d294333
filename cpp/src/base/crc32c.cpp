#include "base/crc32c.h"

#include <array>
#include <cstring>

#include "base/crc32c_math.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#define HOLDFAST_CRC32C_SSE42 1
#define HOLDFAST_CRC32C_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#define HOLDFAST_CRC32C_ARMV8 1
#if defined(__clang__)
#define HOLDFAST_CRC32C_TARGET __attribute__((target("crc")))
#else
#define HOLDFAST_CRC32C_TARGET __attribute__((target("+crc")))
#endif
#endif

namespace holdfast {
namespace {

using crc32c_math::kPolynomial;

// ---- software: eight table lookups for eight bytes -----------------------------------------

using SliceTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr SliceTables make_slice_tables() {
  SliceTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr SliceTables kSlice = make_slice_tables();

std::uint32_t software(const unsigned char* data, std::size_t size, std::uint32_t state) noexcept {
  for (; size >= 8; data += 8, size -= 8) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    for (int i = 3; i >= 0; --i) low = low << 8 | data[i];
    for (int i = 7; i >= 4; --i) high = high << 8 | data[i];
    low ^= state;
    state = kSlice[7][low & 0xFF] ^ kSlice[6][low >> 8 & 0xFF] ^ kSlice[5][low >> 16 & 0xFF] ^
            kSlice[4][low >> 24] ^ kSlice[3][high & 0xFF] ^ kSlice[2][high >> 8 & 0xFF] ^
            kSlice[1][high >> 16 & 0xFF] ^ kSlice[0][high >> 24];
  }
  for (; size > 0; ++data, --size) state = (state >> 8) ^ kSlice[0][(state ^ *data) & 0xFF];
  return state;
}

#if defined(HOLDFAST_CRC32C_TARGET)

// ---- hardware: three streams at once, because the instruction takes three cycles -----------

// Advances a state over `Bytes` zero bytes: a product with x^(8 * Bytes), a table per state byte.
template <std::size_t Bytes>
class Shift {
 public:
  constexpr Shift() {
    const std::uint32_t power = crc32c_math::power_of_x(8 * Bytes);
    // The product is linear: the four tables follow from its value on the 32 single bits.
    for (std::size_t byte = 0; byte < 4; ++byte) {
      for (std::uint32_t bit = 0; bit < 8; ++bit) {
        const std::uint32_t one = crc32c_math::multiply(power, 1u << (8 * byte + bit));
        for (std::uint32_t lower = 0; lower < (1u << bit); ++lower)
          tables_[byte][(1u << bit) | lower] = tables_[byte][lower] ^ one;
      }
    }
  }

  std::uint32_t operator()(std::uint32_t state) const noexcept {
    return tables_[0][state & 0xFF] ^ tables_[1][state >> 8 & 0xFF] ^
           tables_[2][state >> 16 & 0xFF] ^ tables_[3][state >> 24];
  }

 private:
  std::array<std::array<std::uint32_t, 256>, 4> tables_{};
};

// Long streams for large blocks, short ones for what is left of them.
constexpr std::size_t kLong = 8192;
constexpr std::size_t kShort = 256;
constexpr Shift<kLong> kShiftLong;
constexpr Shift<kShort> kShiftShort;

inline std::uint64_t load(const unsigned char* data) noexcept {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

#if defined(HOLDFAST_CRC32C_SSE42)
HOLDFAST_CRC32C_TARGET inline std::uint64_t step8(std::uint64_t state,
                                                  std::uint64_t word) noexcept {
  return _mm_crc32_u64(state, word);
}
HOLDFAST_CRC32C_TARGET inline std::uint32_t step1(std::uint32_t state,
                                                  unsigned char byte) noexcept {
  return _mm_crc32_u8(state, byte);
}
#else
HOLDFAST_CRC32C_TARGET inline std::uint64_t step8(std::uint64_t state,
                                                  std::uint64_t word) noexcept {
  return __crc32cd(static_cast<std::uint32_t>(state), word);
}
HOLDFAST_CRC32C_TARGET inline std::uint32_t step1(std::uint32_t state,
                                                  unsigned char byte) noexcept {
  return __crc32cb(state, byte);
}
#endif

// Consumes blocks of 3 * Stream bytes while there are any.
template <std::size_t Stream>
HOLDFAST_CRC32C_TARGET std::uint32_t three_streams(const unsigned char*& data, std::size_t& size,
                                                   std::uint32_t state,
                                                   const Shift<Stream>& shift) noexcept {
  for (; size >= 3 * Stream; data += 3 * Stream, size -= 3 * Stream) {
    std::uint64_t a = state;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < Stream; i += 8) {
      a = step8(a, load(data + i));
      b = step8(b, load(data + Stream + i));
      c = step8(c, load(data + 2 * Stream + i));
    }
    state = shift(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
    state = shift(state) ^ static_cast<std::uint32_t>(c);
  }
  return state;
}

HOLDFAST_CRC32C_TARGET std::uint32_t hardware(const unsigned char* data, std::size_t size,
                                              std::uint32_t state) noexcept {
  state = three_streams(data, size, state, kShiftLong);
  state = three_streams(data, size, state, kShiftShort);
  for (; size >= 8; data += 8, size -= 8)
    state = static_cast<std::uint32_t>(step8(state, load(data)));
  for (; size > 0; ++data, --size) state = step1(state, *data);
  return state;
}

#endif

using Update = std::uint32_t (*)(const unsigned char*, std::size_t, std::uint32_t) noexcept;

Update update_of(Crc32cKind kind) noexcept {
#if defined(HOLDFAST_CRC32C_TARGET)
  if (kind != Crc32cKind::kSoftware) return hardware;
#endif
  static_cast<void>(kind);
  return software;
}

Update fastest() noexcept {
  for (const Crc32cKind kind : {Crc32cKind::kSse42, Crc32cKind::kArmv8})
    if (crc32c_runs_here(kind)) return update_of(kind);
  return software;
}

}  // namespace

bool crc32c_runs_here(Crc32cKind kind) noexcept {
  if (kind == Crc32cKind::kSoftware) return true;
#if defined(HOLDFAST_CRC32C_SSE42)
  return kind == Crc32cKind::kSse42 && __builtin_cpu_supports("sse4.2");
#elif defined(HOLDFAST_CRC32C_ARMV8) && defined(__linux__)
  return kind == Crc32cKind::kArmv8 && (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#elif defined(HOLDFAST_CRC32C_ARMV8)
  return kind == Crc32cKind::kArmv8;  // every 64-bit Apple processor has it
#else
  return false;
#endif
}

std::uint32_t crc32c_with(Crc32cKind kind, const void* data, std::size_t size,
                          std::uint32_t crc) noexcept {
  return ~update_of(kind)(static_cast<const unsigned char*>(data), size, ~crc);
}

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc) noexcept {
  static const Update update = fastest();
  return ~update(static_cast<const unsigned char*>(data), size, ~crc);
}

}  // namespace holdfast
