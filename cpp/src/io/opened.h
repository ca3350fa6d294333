// One checkpoint or export, opened: COMMIT, manifest and every shard verified as far as their
// headers. Only descriptors are used afterwards, so that deleting or renaming the directory does
// not matter. Const calls are safe from many threads at once.
#pragma once

#include <string>
#include <vector>

#include "holdfast/tensor.h"
#include "io/commit.h"
#include "io/fault.h"
#include "io/file.h"
#include "io/manifest.h"

namespace holdfast::io {

class OpenedCheckpoint {
 public:
  // Throws: NoCheckpointError (of exports NotFound) when there is none, with the detail "vanished"
  // when it was there a moment ago; CheckpointCorruptError, CheckpointVersionError,
  // UnsafeInputError.
  OpenedCheckpoint(Io& io, const std::string& path, Kind kind = Kind::kCheckpoint);

  const std::string& path() const noexcept { return path_; }
  const Manifest& manifest() const noexcept { return manifest_; }
  std::uint64_t bytes() const noexcept { return bytes_; }  // of all files

  // Data is verified while it is read. Throws: CheckpointCorruptError, ResourceExhausted.
  Tensor read(const TensorEntry& tensor) const;
  // The chosen ones in their order, in parallel, or nothing.
  std::vector<Tensor> read(const std::vector<const TensorEntry*>& tensors, int threads) const;
  // All, and the gaps between them.
  std::vector<Tensor> read_all(int threads) const;
  void verify(int threads) const;

 private:
  struct Chunk;
  Place place_of(const std::string& file, const std::string& tensor = {}, std::int64_t offset = -1,
                 std::int64_t bytes = -1) const;
  [[noreturn]] void out_of_memory() const;
  // The steps of opening, in this order.
  Commit valid_commit(int directory) const;
  void open_manifest(int directory, const Commit& commit);
  void open_shards(int directory);
  bool has_vanished(int directory) const;
  // opened_data.cpp
  void read_chunk(const Chunk& chunk) const;
  void add_chunks(const TensorEntry& tensor, unsigned char* to, std::vector<Chunk>& chunks) const;
  void check_gaps(int threads) const;
  Tensor read_strings(const TensorEntry& tensor) const;
  void check_step(const TensorEntry& tensor, const Tensor& value) const;

  Io* io_;
  std::string path_;
  Kind kind_;
  Manifest manifest_;
  std::vector<File> shards_;
  std::uint64_t bytes_ = 0;
};

// Reads and parses the COMMIT of an opened directory: kUnfinished also when there is none.
// Throws: UnsafeInputError when it is no plain file.
CommitResult read_commit(Io& io, int directory, const std::string& path,
                         Kind kind = Kind::kCheckpoint);

}  // namespace holdfast::io
