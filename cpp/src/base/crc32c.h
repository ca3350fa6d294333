// CRC-32C (Castagnoli): the checksum of checkpoints and event files. Pure functions, safe from any
// thread. Source: RFC 3720, appendix B.4; polynomial 0x1EDC6F41, reflected, init and xorout ~0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast {

// The CRC of `size` bytes; with `crc` = the CRC of the bytes before them, the CRC of both together.
// Runs on the fastest implementation of this machine, chosen at first use.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc = 0) noexcept;

enum class Crc32cKind { kSoftware, kSse42, kArmv8 };

bool crc32c_runs_here(Crc32cKind kind) noexcept;
// The same function on a named implementation. Requires: crc32c_runs_here(kind).
std::uint32_t crc32c_with(Crc32cKind kind, const void* data, std::size_t size,
                          std::uint32_t crc = 0) noexcept;

}  // namespace holdfast
