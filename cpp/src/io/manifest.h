// manifest.json: what lies where in the shards, and the training state. Pure functions on bytes
// and values; one validate() serves writing and reading.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "holdfast/tensor.h"
#include "io/names.h"

namespace holdfast::io {

// Rows [row, row + rows) of a tensor, at [offset, offset + bytes) of a shard.
struct PartEntry {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
  std::vector<std::uint32_t> crcs;  // of each chunk
};

struct TensorEntry {
  std::string name;
  std::string role;
  std::string slot_of;  // these three of slots only
  std::string slot;
  std::string optimizer;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::uint64_t nonfinite = 0;
  std::vector<PartEntry> parts;
};

// What a directory of the format is: the same shards and COMMIT, another manifest.
enum class Kind {
  kCheckpoint,
  kSavedModel  // has a graph and signatures; no training state that a run could continue from
};
// "checkpoint", "exported model": as messages name it.
const char* kind_text(Kind kind);

struct Manifest {
  Kind kind = Kind::kCheckpoint;
  std::string writer_library = "holdfast";
  std::string writer_version;
  SaveId save_id{};
  std::uint64_t commit_seq = 0;
  std::uint64_t step = 0;
  std::uint64_t created_unix_ms = 0;
  std::uint64_t chunk_bytes = kChunkBytes;
  std::vector<std::uint64_t> file_bytes;
  std::vector<TensorEntry> tensors;  // sorted by name
  Json state = Json::object();       // with "global_step"
  Json model = Json::object();
  Json graph = Json::object();  // these two of exports only: api/signatures.h
  Json signatures = Json::object();
};

// The text of the manifest. Requires: validate() has passed.
std::string encode_manifest(const Manifest& manifest);

// Throws: CheckpointCorruptError, UnsafeInputError, CheckpointVersionError, naming `path`, and the
// tensor where there is one; FailedPrecondition for the other kind.
Manifest parse_manifest(std::string_view text, const std::string& path,
                        Kind kind = Kind::kCheckpoint);

// Every rule of FORMAT.md that needs no file. Throws as parse_manifest.
void validate(const Manifest& manifest, const std::string& path);

// Bytes of `rows` rows of a tensor. Requires: the shape is valid; not for strings.
std::uint64_t bytes_of_rows(const TensorEntry& tensor, std::uint64_t rows);
// Rows that parts count: shape[0], or 1 for rank 0.
std::uint64_t row_count(const Shape& shape);

// The tensor with the role "global_step". Requires: validate() has passed.
const TensorEntry& global_step_of(const Manifest& manifest);

// True when both hold the same values in the same parts: all that a restore can see, and not the
// ids, times and offsets.
bool same_contents(const Manifest& a, const Manifest& b);

}  // namespace holdfast::io
