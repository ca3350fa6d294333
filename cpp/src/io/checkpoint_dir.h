// A model_dir seen by a reader: which checkpoints it holds and which is the latest. Takes no lock
// and changes nothing. Order comes from commit_seq alone, never from names or times.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "io/commit.h"
#include "io/file.h"
#include "io/opened.h"

namespace holdfast::io {

// A directory that is or looks like a checkpoint.
struct Candidate {
  std::string name;
  std::int64_t step = 0;
  bool is_old = false;  // .old-*: put aside by an exchange that was interrupted
  CommitState state = CommitState::kValid;
  Commit commit;       // when kValid
  std::string reason;  // why it is not valid
  int unreadable = 0;  // errno, when nothing can be said of it: it may be whole and the newest
};

struct Scan {
  std::vector<Candidate> candidates;  // valid ones by ascending commit_seq, then the others
  std::vector<std::string> names;     // everything in the directory
  bool foreign = false;               // TensorFlow's checkpoint files stand there
  bool vanished = false;  // one that was listed has gone; newer ones are there, perhaps unlisted
  bool moving = false;    // something is being saved or deleted, or was when a writer was killed
};

// Reads the COMMIT of every candidate. Throws: errors of reading the directory itself.
Scan scan(Io& io, int directory, const std::string& path);

// Throws the error of a candidate that cannot be read, if there is one: whoever went on would take
// an older checkpoint for the newest.
void require_readable(const Scan& scan, const std::string& path);

// As the public functions of holdfast/checkpoint.h.
std::vector<CheckpointInfo> list(Io& io, const std::string& model_dir);
std::vector<CheckpointProblem> problems(Io& io, const std::string& model_dir);
std::optional<std::string> latest(Io& io, const std::string& model_dir);
std::unique_ptr<OpenedCheckpoint> open_latest(Io& io, const std::string& model_dir);

CheckpointInfo info_of(const OpenedCheckpoint& opened);

}  // namespace holdfast::io
