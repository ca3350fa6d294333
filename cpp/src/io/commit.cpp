#include "io/commit.h"

#include <algorithm>

#include "base/crc32c.h"

namespace holdfast::io {
namespace {

constexpr std::string_view kFirstWord = "holdfast-commit";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kLines = 7;

// The lines before the last.
std::string encode_body(const Commit& commit) {
  std::string text;
  const auto line = [&](std::string_view word, const std::string& value) {
    text += std::string(word) + " " + value + "\n";
  };
  line(kFirstWord, std::string(kVersion));
  line("save_id", save_id_text(commit.save_id));
  line("commit_seq", std::to_string(commit.commit_seq));
  line("step", std::to_string(commit.step));
  line("manifest_bytes", std::to_string(commit.manifest_bytes));
  line("manifest_crc32c", crc_text(commit.manifest_crc));
  return text;
}

// Takes "word value\n" off the front of the text; false when it does not start so.
bool take_line(std::string_view& text, std::string_view word, std::string_view& value) {
  if (text.substr(0, word.size()) != word || text.substr(word.size(), 1) != " ") return false;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  value = text.substr(word.size() + 1, end - word.size() - 1);
  text.remove_prefix(end + 1);
  return true;
}

template <typename T>
bool take_number(std::string_view& text, std::string_view word, T& value) {
  std::string_view digits;
  if (!take_line(text, word, digits)) return false;
  const auto parsed = parse_decimal(digits);
  if (parsed) value = *parsed;
  return parsed.has_value();
}

// True for a text that a cut can have made; no single changed byte of a whole one makes it so.
bool is_cut_short(std::string_view text) {
  constexpr std::string_view kLast = "crc32c 01234567\n";
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (lines >= kLines) return false;
  if (text.size() > kLast.size()) {
    const std::string_view end = text.substr(text.size() - kLast.size());
    const bool of_manifest = text[text.size() - kLast.size() - 1] == '_';
    if (end.substr(0, 7) == kLast.substr(0, 7) && end.back() == '\n' && !of_manifest) return false;
  }
  const std::size_t last = text.find("\ncrc32c ");
  return last == std::string_view::npos || text.size() < last + 1 + kLast.size();
}

CommitResult failure(CommitState state, std::string reason) {
  return {state, {}, std::move(reason)};
}

}  // namespace

std::string encode_commit(const Commit& commit) {
  const std::string body = encode_body(commit);
  return body + "crc32c " + crc_text(crc32c(body.data(), body.size())) + "\n";
}

CommitResult parse_commit(std::string_view text) {
  if (text.size() > kMaxCommitBytes) {
    return failure(CommitState::kDamaged,
                   "expected at most " + std::to_string(kMaxCommitBytes) + " bytes, got more");
  }
  if (is_cut_short(text)) {
    return failure(CommitState::kUnfinished, "expected seven lines, got " +
                                                 std::to_string(text.size()) +
                                                 " bytes: the save or copy never finished");
  }
  std::string_view rest = text;
  std::string_view version;
  if (!take_line(rest, kFirstWord, version))
    return failure(CommitState::kDamaged, "expected it to start with \"holdfast-commit 1\"");
  const std::size_t body_bytes = text.substr(0, text.size() - 1).rfind('\n') + 1;
  std::string_view last = text.substr(body_bytes);
  std::string_view stored_text;
  const bool has_crc = take_line(last, "crc32c", stored_text) && last.empty();
  const std::uint32_t stored = parse_crc(stored_text).value_or(0);
  if (!has_crc || !parse_crc(stored_text))
    return failure(CommitState::kDamaged, "expected a last line \"crc32c <8 digits>\"");
  const std::uint32_t computed = crc32c(text.data(), body_bytes);
  if (computed != stored) {
    return failure(CommitState::kDamaged, "expected crc32c " + crc_text(stored) + ", got " +
                                              crc_text(computed) + " from its bytes");
  }
  if (version != kVersion) {
    return failure(CommitState::kNewer, "expected version 1, got " +
                                            std::string(version.substr(0, 20)) +
                                            ": written by a newer holdfast");
  }
  CommitResult result;
  Commit& commit = result.commit;
  std::string_view id_text;
  std::string_view crc;
  const bool parsed = take_line(rest, "save_id", id_text) &&
                      take_number(rest, "commit_seq", commit.commit_seq) &&
                      take_number(rest, "step", commit.step) &&
                      take_number(rest, "manifest_bytes", commit.manifest_bytes) &&
                      take_line(rest, "manifest_crc32c", crc);
  const auto id = parse_save_id(id_text);
  const auto manifest_crc = parse_crc(crc);
  if (!parsed || !id || !manifest_crc || rest.data() != text.data() + body_bytes)
    return failure(CommitState::kDamaged, "expected the seven lines of FORMAT.md, got others");
  commit.save_id = *id;
  commit.manifest_crc = *manifest_crc;
  return result;
}

}  // namespace holdfast::io
