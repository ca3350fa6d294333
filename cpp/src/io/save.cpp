// One save, W1 to W8 of FORMAT.md, and the notes beside the checkpoints.
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

#include "io/bookkeeping.h"
#include "io/fault.h"
#include "io/live_source.h"
#include "io/model_dir_writer.h"
#include "io/staged_directory.h"

namespace holdfast::io {

class ModelDirWriter::Save {
 public:
  Save(ModelDirWriter& writer, SaveSource& source)
      : writer_(writer),
        io_(writer.io_),
        manifest_(source.plan().manifest),
        step_(static_cast<std::int64_t>(manifest_.step)),
        target_(checkpoint_name(step_)),
        staged_({io_, writer.directory_.get(), writer.path_,
                 side_name(SideKind::kTemporary, step_, writer.random()), writer.options_.sync,
                 writer.options_.threads,
                 [&writer](int directory, const std::string& path) {
                   return writer.sync_directory(directory, path);
                 }},
                source) {}

  std::string run() {
    const std::string path = join_path(writer_.path_, target_);
    try {
      staged_.begin(writer_.next_seq_++);  // W1: never given twice, failed saves included
      staged_.write_shards();              // W2, W3
      staged_.write_metadata();            // W4, W5, W6
      publish();                           // W7, W8
      return path;
    } catch (const WriteFailure& failure) {
      throw error_of(failure);
    } catch (const std::bad_alloc&) {
      throw error_of({"allocate memory for", path, ENOMEM, published_});
    } catch (...) {
      discard();
      throw;
    }
  }

 private:
  void publish() {
    std::string replaced;
    FileStat stat;
    const int there = io_.stat(writer_.directory_.get(), target_, stat);
    if (there == 0) {
      replaced = make_room();
    } else if (there != -ENOENT) {
      check_written(there, "stat", join_path(writer_.path_, target_));
    }
    if (!published_) rename_into_place();
    if (writer_.options_.sync) {
      const int synced = writer_.sync_directory(writer_.directory_.get(), writer_.path_);
      if (synced < 0) throw WriteFailure{"fsync", writer_.path_, -synced, true};
    }
    // Not before: what may not be durable is written anew when the same step is saved again.
    writer_.newest_seq_ = manifest_.commit_seq;
    if (!replaced.empty()) delete_replaced(replaced);
  }

  void rename_into_place() {
    // The name was free a moment ago and this is the one writer.
    check_written(rename_to_free(io_, writer_.directory_.get(), staged_.temporary(), target_),
                  "rename", join_path(writer_.path_, target_));
    published_ = true;
  }

  // The name is taken. A checkpoint is swapped with the new one (published then) or put aside; what
  // is damaged is kept under another name; what never was a checkpoint goes. Returns what to delete
  // once the new one is durable.
  std::string make_room() {
    const int directory = writer_.directory_.get();
    const Candidate old = look_at_target();
    if (old.state == CommitState::kDamaged || old.state == CommitState::kNewer) {
      const std::string aside = writer_.free_corrupt_name(step_);
      check_written(io_.rename(directory, target_, aside, RenameMode::kReplace), "rename",
                    join_path(writer_.path_, target_));
      writer_.warn("checkpoint " + join_path(writer_.path_, target_) +
                   ": cannot be used and is now named " + aside + ": " + old.reason);
      return {};
    }
    const int swapped = io_.rename(directory, staged_.temporary(), target_, RenameMode::kExchange);
    if (swapped == 0) {
      published_ = true;
      return staged_.temporary();
    }
    if (!cannot_rename_so(swapped))
      check_written(swapped, "rename", join_path(writer_.path_, target_));
    aside_ = side_name(SideKind::kOld, step_, writer_.random());
    check_written(io_.rename(directory, target_, aside_, RenameMode::kReplace), "rename",
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
    check_written(descriptor, "open", path);  // it may be whole: nothing is done to it
    const File opened(io_, descriptor);
    try {
      const CommitResult result = read_commit(io_, descriptor, path);
      old.state = result.state;
      old.reason = result.reason;
    } catch (const Error& error) {
      check_written(-errno_of(error), "read", path);
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

  // Best effort: earlier checkpoints are untouched either way.
  void discard() {
    if (published_) return;
    staged_.close();
    if (staged_.made()) writer_.delete_directory(staged_.temporary());
    FileStat stat;
    if (!aside_.empty() && io_.stat(writer_.directory_.get(), target_, stat) == -ENOENT)
      static_cast<void>(
          io_.rename(writer_.directory_.get(), aside_, target_, RenameMode::kReplace));
  }

  Error error_of(const WriteFailure& failure) {
    const Error error = write_error(
        {"checkpoint", join_path(writer_.path_, target_), ". Earlier checkpoints are untouched.",
         " Free space, or keep fewer checkpoints with keep_checkpoint_max.",
         " Save again when the file system answers."},
        failure, manifest_, io_, writer_.directory_.get());
    discard();
    return error;
  }

  ModelDirWriter& writer_;
  Io& io_;
  const Manifest& manifest_;
  std::int64_t step_;
  std::string target_;
  StagedDirectory staged_;
  std::string aside_;
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

void ModelDirWriter::replace_bookkeeping(const std::string& json_text) {
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
  sync_model_dir();
}

}  // namespace holdfast::io
