// The fuzz targets: functions from bytes to nothing, which abort when a promise is broken.
// libFuzzer runs them (entry.cpp) and so does every build of the campaigns (replay.h).
//
// A promise is broken when something else than a typed error is thrown, when an input takes more
// than a second of processor or 64 MiB beyond its size, when two ways of reading disagree, or when
// a sanitizer finds something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::durability {

// Changes `size` bytes in place and returns how many they are then, at most `max`: LLVMFuzzerMutate
// or a stand-in.
using MutateBytes = std::size_t (*)(std::uint8_t* data, std::size_t size, std::size_t max);

struct FuzzTarget {
  const char* name;
  std::size_t max_bytes;  // of an input
  void (*run)(const std::string& input);
  // Structure-aware: most results pass the checksums, so that what lies behind them is reached.
  std::string (*mutate)(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes);
  std::vector<std::string> (*seeds)();  // small whole inputs to start from
};

extern const FuzzTarget kCommitTarget;     // the text of a COMMIT
extern const FuzzTarget kManifestTarget;   // the text of a manifest.json
extern const FuzzTarget kEventsTarget;     // the bytes of an event file
extern const FuzzTarget kGraphTarget;      // graph and signatures of an export
extern const FuzzTarget kDirectoryTarget;  // COMMIT, manifest and shards: fuzz_directory.h

const std::vector<const FuzzTarget*>& fuzz_targets();

}  // namespace holdfast::durability
