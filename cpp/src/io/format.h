// Constants on disk: changing one changes the format (FORMAT.md). Limits of readers are here, too,
// since a writer must stay inside them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast::io {

// ---- on disk ------------------------------------------------------------------------------
constexpr std::int64_t kFormatMajor = 1;
constexpr std::int64_t kFormatMinor = 0;
constexpr char kCheckpointFormat[] = "holdfast.checkpoint";
constexpr char kSavedModelFormat[] = "holdfast.savedmodel";
constexpr char kBookkeepingFormat[] = "holdfast.state";
constexpr char kShardMagic[] = "HFSHARD1";  // 8 bytes without the terminator
constexpr std::size_t kShardMagicBytes = 8;
constexpr std::uint64_t kShardHeaderBytes = 64;
constexpr std::uint64_t kPartAlignment = 64;  // a cache line
constexpr std::uint64_t kPageAlignment = 4096;
constexpr std::uint64_t kPageAlignedFrom = std::uint64_t{1} << 20;  // parts this large start a page
constexpr std::uint64_t kMaxGap = 4096;                             // exclusive
constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;       // one CRC each
constexpr std::uint64_t kShardTargetBytes = std::uint64_t{64} << 20;
constexpr std::size_t kSaveIdBytes = 16;

// ---- limits of readers --------------------------------------------------------------------
constexpr std::uint64_t kMaxInteger = (std::uint64_t{1} << 53) - 1;
constexpr std::size_t kMaxCommitBytes = 512;
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxBookkeepingBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxUserStateBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxFiles = 65'536;
constexpr std::size_t kMaxTensors = 262'144;
constexpr std::size_t kMaxParts = 1'048'576;
constexpr std::size_t kMaxRank = 32;
constexpr std::uint64_t kMinChunkBytes = 4096;
// What a reader takes in before it sees that a chunk is wrong.
constexpr std::uint64_t kMaxChunkBytes = std::uint64_t{4} << 20;

}  // namespace holdfast::io
