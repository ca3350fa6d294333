// Before the first save: opening the directory and removing what interrupted saves have left. May
// itself be interrupted anywhere and repeated.
#include <algorithm>
#include <cerrno>

#include "io/bookkeeping.h"
#include "io/directories.h"
#include "io/fault.h"
#include "io/model_dir_writer.h"
#include "io/pins.h"

namespace holdfast::io {
namespace {

// Every name of a directory, or nothing when it cannot be listed.
std::vector<std::string> names_in(Io& io, int directory) {
  std::vector<std::string> names;
  if (io.list(directory, names) < 0) names.clear();
  std::sort(names.begin(), names.end());
  return names;
}

// 0 when no checkpoint is valid.
std::uint64_t newest_seq_of(const Scan& found) {
  std::uint64_t newest = 0;
  for (const Candidate& candidate : found.candidates) {
    if (candidate.state == CommitState::kValid)
      newest = std::max(newest, candidate.commit.commit_seq);
  }
  return newest;
}

}  // namespace

ModelDirWriter::ModelDirWriter(Io& io, const std::string& model_dir, const WriterOptions& options)
    : io_(io), options_(options) {
  with_memory(model_dir, "start writing", [&] {
    path_ = model_dir;
    open_directory();
    lock_ = std::make_unique<WriterLock>(io_, directory_.get(), path_, options_.break_lock);
    for (const std::string& warning : lock_->warnings()) warn(warning);
    recover();
  });
}

void ModelDirWriter::open_directory() {
  int descriptor = io_.open(kCurrentDirectory, path_, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) {
    const SyncDirectory sync = [this](int directory, const std::string& path) {
      return sync_directory(directory, path);
    };
    create_directories(io_, path_, options_.sync ? sync : SyncDirectory());
    descriptor = io_.open(kCurrentDirectory, path_, OpenMode::kDirectoryFollow);
  }
  if (descriptor == -ENOTDIR)
    throw Error(
        Code::kFailedPrecondition,
        "model_dir " + path_ + ": expected a directory, got a file. Name another model_dir.",
        {{"path", path_}, {"errno", std::to_string(ENOTDIR)}});
  if (descriptor < 0) throw system_error("open", path_, -descriptor);
  directory_ = File(io_, descriptor);
}

void ModelDirWriter::recover() {
  // Fails early, with one sentence, where nothing could be saved after hours of training.
  const std::string probe = side_name(SideKind::kTemporary, 0, random());
  const int made = io_.mkdir(directory_.get(), probe);
  if (made < 0) {
    Error error = system_error("mkdir in model_dir", path_, -made);
    throw Error(error.code(),
                "model_dir " + path_ + ": expected a directory that can be written, got " +
                    errno_text(-made) + ". Change its permissions or name another one.",
                error.details());
  }
  static_cast<void>(io_.rmdir(directory_.get(), probe));

  const Scan found = scan(io_, directory_.get(), path_);
  require_readable(found, path_);  // or its commit_seq would be given a second time
  newest_seq_ = newest_seq_of(found);
  next_seq_ = std::max(next_seq_, newest_seq_ + 1);
  for (const Candidate& candidate : found.candidates) {
    if (candidate.state == CommitState::kValid || candidate.is_old) continue;
    // Where nothing is whole, what is not may be all that is left of a training.
    const bool stays = options_.keep_unfinished || newest_seq_ == 0;
    if (candidate.state == CommitState::kUnfinished && stays) continue;
    remove_unfinished(candidate);
  }
  for (const std::string& name : found.names) {
    if (const auto side = parse_side_name(name)) recover_side(name, *side, found);
    if (is_bookkeeping_temporary(name) || is_lock_temporary(name))
      static_cast<void>(io_.unlink(directory_.get(), name));
  }
  try {
    if (const auto text = read_bookkeeping(io_, path_))
      next_seq_ = std::max(next_seq_, next_seq_of(*text));
  } catch (const Error& error) {
    warn(std::string(error.what()));
  }
}

void ModelDirWriter::recover_side(const std::string& name, const SideName& side,
                                  const Scan& found) {
  if (side.kind != SideKind::kOld) {
    delete_directory(name);
    return;
  }
  const bool replaced = std::any_of(found.candidates.begin(), found.candidates.end(),
                                    [&](const Candidate& candidate) {
                                      return candidate.name == checkpoint_name(side.step) &&
                                             candidate.state == CommitState::kValid;
                                    });
  if (replaced) {
    delete_directory(name);
    return;
  }
  const std::string target = checkpoint_name(side.step);
  FileStat stat;
  const int there = io_.stat(directory_.get(), target, stat);
  const int renamed =
      there == -ENOENT ? io_.rename(directory_.get(), name, target, RenameMode::kReplace) : -EEXIST;
  // Not synced: until the next fsync of model_dir a power cut brings the old name back, which
  // readers and the next recovery know as well.
  if (renamed < 0)
    warn("checkpoint " + join_path(path_, name) + ": cannot be named " + target +
         " again: " + errno_text(-renamed));
}

// Only what the format itself makes is ever deleted, and never a checkpoint that is damaged.
void ModelDirWriter::remove_unfinished(const Candidate& candidate) {
  const std::string path = join_path(path_, candidate.name);
  if (candidate.state != CommitState::kUnfinished) {
    warn("checkpoint " + path + ": cannot be used and is left as it is: " + candidate.reason);
    return;
  }
  const int descriptor = io_.open(directory_.get(), candidate.name, OpenMode::kDirectory);
  if (descriptor < 0) return;
  const File opened(io_, descriptor);
  const std::vector<std::string> names = names_in(io_, descriptor);
  if (std::all_of(names.begin(), names.end(), is_checkpoint_file)) {
    delete_directory(candidate.name);
  } else {
    warn("directory " + path + ": no checkpoint (" + candidate.reason +
         ") and left as it is, because other files stand in it");
  }
}

bool ModelDirWriter::delete_directory(const std::string& name) {
  const int descriptor = io_.open(directory_.get(), name, OpenMode::kDirectory);
  int error = descriptor < 0 ? descriptor : 0;
  if (descriptor >= 0) {
    const File opened(io_, descriptor);
    for (const std::string& file : names_in(io_, descriptor)) {
      const int removed = io_.unlink(descriptor, file);
      if (removed < 0 && error == 0) error = removed;
    }
  }
  if (error == 0) error = io_.rmdir(directory_.get(), name);
  if (error == 0 || error == -ENOENT) return true;
  warn("directory " + join_path(path_, name) + ": cannot be removed: " + errno_text(-error) +
       "; the next writer will try again");
  return false;
}

void ModelDirWriter::move_to_trash(const std::string& name, std::int64_t step) {
  const std::string trash = side_name(SideKind::kTrash, step, random());
  const int renamed = io_.rename(directory_.get(), name, trash, RenameMode::kReplace);
  if (renamed < 0) throw system_error("rename", join_path(path_, name), -renamed);
  sync_model_dir();
  delete_directory(trash);
}

std::int64_t ModelDirWriter::expect_own(const std::string& path) {
  const SplitPath split = split_path(path);
  const auto step = parse_checkpoint_name(split.name);
  FileStat own;
  FileStat named;
  const int descriptor = io_.open(kCurrentDirectory, split.directory, OpenMode::kDirectoryFollow);
  const File parent = descriptor >= 0 ? File(io_, descriptor) : File();
  const bool inside = descriptor >= 0 && io_.fstat(descriptor, named) == 0 &&
                      io_.fstat(directory_.get(), own) == 0 && own.device == named.device &&
                      own.inode == named.inode;
  if (!step || !inside)
    throw Error(Code::kInvalidArgument,
                path + ": expected the path of a checkpoint of " + path_ + ", got another one",
                {{"path", path}});
  return *step;
}

void ModelDirWriter::remove(const std::string& path) {
  lock_->check_owned();
  with_memory(path_, "remove a checkpoint", [&] { remove_checkpoint(path); });
}

void ModelDirWriter::remove_checkpoint(const std::string& path) {
  const std::int64_t step = expect_own(path);
  if (is_pinned(io_, directory_.get(), step))
    throw Error(Code::kFailedPrecondition,
                "checkpoint " + path + ": expected one that is not pinned. Unpin it first.",
                {{"path", path}});
  move_to_trash(split_path(path).name, step);
}

std::string ModelDirWriter::set_aside(const std::string& path, Aside aside) {
  lock_->check_owned();
  const std::int64_t step = expect_own(path);
  const int directory = directory_.get();
  const std::string name =
      aside == Aside::kCorrupt ? free_corrupt_name(step) : rejected_name(step, random());
  const int renamed = io_.rename(directory, split_path(path).name, name, RenameMode::kReplace);
  if (renamed < 0) throw system_error("rename", path, -renamed);
  sync_model_dir();
  newest_seq_ = newest_seq_of(scan(io_, directory, path_));  // its number stays used: next_seq_
  return join_path(path_, name);
}

std::string ModelDirWriter::free_corrupt_name(std::int64_t step) {
  FileStat stat;
  const bool taken = io_.stat(directory_.get(), corrupt_name(step), stat) == 0;
  return taken ? corrupt_name(step, random()) : corrupt_name(step);
}

void ModelDirWriter::sync_model_dir() {
  if (!options_.sync) return;
  const int synced = sync_directory(directory_.get(), path_);
  if (synced < 0) throw system_error("fsync", path_, -synced);
}

int ModelDirWriter::sync_directory(int directory, const std::string& path) {
  const int result = io_.fsync(directory);
  if (!cannot_sync(result)) return result;
  // Some network and FUSE file systems: the best that can be had there.
  if (!warned_of_sync_)
    warn("directory " + path + ": its file system cannot sync directories (" + errno_text(-result) +
         "), so durability is best-effort");
  warned_of_sync_ = true;
  return 0;
}

std::uint64_t ModelDirWriter::random() {
  std::uint64_t value = 0;
  const int result = io_.random(&value, sizeof value);
  if (result < 0) throw system_error("getentropy for", path_, -result);
  return value;
}

}  // namespace holdfast::io
