#include "io/fault.h"

#include <cerrno>
#include <cstdlib>

#include "base/utf8.h"
#include "io/file.h"

namespace holdfast::io {
namespace {

std::string subject(const Place& place) {
  std::string text = std::string(place.what) + " " + place.path;
  if (!place.file.empty()) text += ", file " + place.file;
  if (!place.tensor.empty()) text += ", tensor \"" + printable(place.tensor) + "\"";
  if (place.offset >= 0) {
    text += ", bytes " + std::to_string(place.offset);
    if (place.bytes > 0) text += ".." + std::to_string(place.offset + place.bytes - 1);
  }
  return text;
}

ErrorDetails details_of(const Place& place) {
  ErrorDetails details{{"path", place.path}};
  if (!place.file.empty()) details["file"] = place.file;
  if (!place.tensor.empty()) details["tensor"] = printable(place.tensor);
  if (place.offset >= 0) details["offset"] = std::to_string(place.offset);
  if (place.bytes >= 0) details["bytes"] = std::to_string(place.bytes);
  return details;
}

Error data_loss(const Place& place, const std::string& expected, const std::string& found,
                const std::string& advice, const char* kind) {
  ErrorDetails details = details_of(place);
  details["expected"] = printable(expected);
  details["found"] = printable(found);
  return {Code::kDataLoss,
          subject(place) + ": expected " + details["expected"] + ", got " + details["found"] +
              ". " + advice,
          std::move(details), kind};
}

}  // namespace

Error corrupt(const Place& place, const std::string& expected, const std::string& found) {
  return data_loss(
      place, expected, found,
      std::string("The ") + place.what + " is damaged and nothing of it was used; use another one.",
      "CheckpointCorruptError");
}

Error unreadable(const Place& place, int error_number) {
  Error error = corrupt(place, "a readable file", errno_text(error_number));
  ErrorDetails details = error.details();
  details["errno"] = std::to_string(error_number);
  return {error.code(), error.what(), details, error.kind()};
}

Error unsafe(const Place& place, const std::string& expected, const std::string& found) {
  return data_loss(place, expected, found,
                   std::string("No holdfast writes this; nothing of it was used. Use another ") +
                       place.what + ".",
                   "UnsafeInputError");
}

Error too_new(const Place& place, const std::string& needed, const std::string& known,
              const std::string& writer) {
  ErrorDetails details = details_of(place);
  details["expected"] = known;
  details["found"] = printable(needed);
  return {Code::kUnimplemented,
          subject(place) + ": expected " + known + ", got " + details["found"] + ", written by " +
              printable(writer) + ". Upgrade holdfast to read it.",
          std::move(details), "CheckpointVersionError"};
}

Error no_checkpoint(const std::string& path, const std::string& found) {
  return {Code::kNotFound,
          path + ": expected a checkpoint, got " + found +
              ". Train first, or name a directory that holds one.",
          {{"path", path}, {"found", found}},
          "NoCheckpointError"};
}

Code code_of_errno(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case ENOTDIR:
      return Code::kFailedPrecondition;
    default:
      return Code::kUnavailable;
  }
}

Error system_error(const std::string& call, const std::string& path, int error_number) {
  return {code_of_errno(error_number),
          call + " " + path + ": " + errno_text(error_number),
          {{"path", path}, {"call", call}, {"errno", std::to_string(error_number)}}};
}

Error short_of_memory(const std::string& path, const std::string& what, const std::string& kind) {
  return {Code::kResourceExhausted,
          path + ": expected enough free memory to " + what +
              ", got less. Checkpoints are untouched. Free memory, then try again.",
          {{"path", path}},
          kind};
}

int errno_of(const Error& error) {
  const auto found = error.details().find("errno");
  if (found == error.details().end()) return 0;
  const int error_number = std::atoi(found->second.c_str());
  return error_number == ENXIO || error_number == ENODEV ? 0 : error_number;
}

}  // namespace holdfast::io
