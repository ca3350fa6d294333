// checkpoint.json: why checkpoints are kept. Advisory; which ones exist is read from the directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/file.h"

namespace holdfast::io {

// The file's text from the members "all", "best" and "last_preserved_unix_ms" of a JSON object.
// Throws: InvalidArgument, naming the member.
std::string encode_bookkeeping(const std::string& json_text, std::uint64_t next_seq);

// Empty, or what is wrong with a text.
std::string check_bookkeeping(const std::string& text);

// Of a checked text.
std::uint64_t next_seq_of(const std::string& text);

// The checked text; nothing when there is no such file or directory. Throws:
// CheckpointCorruptError, UnsafeInputError.
std::optional<std::string> read_bookkeeping(Io& io, const std::string& model_dir);

}  // namespace holdfast::io
