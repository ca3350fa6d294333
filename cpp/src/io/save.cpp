// One save, W1 to W9 of FORMAT.md, and the notes beside the checkpoints.
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

#include "base/crc32c.h"
#include "io/bookkeeping.h"
#include "io/fault.h"
#include "io/live_source.h"
#include "io/model_dir_writer.h"
#include "io/parallel.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

// Write-back starts each time so much is written, so that the final fsync finds little to do.
constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;

// Thrown inside a save; becomes a CheckpointSaveError with what only the save knows.
struct Failure {
  const char* call;
  std::string path;
  int error_number;
  bool published = false;
};

// The disk itself, a quota, or a limit on the size of files; not memory or descriptors.
bool is_disk_full(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

void check(int result, const char* call, const std::string& path) {
  if (result < 0) throw Failure{call, path, -result};
}

}  // namespace

class ModelDirWriter::Save {
 public:
  Save(ModelDirWriter& writer, SaveSource& source)
      : writer_(writer),
        io_(writer.io_),
        source_(source),
        plan_(source.plan()),
        step_(static_cast<std::int64_t>(plan_.manifest.step)),
        temporary_(side_name(SideKind::kTemporary, step_, writer.random())),
        target_(checkpoint_name(step_)) {}

  std::string run() {
    const std::string path = join_path(writer_.path_, target_);
    try {
      begin();
      write_shards();
      write_metadata();
      publish();
      return path;
    } catch (const Failure& failure) {
      throw error_of(failure);
    } catch (const std::bad_alloc&) {
      throw error_of({"allocate memory for", path, ENOMEM, published_});
    } catch (...) {
      discard();
      throw;
    }
  }

 private:
  void begin() {  // W1
    check(io_.mkdir(writer_.directory_.get(), temporary_), "mkdir", shown(""));
    made_ = true;
    const int descriptor = io_.open(writer_.directory_.get(), temporary_, OpenMode::kDirectory);
    check(descriptor, "open", shown(""));
    directory_ = File(io_, descriptor);
    Manifest& manifest = plan_.manifest;
    check(io_.random(manifest.save_id.data(), manifest.save_id.size()), "getentropy", shown(""));
    manifest.commit_seq = writer_.next_seq_++;
    manifest.created_unix_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, io_.now_unix_ms()));
  }

  void write_shards() {  // W2, W3
    run_parallel(writer_.options_.threads, plan_.shards.size(),
                 [&](std::size_t i) { write_shard(i); });
    plan_.sum_nonfinite();
  }

  void write_shard(std::size_t index) {
    const std::size_t count = plan_.shards.size();
    const std::uint64_t bytes = plan_.manifest.file_bytes[index];
    const std::string path = shown(shard_name(index, count));
    File file = create(shard_name(index, count));
    // The whole size at once, so that a full disk shows now.
    const int allocated = io_.fallocate(file.get(), bytes);
    if (allocated != -EOPNOTSUPP && allocated != -ENOSYS) check(allocated, "fallocate", path);
    const ShardHeaderBytes header =
        encode_shard_header({plan_.manifest.save_id, static_cast<std::uint32_t>(index),
                             static_cast<std::uint32_t>(count), bytes});
    std::uint64_t started = 0;
    source_.write(index, header,
                  [&](const unsigned char* block, std::size_t size, std::uint64_t offset) {
                    check(write_all(io_, file.get(), block, size, offset), "pwrite", path);
                    const std::uint64_t end = offset + size;
                    if (writer_.options_.sync && end - started >= kWritebackBytes) {
                      static_cast<void>(io_.start_writeback(file.get(), started, end - started));
                      started = end;
                    }
                  });
    finish(file, path);
  }

  void write_metadata() {  // W4, W5, W6
    validate(plan_.manifest, shown(""));
    const std::string manifest = encode_manifest(plan_.manifest);
    write_text(kManifestName, manifest);
    const Commit commit{plan_.manifest.save_id, plan_.manifest.commit_seq, plan_.manifest.step,
                        manifest.size(), crc32c(manifest.data(), manifest.size())};
    write_text(kCommitName, encode_commit(commit));
    if (writer_.options_.sync)
      check(writer_.sync_directory(directory_.get(), shown("")), "fsync", shown(""));
    check(directory_.close(), "close", shown(""));
  }

  void publish() {  // W7, W8
    std::string replaced;
    FileStat stat;
    const int there = io_.stat(writer_.directory_.get(), target_, stat);
    if (there == 0) {
      replaced = make_room();
    } else if (there != -ENOENT) {
      check(there, "stat", join_path(writer_.path_, target_));
    }
    if (!published_) rename_into_place();
    if (writer_.options_.sync) {
      const int synced = writer_.sync_directory(writer_.directory_.get(), writer_.path_);
      if (synced < 0) throw Failure{"fsync", writer_.path_, -synced, true};
    }
    // Not before: what may not be durable is written anew when the same step is saved again.
    writer_.newest_seq_ = plan_.manifest.commit_seq;
    if (!replaced.empty()) delete_replaced(replaced);
  }

  void rename_into_place() {
    const int directory = writer_.directory_.get();
    int renamed = io_.rename(directory, temporary_, target_, RenameMode::kNoReplace);
    if (renamed == -EINVAL || renamed == -ENOSYS || renamed == -EOPNOTSUPP) {
      // No such flag here. The name was free a moment ago and this is the one writer.
      renamed = io_.rename(directory, temporary_, target_, RenameMode::kReplace);
    }
    check(renamed, "rename", join_path(writer_.path_, target_));
    published_ = true;
  }

  // The name is taken. A checkpoint is swapped with the new one (published then) or put aside; what
  // is damaged is kept under another name; what never was a checkpoint goes. Returns what to delete
  // once the new one is durable.
  std::string make_room() {
    const int directory = writer_.directory_.get();
    const Candidate old = look_at_target();
    if (old.state == CommitState::kDamaged || old.state == CommitState::kNewer) {
      std::string aside = corrupt_name(step_);
      FileStat stat;
      if (io_.stat(directory, aside, stat) == 0) aside = corrupt_name(step_, writer_.random());
      check(io_.rename(directory, target_, aside, RenameMode::kReplace), "rename",
            join_path(writer_.path_, target_));
      writer_.warn("checkpoint " + join_path(writer_.path_, target_) +
                   ": cannot be used and is now named " + aside + ": " + old.reason);
      return {};
    }
    const int swapped = io_.rename(directory, temporary_, target_, RenameMode::kExchange);
    if (swapped == 0) {
      published_ = true;
      return temporary_;
    }
    if (swapped != -EINVAL && swapped != -ENOSYS && swapped != -EOPNOTSUPP)
      check(swapped, "rename", join_path(writer_.path_, target_));
    aside_ = side_name(SideKind::kOld, step_, writer_.random());
    check(io_.rename(directory, target_, aside_, RenameMode::kReplace), "rename",
          join_path(writer_.path_, target_));
    return aside_;
  }

  Candidate look_at_target() {
    Candidate old;
    const std::string path = join_path(writer_.path_, target_);
    const int descriptor = io_.open(writer_.directory_.get(), target_, OpenMode::kDirectory);
    if (descriptor == -ENOTDIR || descriptor == -ELOOP) {
      old.state = CommitState::kDamaged;
      old.reason = "cannot be opened: " + errno_text(-descriptor);
      return old;
    }
    check(descriptor, "open", path);  // it may be whole: nothing is done to it
    const File opened(io_, descriptor);
    try {
      const CommitResult result = read_commit(io_, descriptor, path);
      old.state = result.state;
      old.reason = result.reason;
    } catch (const Error& error) {
      check(-errno_of(error), "read", path);
      old.state = CommitState::kDamaged;
      old.reason = error.what();
    }
    return old;
  }

  void delete_replaced(const std::string& name) {
    const std::string trash = side_name(SideKind::kTrash, step_, writer_.random());
    const int renamed = io_.rename(writer_.directory_.get(), name, trash, RenameMode::kReplace);
    writer_.delete_directory(renamed == 0 ? trash : name);
  }

  File create(const std::string& name) {
    const int descriptor = io_.open(directory_.get(), name, OpenMode::kCreate);
    check(descriptor, "open", shown(name));
    return {io_, descriptor};
  }

  void write_text(const char* name, const std::string& text) {
    File file = create(name);
    check(write_all(io_, file.get(), text.data(), text.size(), 0), "pwrite", shown(name));
    finish(file, shown(name));
  }

  // fsync is called once for each file: after a failure the kernel may have dropped the data and
  // would report success the second time.
  void finish(File& file, const std::string& path) {
    if (writer_.options_.sync) check(io_.fsync(file.get()), "fsync", path);
    check(file.close(), "close", path);
  }

  // Best effort: earlier checkpoints are untouched either way.
  void discard() {
    if (published_) return;
    directory_ = File();
    if (made_) writer_.delete_directory(temporary_);
    FileStat stat;
    if (!aside_.empty() && io_.stat(writer_.directory_.get(), target_, stat) == -ENOENT)
      static_cast<void>(
          io_.rename(writer_.directory_.get(), aside_, target_, RenameMode::kReplace));
  }

  Error error_of(const Failure& failure) {
    std::uint64_t needed = 0;
    for (const std::uint64_t bytes : plan_.manifest.file_bytes) needed += bytes;
    std::uint64_t free = 0;
    const bool free_known = io_.free_bytes(writer_.directory_.get(), free) == 0;
    discard();
    const bool full = is_disk_full(failure.error_number);
    std::string text = "checkpoint " + join_path(writer_.path_, target_) + ": " + failure.call +
                       " " + failure.path + ": " + errno_text(failure.error_number) + "; needs " +
                       std::to_string(needed) + " bytes";
    if (free_known) text += ", " + std::to_string(free) + " are free";
    text += failure.published ? ". The checkpoint is whole but not known to be durable."
                              : ". Earlier checkpoints are untouched.";
    if (failure.error_number == ENOMEM)
      text += " Free memory, then save again.";
    else if (full)
      text += " Free space, or keep fewer checkpoints with keep_checkpoint_max.";
    else
      text += " Save again when the file system answers.";
    ErrorDetails details{{"path", join_path(writer_.path_, target_)},
                         {"file", failure.path},
                         {"call", failure.call},
                         {"step", std::to_string(step_)},
                         {"errno", std::to_string(failure.error_number)},
                         {"bytes_needed", std::to_string(needed)},
                         {"published", failure.published ? "true" : "false"}};
    if (free_known) details["bytes_free"] = std::to_string(free);
    return {full ? Code::kResourceExhausted : Code::kUnavailable, text, std::move(details),
            "CheckpointSaveError"};
  }

  std::string shown(const std::string& name) const {
    const std::string path = join_path(writer_.path_, temporary_);
    return name.empty() ? path : join_path(path, name);
  }

  ModelDirWriter& writer_;
  Io& io_;
  SaveSource& source_;
  SavePlan& plan_;
  std::int64_t step_;
  std::string temporary_;
  std::string target_;
  std::string aside_;
  File directory_;
  bool made_ = false;
  bool published_ = false;
};

// True when the newest checkpoint is of this step and holds the same values. An older one of the
// same step is not enough: the save shall become the latest.
bool ModelDirWriter::equal_is_there(SaveSource& source) {
  const SavePlan& plan = source.plan();
  const std::string path =
      join_path(path_, checkpoint_name(static_cast<std::int64_t>(plan.manifest.step)));
  FileStat stat;
  if (io_.stat(directory_.get(), split_path(path).name, stat) < 0) return false;
  try {
    const OpenedCheckpoint there(io_, path);
    if (there.manifest().commit_seq != newest_seq_ ||
        there.manifest().tensors.size() != plan.manifest.tensors.size())
      return false;
    source.checksum(options_.threads);
    return same_contents(plan.manifest, there.manifest());
  } catch (const Error&) {
    return false;  // cannot be used: replaced or put aside by the save
  }
}

std::string ModelDirWriter::save(SaveSource& source) {
  lock_->check_owned();
  const auto run = [&]() -> std::string {
    if (equal_is_there(source))
      return join_path(path_,
                       checkpoint_name(static_cast<std::int64_t>(source.plan().manifest.step)));
    return Save(*this, source).run();
  };
  return with_memory(path_, "save", run, "CheckpointSaveError");
}

std::string ModelDirWriter::save(const CheckpointContents& contents) {
  lock_->check_owned();  // before the contents are looked at
  const auto plan = [&] { return std::make_unique<LiveSource>(contents, options_.threads); };
  return save(*with_memory(path_, "plan the save", plan, "CheckpointSaveError"));
}

void ModelDirWriter::write_bookkeeping(const std::string& json_text) {
  lock_->check_owned();
  with_memory(path_, "write checkpoint.json", [&] { replace_bookkeeping(json_text); });
}

void ModelDirWriter::replace_bookkeeping(const std::string& json_text) {  // W10
  const std::string text = encode_bookkeeping(json_text, next_seq_);
  const int directory = directory_.get();
  const std::string temporary = bookkeeping_temporary_name(random());
  const std::string path = join_path(path_, kBookkeepingName);
  const int descriptor = io_.open(directory, temporary, OpenMode::kCreate);
  if (descriptor < 0) throw system_error("open", path, -descriptor);
  File file(io_, descriptor);
  const char* call = "pwrite";
  int result = write_all(io_, descriptor, text.data(), text.size(), 0);
  if (result == 0 && options_.sync) {
    call = "fsync";
    result = io_.fsync(descriptor);
  }
  if (result == 0) {
    call = "close";
    result = file.close();
  }
  if (result == 0) {
    call = "rename";
    result = io_.rename(directory, temporary, kBookkeepingName, RenameMode::kReplace);
  }
  if (result < 0) {
    static_cast<void>(io_.unlink(directory, temporary));
    throw system_error(call, path, -result);
  }
  if (!options_.sync) return;
  const int synced = sync_directory(directory, path_);
  if (synced < 0) throw system_error("fsync", path_, -synced);
}

}  // namespace holdfast::io
