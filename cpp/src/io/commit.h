// COMMIT: the small text file that is written last and makes a directory a checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/names.h"

namespace holdfast::io {

struct Commit {
  SaveId save_id{};
  std::uint64_t commit_seq = 0;
  std::uint64_t step = 0;
  std::uint64_t manifest_bytes = 0;
  std::uint32_t manifest_crc = 0;
};

std::string encode_commit(const Commit& commit);

// What a text is, when it is not a commit: kUnfinished is an empty text or one cut short, as an
// interrupted copy leaves it; kDamaged has all its lines and fails a check.
enum class CommitState { kValid, kUnfinished, kDamaged, kNewer };

struct CommitResult {
  CommitState state = CommitState::kValid;
  Commit commit;       // when kValid
  std::string reason;  // else: expected and got
};

// Never throws.
CommitResult parse_commit(std::string_view text);

}  // namespace holdfast::io
