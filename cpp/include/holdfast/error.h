// The one exception type of the library.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "holdfast/export.h"

namespace holdfast {

// TensorFlow's canonical codes and numbers (tensorflow/core/protobuf/error_codes.proto).
enum class Code : int {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Facts a program can use, by name: path, step, tensor, file, offset, expected, found, errno, row,
// ...
using ErrorDetails = std::map<std::string, std::string>;

// Everything the library throws on purpose. what() is one or more sentences: subject, what was
// expected, what was found, and the next step.
//
// kind() names the class that Python raises where it is more special than the code:
// "NoCheckpointError", "CheckpointMismatchError", "CheckpointCorruptError",
// "CheckpointVersionError", "CheckpointSaveError", "ModelDirLockedError", "UnsafeInputError",
// "TrainingInterrupted", "NanLossDuringTrainingError"; else "".
class HOLDFAST_API Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message, ErrorDetails details = {}, std::string kind = "")
      : std::runtime_error(message),
        code_(code),
        details_(std::move(details)),
        kind_(std::move(kind)) {}

  Code code() const noexcept { return code_; }
  const ErrorDetails& details() const noexcept { return details_; }
  const std::string& kind() const noexcept { return kind_; }

 private:
  Code code_;
  ErrorDetails details_;
  std::string kind_;
};

// "InvalidArgument", "NotFound", ...
HOLDFAST_API const char* code_name(Code code) noexcept;

}  // namespace holdfast
