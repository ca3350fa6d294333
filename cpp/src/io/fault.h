// The errors of this folder: each text says what, expected, got, and the next step; each fact is
// in the details, too.
#pragma once

#include <cstdint>
#include <new>
#include <string>

#include "holdfast/error.h"

namespace holdfast::io {

// Where a checkpoint or export is wrong. Empty strings and -1 are left out of the error.
struct Place {
  std::string path;  // of its directory
  std::string file;  // its name there
  std::string tensor;
  std::int64_t offset = -1;  // first byte in the file
  std::int64_t bytes = -1;   // how many from there
  const char* what = "checkpoint";
};

// CheckpointCorruptError: `<what> <path>, file <file>, tensor "<tensor>", bytes a..b: expected
// <expected>, got <found>`.
Error corrupt(const Place& place, const std::string& expected, const std::string& found);
// The same of a file that a call could not read; "errno" is among the details.
Error unreadable(const Place& place, int error_number);
// UnsafeInputError, same text: a limit of the format is exceeded, or a file is no plain file.
Error unsafe(const Place& place, const std::string& expected, const std::string& found);
// CheckpointVersionError: a newer writer's.
Error too_new(const Place& place, const std::string& needed, const std::string& known,
              const std::string& writer);
// NoCheckpointError.
Error no_checkpoint(const std::string& path, const std::string& found);

// The code that an errno belongs to: ResourceExhausted for a full disk, PermissionDenied, ...
Code code_of_errno(int error_number) noexcept;
// `<call> <path>: <errno text>`, with code_of_errno and no kind.
Error system_error(const std::string& call, const std::string& path, int error_number);
// ResourceExhausted, of a std::bad_alloc. `what`: "save", "remove checkpoints", ...
Error short_of_memory(const std::string& path, const std::string& what,
                      const std::string& kind = "");

// What function() returns; short_of_memory in place of its std::bad_alloc.
template <typename Function>
auto with_memory(const std::string& path, const char* what, Function function,
                 const char* kind = "") -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    throw short_of_memory(path, what, kind);
  }
}

// The errno that made a call fail, from an error's details; 0 when it came from no call, or from
// one that says what kind of thing was found (a socket), which is damage.
int errno_of(const Error& error);

}  // namespace holdfast::io
