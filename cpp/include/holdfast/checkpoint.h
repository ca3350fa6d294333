// Checkpoints: a mapping from names to tensors plus a JSON state, written so that a power cut
// cannot harm it and read so that damage cannot pass. The format is cpp/src/io/FORMAT.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/export.h"
#include "holdfast/tensor.h"

namespace holdfast {

// One tensor of a checkpoint. role is "variable", "slot", "global_step", "state" or "vocabulary";
// the three slot fields are empty unless role is "slot".
struct NamedTensor {
  std::string name;
  std::string role = "variable";
  std::string slot_of;    // the variable's name
  std::string slot;       // "accumulator", ...
  std::string optimizer;  // "Adagrad", ...
  Tensor value;
};

// Everything one save holds. Exactly one tensor has the role "global_step" (int64, rank 0); its
// value is the step.
struct CheckpointContents {
  std::vector<NamedTensor> tensors;
  std::string state_json =
      "{}";  // the manifest's "state" without global_step: rng, input, schedule, user
  std::string model_json = "{}";  // the manifest's "model"
};

// What a reader learns before reading data.
struct TensorInfo {
  std::string name;
  std::string role;
  std::string slot_of;
  std::string slot;
  std::string optimizer;
  DType dtype;
  Shape shape;
  std::int64_t nonfinite;  // NaN or infinite elements counted while saving
  std::int64_t bytes = 0;  // in its files
};

struct CheckpointInfo {
  std::string path;  // model_dir/model.ckpt-<step>
  std::int64_t step;
  std::int64_t commit_seq;
  std::int64_t created_unix_ms;
  std::int64_t bytes;      // of all files
  std::int64_t nonfinite;  // of all tensors
};

// A directory that looks like a checkpoint and cannot be used.
struct CheckpointProblem {
  std::string path;
  std::string reason;
  std::int64_t step = 0;
  std::int64_t commit_seq = 0;  // 0: its COMMIT does not tell
  bool unfinished = false;  // no COMMIT, or one cut short: never saved to the end, or not all here
};

// Why a checkpoint is put under another name, which no reader takes for one.
enum class Aside {
  kCorrupt,  // model.ckpt-<step>.corrupt: damaged, and training continues from an older one
  kRejected  // .rejected-model.ckpt-<step>-<16 hex>: none can be used, and training begins anew
};

// Gives the usual roles by name: "global_step" is the global step; "<variable>/Adagrad",
// "<variable>/t_0/Adagrad", "<variable>/Adam_1" and so on are slots when <variable> is there, too.
// Other tensors keep their roles.
HOLDFAST_API void assign_roles(std::vector<NamedTensor>& tensors);

// A copy of everything one save holds, checksums included: once it is made, the tensors may change
// while the copy is saved. Its memory is kept for the next copy. Not thread-safe, but one thread
// may stage and another save.
class HOLDFAST_API StagedCheckpoint {
 public:
  StagedCheckpoint();
  ~StagedCheckpoint();
  StagedCheckpoint(StagedCheckpoint&&) noexcept;
  StagedCheckpoint& operator=(StagedCheckpoint&&) noexcept;

  // Replaces what was staged before. threads: of copying, and the most shards; 0 means the default
  // of the process. Throws: CheckpointSaveError with the code ResourceExhausted, naming the bytes
  // needed, when memory is short; InvalidArgument for contents that are no checkpoint. It is empty
  // then, and `contents` is as it was.
  void stage(const CheckpointContents& contents, int threads = 0);

  bool empty() const noexcept;
  std::int64_t step() const;            // Throws: FailedPrecondition when empty.
  std::int64_t bytes() const noexcept;  // of the files it will become; 0 when empty

 private:
  friend class CheckpointWriter;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class Durability {
  kFull,
  kProcess
};  // kProcess: no syncs; safe against kill -9, not against power loss

struct CheckpointWriterOptions {
  Durability durability = Durability::kFull;
  int threads = 0;  // of saving; 0 means the default of the process
  // Takes over from a writer on another machine, where the file system cannot lock files and so
  // cannot tell whether that one still runs. Never from one that is known to run.
  bool break_lock = false;
  // Directories without a COMMIT stay: the caller sets them aside. Otherwise they are removed, if a
  // whole checkpoint stands beside them.
  bool keep_unfinished = false;
};

// Writes the checkpoints of one model_dir (created with its parents when missing), which stays
// locked against other writers until close() or destruction. A forked child cannot use it.
class HOLDFAST_API CheckpointWriter {
 public:
  // Removes what interrupted saves have left. Throws: ModelDirLockedError, before anything is
  // changed, while another writer has the model_dir, in this process or another; FailedPrecondition
  // when model_dir is a file,
  // PermissionDenied when it cannot be written.
  explicit CheckpointWriter(const std::string& model_dir,
                            const CheckpointWriterOptions& options = {});
  ~CheckpointWriter();
  CheckpointWriter(CheckpointWriter&&) noexcept;
  CheckpointWriter& operator=(CheckpointWriter&&) noexcept;

  // Returns the path of the checkpoint, durable on return (kFull). A checkpoint of the same step
  // with equal contents is kept as it is; one with other contents is replaced. Throws:
  // CheckpointSaveError; earlier checkpoints stay untouched.
  std::string save(const CheckpointContents& contents);
  // The same for a copy, which stays as it is: after an error it can be saved again, to new files.
  // Also throws: FailedPrecondition when nothing is staged.
  std::string save(StagedCheckpoint& staged);

  // Deletes one checkpoint of this model_dir by its path: rename to a trash name first, then
  // unlink. Throws: FailedPrecondition when it is pinned.
  void remove(const std::string& path);

  // Renames a checkpoint of this model_dir that cannot be used, and keeps every byte of it; durable
  // on return (kFull). Returns the new path. Retention and recovery leave such names alone. Throws:
  // InvalidArgument for other paths; errors of the calls.
  std::string set_aside(const std::string& path, Aside aside = Aside::kCorrupt);

  // Writes checkpoint.json, the notes of retention beside the checkpoints: an object with "all" (a
  // list of {"name", "step", "commit_seq", "created_unix_ms", "keep"}) and, optionally, "best" and
  // "last_preserved_unix_ms". Adds "format", "latest" and "next_seq". Advisory: losing the file
  // loses the reasons for keeping, never a checkpoint. Throws: InvalidArgument; errors of writing.
  void write_bookkeeping(const std::string& json_text);

  // What went wrong without harm since the last call: leftovers that could not be removed, a file
  // system without fsync for directories, ...
  std::vector<std::string> take_warnings();

  // Releases the model_dir. Every other call then throws FailedPrecondition.
  void close() noexcept;

 private:
  struct Impl;
  Impl& open() const;
  std::unique_ptr<Impl> impl_;
};

// One checkpoint, opened and verified as far as the manifest; data is verified when read.
// Const calls are safe from many threads at once.
class HOLDFAST_API CheckpointReader {
 public:
  // Throws: NoCheckpointError, CheckpointCorruptError, CheckpointVersionError, UnsafeInputError.
  explicit CheckpointReader(const std::string& path);
  // The latest checkpoint of a model_dir. Starts over when retention removes it meanwhile.
  // Throws: as the constructor; NoCheckpointError when there is none.
  static CheckpointReader open_latest(const std::string& model_dir);
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;
  CheckpointReader& operator=(CheckpointReader&&) noexcept;

  const CheckpointInfo& info() const noexcept;
  const std::vector<TensorInfo>& tensors() const noexcept;         // sorted by name
  const TensorInfo* find(const std::string& name) const noexcept;  // nullptr: not there
  const std::string& state_json() const noexcept;
  const std::string& model_json() const noexcept;

  // Throws: NotFound, naming the closest names; CheckpointCorruptError.
  Tensor read(const std::string& name) const;
  // Those tensors in that order, read in parallel, or nothing. Throws: as read.
  std::vector<Tensor> read(const std::vector<std::string>& names, int threads = 0) const;
  // All tensors in the order of tensors(), read in parallel, or nothing.
  std::vector<Tensor> read_all(int threads = 0) const;
  // Reads every byte, gaps included. Throws: CheckpointCorruptError.
  void verify() const;

 private:
  struct Impl;
  explicit CheckpointReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The whole checkpoints of a model_dir by ascending commit_seq, verified as far as their manifests;
// empty when there are none or no such directory. Throws: CheckpointCorruptError, listing each with
// its reason, when candidates exist and none can be used; FailedPrecondition when TensorFlow's
// checkpoints are all there is.
HOLDFAST_API std::vector<CheckpointInfo> list_checkpoints(const std::string& model_dir);
// What list_checkpoints leaves out, and why.
HOLDFAST_API std::vector<CheckpointProblem> checkpoint_problems(const std::string& model_dir);
// The one with a valid COMMIT and the highest commit_seq. Damage behind its COMMIT shows when it is
// opened, so that it is never passed over in silence. Throws: as list_checkpoints.
HOLDFAST_API std::optional<std::string> latest_checkpoint(const std::string& model_dir);
// The text of checkpoint.json, checked; nothing when there is none. Throws: CheckpointCorruptError
// when it is damaged: list_checkpoints has all that is needed to write a new one.
HOLDFAST_API std::optional<std::string> read_bookkeeping(const std::string& model_dir);

// Keeps a checkpoint, given by its path, from being removed until it is unpinned; durable on
// return. Needs no lock: a writer may be at work. A run that saves the same step again still
// replaces it. Throws: NoCheckpointError when it is not there (any more), CheckpointCorruptError,
// InvalidArgument when the path does not end in model.ckpt-<step>, errors of writing.
HOLDFAST_API void pin_checkpoint(const std::string& path);
// Nothing happens when it is not pinned. Throws: as pin_checkpoint, though it need not be there.
HOLDFAST_API void unpin_checkpoint(const std::string& path);
// The names (model.ckpt-<step>) that are pinned, whether they are there or not, sorted by step.
HOLDFAST_API std::vector<std::string> pinned_checkpoints(const std::string& model_dir);

}  // namespace holdfast
