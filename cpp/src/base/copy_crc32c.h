// Copies memory and checks it on the way: every byte is loaded once, and stored, added to the CRC
// and looked at from the register. Safe from any thread; what is copied may change meanwhile, the
// result then describes the copy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast {

// Where the copy goes next.
enum class CopyTo {
  kCache,   // it is read again at once
  kMemory,  // it is not: the caches are left to others, and the old bytes are not loaded first
};

struct CopyResult {
  std::uint32_t crc;
  bool flagged;  // in some element all bits of `flags` are ones
};

// Copies `size` bytes to other memory. `crc`: of the bytes before them, as for crc32c(). `flags`:
// the bits to look at in eight bytes of elements, in each element a run of ones with a zero above
// it, such as the exponents 0x7F8000007F800000 of floats; 0 looks at nothing.
CopyResult copy_crc32c(void* to, const void* from, std::size_t size, std::uint32_t crc,
                       std::uint64_t flags, CopyTo where) noexcept;

// kFolding: AVX2 and VPCLMULQDQ.
enum class CopyKind { kPortable, kFolding };

bool copy_runs_here(CopyKind kind) noexcept;
// The same function on a named implementation. Requires: copy_runs_here(kind).
CopyResult copy_crc32c_with(CopyKind kind, void* to, const void* from, std::size_t size,
                            std::uint32_t crc, std::uint64_t flags, CopyTo where) noexcept;

}  // namespace holdfast
