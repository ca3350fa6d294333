// A model_dir seen by its one writer: it is locked against others, what interrupted saves have left
// is removed once, then checkpoints are saved, replaced and deleted. The order of calls is the
// commit protocol of FORMAT.md; changing it loses somebody's training.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "holdfast/checkpoint.h"
#include "io/checkpoint_dir.h"
#include "io/file.h"
#include "io/save_source.h"
#include "io/writer_lock.h"

namespace holdfast::io {

struct WriterOptions {
  bool sync = true;              // false: all fsync calls are left out, the order stays
  int threads = 1;               // of saving, and the most shards
  bool break_lock = false;       // take over the lock file of a machine that cannot be asked
  bool keep_unfinished = false;  // see CheckpointWriterOptions
};

// Not thread-safe. `io` outlives it.
class ModelDirWriter {
 public:
  // Creates the directory with its parents, locks it until destruction, recovers. Throws:
  // ModelDirLockedError, FailedPrecondition when it is a file, PermissionDenied, errors of the
  // calls.
  ModelDirWriter(Io& io, const std::string& model_dir, const WriterOptions& options);

  // As CheckpointWriter's functions.
  std::string save(const CheckpointContents& contents);
  std::string save(SaveSource& source);
  void remove(const std::string& path);
  std::string set_aside(const std::string& path, Aside aside);
  void write_bookkeeping(const std::string& json_text);
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  // A save in flight; see save.cpp.
  class Save;

  void open_directory();
  // recovery.cpp
  void recover();
  void recover_side(const std::string& name, const SideName& side, const Scan& found);
  void remove_unfinished(const Candidate& candidate);
  bool delete_directory(const std::string& name);  // its files and itself; false with a warning
  void replace_bookkeeping(const std::string& json_text);
  void remove_checkpoint(const std::string& path);
  void move_to_trash(const std::string& name, std::int64_t step);
  // The step in the name. Throws: InvalidArgument unless it is a checkpoint of this directory.
  std::int64_t expect_own(const std::string& path);
  std::string free_corrupt_name(std::int64_t step);
  // Nothing without options_.sync. Throws: system_error of fsync.
  void sync_model_dir();
  // 0, or -errno. A file system that cannot sync directories is a warning, once.
  int sync_directory(int directory, const std::string& path);

  bool equal_is_there(SaveSource& source);
  std::uint64_t random();
  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  Io& io_;
  std::string path_;
  WriterOptions options_;
  File directory_;
  std::unique_ptr<WriterLock> lock_;
  std::uint64_t next_seq_ = 1;    // never given twice, failed saves included
  std::uint64_t newest_seq_ = 0;  // of the latest checkpoint
  bool warned_of_sync_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace holdfast::io
