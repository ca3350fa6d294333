#include "io/checkpoint_dir.h"

#include <algorithm>
#include <cerrno>

#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

constexpr int kVanishingAttempts = 10;

// std::nullopt when there is no such directory.
std::optional<Scan> scan_once(Io& io, const std::string& model_dir) {
  const int descriptor = io.open(kCurrentDirectory, model_dir, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) return std::nullopt;
  if (descriptor < 0) throw system_error("open", model_dir, -descriptor);
  const File directory(io, descriptor);
  return scan(io, directory.get(), model_dir);
}

bool is_valid(const Candidate& candidate) { return candidate.state == CommitState::kValid; }

// Whether the name still belongs to the directory that was opened by it, for all that is known: an
// error of asking is no news of it.
bool still_there(Io& io, int directory, const std::string& name, int opened) {
  FileStat before;
  FileStat now;
  const int found = io.stat(directory, name, now);
  if (found == -ENOENT || found == -ESTALE) return false;
  if (found < 0 || io.fstat(opened, before) < 0) return true;
  return now.device == before.device && now.inode == before.inode;
}

// std::nullopt when it is no candidate, or, with `gone`, not any more: retention renames a
// checkpoint before it removes the files, so that a missing one says nothing of the name.
std::optional<Candidate> look_at(Io& io, int directory, const std::string& path,
                                 const std::string& name, bool& gone) {
  Candidate candidate;
  candidate.name = name;
  if (const auto step = parse_checkpoint_name(name)) {
    candidate.step = *step;
  } else {
    const auto side = parse_side_name(name);
    if (!side || side->kind != SideKind::kOld) return std::nullopt;
    candidate.step = side->step;
    candidate.is_old = true;
  }
  const int descriptor = io.open(directory, name, OpenMode::kDirectory);
  gone = descriptor == -ENOENT || descriptor == -ESTALE;
  if (gone || descriptor == -ENOTDIR || descriptor == -ELOOP) return std::nullopt;
  if (descriptor < 0) {
    candidate.state = CommitState::kDamaged;
    candidate.reason = "cannot be opened: " + errno_text(-descriptor);
    candidate.unreadable = -descriptor;
    return candidate;
  }
  const File opened(io, descriptor);
  try {
    CommitResult result = read_commit(io, descriptor, join_path(path, name));
    candidate.state = result.state;
    candidate.commit = result.commit;
    candidate.reason = std::move(result.reason);
    if (is_valid(candidate) && static_cast<std::int64_t>(candidate.commit.step) != candidate.step) {
      // A directory that somebody has renamed: still whole, and its own step counts.
      candidate.step = static_cast<std::int64_t>(candidate.commit.step);
    }
  } catch (const Error& error) {
    candidate.state = CommitState::kDamaged;
    candidate.reason = error.what();
    candidate.unreadable = errno_of(error);
    gone = candidate.unreadable == ESTALE;  // vanished, as NFS says it
    if (gone) return std::nullopt;
  }
  gone = !is_valid(candidate) && !still_there(io, directory, name, descriptor);
  if (gone) return std::nullopt;
  return candidate;
}

[[noreturn]] void none_valid(const std::string& model_dir,
                             const std::vector<CheckpointProblem>& found) {
  std::string text = model_dir + ": expected a usable checkpoint, got " +
                     std::to_string(found.size()) + " that cannot be used:";
  for (const CheckpointProblem& problem : found)
    text += "\n  " + problem.path + ": " + problem.reason;
  text += "\nRestore one from a backup, or train in another model_dir.";
  throw Error(Code::kDataLoss, text, {{"path", model_dir}, {"found", std::to_string(found.size())}},
              "CheckpointCorruptError");
}

[[noreturn]] void foreign_files(const std::string& model_dir) {
  throw Error(Code::kFailedPrecondition,
              model_dir +
                  ": expected holdfast checkpoints, got those of TensorFlow (files checkpoint and "
                  "*.index). Convert them with `holdfast convert`, or use another model_dir.",
              {{"path", model_dir}});
}

std::vector<CheckpointProblem> problems_of(const Scan& scan, const std::string& model_dir) {
  std::vector<CheckpointProblem> found;
  for (const Candidate& candidate : scan.candidates) {
    if (is_valid(candidate)) continue;
    const bool unfinished = candidate.state == CommitState::kUnfinished;
    found.push_back(
        {join_path(model_dir, candidate.name), candidate.reason, candidate.step, 0, unfinished});
  }
  return found;
}

// A candidate with a valid COMMIT that cannot be opened.
CheckpointProblem problem_of(const Candidate& candidate, const std::string& path,
                             const Error& error) {
  return {path, error.what(), candidate.step,
          static_cast<std::int64_t>(candidate.commit.commit_seq), false};
}

bool has_vanished(const Error& error) {
  return error.kind() == "NoCheckpointError" || error.details().count("vanished") != 0;
}

// Valid candidates without an .old-* whose place is taken by a valid checkpoint.
std::vector<Candidate> usable(const Scan& scan) {
  std::vector<Candidate> valid;
  for (const Candidate& candidate : scan.candidates) {
    if (!is_valid(candidate)) continue;
    const bool replaced =
        candidate.is_old &&
        std::any_of(scan.candidates.begin(), scan.candidates.end(), [&](const Candidate& other) {
          return !other.is_old && is_valid(other) && other.step == candidate.step;
        });
    if (!replaced) valid.push_back(candidate);
  }
  return valid;
}

// A look that has missed nothing: what a running writer moves between two looks is there at the
// next one. When the newest of the list has vanished, the newest of what is left is older than one
// that this reader may have seen before. Leftovers of a killed writer look like one at work, so
// that the last look counts.
std::optional<Scan> scan_path(Io& io, const std::string& model_dir) {
  for (int attempt = 1;; ++attempt) {
    auto found = scan_once(io, model_dir);
    if (!found || attempt == kVanishingAttempts) return found;
    if (!found->vanished && (!found->moving || !usable(*found).empty())) return found;
  }
}

}  // namespace

Scan scan(Io& io, int directory, const std::string& path) {
  Scan result;
  const int listed = io.list(directory, result.names);
  if (listed < 0) throw system_error("list", path, -listed);
  std::sort(result.names.begin(), result.names.end());
  bool state_file = false;
  bool index_file = false;
  for (const std::string& name : result.names) {
    state_file = state_file || name == kForeignStateName;
    index_file = index_file || is_foreign_index(name);
    const auto side = parse_side_name(name);
    bool gone = false;
    if (auto candidate = look_at(io, directory, path, name, gone))
      result.candidates.push_back(std::move(*candidate));
    result.vanished = result.vanished || gone;
    result.moving = result.moving || (side && side->kind != SideKind::kOld);
  }
  result.foreign = state_file && index_file;
  std::stable_sort(result.candidates.begin(), result.candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     if (is_valid(a) != is_valid(b)) return is_valid(a);
                     return a.commit.commit_seq < b.commit.commit_seq;
                   });
  return result;
}

void require_readable(const Scan& scan, const std::string& path) {
  for (const Candidate& candidate : scan.candidates) {
    if (candidate.unreadable == 0) continue;
    const std::string name = join_path(path, candidate.name);
    const Error error = system_error("read", name, candidate.unreadable);
    throw Error(error.code(),
                "checkpoint " + name + ": expected one that can be read, got " +
                    errno_text(candidate.unreadable) +
                    ". It may be the newest, so no other is used in its place. Try again, or move "
                    "it elsewhere.",
                error.details());
  }
}

CheckpointInfo info_of(const OpenedCheckpoint& opened) {
  const Manifest& manifest = opened.manifest();
  CheckpointInfo info;
  info.path = opened.path();
  info.step = static_cast<std::int64_t>(manifest.step);
  info.commit_seq = static_cast<std::int64_t>(manifest.commit_seq);
  info.created_unix_ms = static_cast<std::int64_t>(manifest.created_unix_ms);
  info.bytes = static_cast<std::int64_t>(opened.bytes());
  info.nonfinite = 0;
  for (const TensorEntry& tensor : manifest.tensors)
    info.nonfinite += static_cast<std::int64_t>(tensor.nonfinite);
  return info;
}

std::vector<CheckpointInfo> list(Io& io, const std::string& model_dir) {
  return with_memory(model_dir, "look for checkpoints", [&]() -> std::vector<CheckpointInfo> {
    for (int attempt = 1;; ++attempt) {
      const auto found = scan_path(io, model_dir);
      if (!found) return {};
      if (found->candidates.empty() && found->foreign) foreign_files(model_dir);
      require_readable(*found, model_dir);
      std::vector<CheckpointInfo> infos;
      std::vector<CheckpointProblem> bad = problems_of(*found, model_dir);
      bool vanished = false;
      for (const Candidate& candidate : usable(*found)) {
        const std::string path = join_path(model_dir, candidate.name);
        try {
          infos.push_back(info_of(OpenedCheckpoint(io, path)));
          vanished = false;  // an older one: retention goes by age
        } catch (const Error& error) {
          vanished = vanished || has_vanished(error);
          if (!has_vanished(error)) bad.push_back(problem_of(candidate, path, error));
        }
      }
      // The newest is gone: newer ones are there.
      if (vanished && attempt < kVanishingAttempts) continue;
      if (infos.empty() && !bad.empty()) none_valid(model_dir, bad);
      return infos;
    }
  });
}

std::vector<CheckpointProblem> problems(Io& io, const std::string& model_dir) {
  return with_memory(model_dir, "look for checkpoints", [&]() -> std::vector<CheckpointProblem> {
    const auto found = scan_path(io, model_dir);
    if (!found) return {};
    std::vector<CheckpointProblem> bad = problems_of(*found, model_dir);
    for (const Candidate& candidate : usable(*found)) {
      const std::string path = join_path(model_dir, candidate.name);
      try {
        static_cast<void>(OpenedCheckpoint(io, path));
      } catch (const Error& error) {
        if (!has_vanished(error)) bad.push_back(problem_of(candidate, path, error));
      }
    }
    return bad;
  });
}

std::optional<std::string> latest(Io& io, const std::string& model_dir) {
  return with_memory(model_dir, "look for checkpoints", [&]() -> std::optional<std::string> {
    const auto found = scan_path(io, model_dir);
    if (!found) return std::nullopt;
    require_readable(*found, model_dir);
    const std::vector<Candidate> valid = usable(*found);
    if (!valid.empty()) return join_path(model_dir, valid.back().name);
    if (!found->candidates.empty()) none_valid(model_dir, problems_of(*found, model_dir));
    if (found->foreign) foreign_files(model_dir);
    return std::nullopt;
  });
}

std::unique_ptr<OpenedCheckpoint> open_latest(Io& io, const std::string& model_dir) {
  return with_memory(model_dir, "look for checkpoints", [&]() -> std::unique_ptr<OpenedCheckpoint> {
    for (int attempt = 1;; ++attempt) {
      const auto path = latest(io, model_dir);
      if (!path) throw no_checkpoint(model_dir, "a directory without one");
      try {
        return std::make_unique<OpenedCheckpoint>(io, *path);
      } catch (const Error& error) {
        // Retention was faster: a newer one is there.
        if (!has_vanished(error) || attempt == kVanishingAttempts) throw;
      }
    }
  });
}

}  // namespace holdfast::io
