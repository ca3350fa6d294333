// A checkpoint or export while it is written, W1 to W6 of FORMAT.md: shards, manifest and COMMIT in
// a directory of a temporary name. Whoever made it gives it its name; until then it can be
// discarded.
#pragma once

#include <cstdint>
#include <string>

#include "holdfast/error.h"
#include "io/directories.h"
#include "io/file.h"
#include "io/save_source.h"

namespace holdfast::io {

// Thrown while writing; becomes a CheckpointSaveError with what only the writer knows.
struct WriteFailure {
  const char* call;
  std::string path;
  int error_number;
  bool published = false;
};

// Throws WriteFailure when a call's result is -errno.
void check_written(int result, const char* call, const std::string& path);

// Where it stands.
struct StagingPlace {
  Io& io;
  int parent;  // the descriptor of the directory around it
  const std::string& parent_path;
  std::string temporary;  // its name
  bool sync;              // false: all fsync calls are left out, the order stays
  int threads;
  SyncDirectory sync_directory;
};

// Not thread-safe.
class StagedDirectory {
 public:
  // Borrows the source, whose manifest gets its save_id, commit_seq and time in begin().
  StagedDirectory(StagingPlace place, SaveSource& source);

  // Each throws WriteFailure, and std::bad_alloc. In this order:
  void begin(std::uint64_t commit_seq);  // W1
  void write_shards();                   // W2, W3
  void write_metadata();                 // W4, W5, W6: complete and closed

  // Files beside the format's own, between begin() and write_metadata().
  int descriptor() const noexcept { return directory_.get(); }
  File create(int directory, const std::string& name, const std::string& path);
  // fsync is called once for each file: after a failure the kernel may have dropped the data and
  // would report success the second time.
  void finish(File& file, const std::string& path);

  bool made() const noexcept { return made_; }
  const std::string& temporary() const noexcept { return place_.temporary; }
  // The path of the directory, or of a file in it.
  std::string shown(const std::string& name) const;
  void close() noexcept { directory_ = File(); }

 private:
  void write_shard(std::size_t index);
  void write_text(const char* name, const std::string& text);

  StagingPlace place_;
  Io& io_;
  SaveSource& source_;
  SavePlan& plan_;
  File directory_;
  bool made_ = false;
};

// The disk itself, a quota, or a limit on the size of files; not memory or descriptors.
bool is_disk_full(int error_number);

// What a failed write was of, for its error.
struct WriteSubject {
  std::string what;       // "checkpoint", "exported model"
  std::string path;       // under which it would have appeared
  std::string unharmed;   // ". Earlier checkpoints are untouched."
  std::string make_room;  // " Free space, or keep fewer checkpoints with keep_checkpoint_max."
  std::string again;      // " Save again when the file system answers."
};

// CheckpointSaveError. `directory` is any descriptor of the file system written to.
Error write_error(const WriteSubject& subject, const WriteFailure& failure,
                  const Manifest& manifest, Io& io, int directory);

}  // namespace holdfast::io
