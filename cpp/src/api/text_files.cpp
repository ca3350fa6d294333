#include "api/text_files.h"

#include <cstdint>
#include <utility>

#include "base/quoted.h"
#include "holdfast/error.h"
#include "io/fault.h"

namespace holdfast {
namespace {

[[noreturn]] void fail(const std::string& path, int error_number) {
  const Code code = io::code_of_errno(error_number);
  throw Error(code,
              "data file " + quoted(path) +
                  ": expected a file that can be read; got: " + io::errno_text(error_number) +
                  (code == Code::kNotFound
                       ? ". Relative names start in the directory that the program runs in"
                       : ""),
              {{"path", path}, {"errno", std::to_string(error_number)}});
}

std::string read_file(io::Io& io, const std::string& path) {
  const int descriptor = io.open(io::kCurrentDirectory, path, io::OpenMode::kReadFollow);
  if (descriptor < 0) fail(path, -descriptor);
  const io::File file(io, descriptor);
  io::FileStat stat;
  if (const int result = io.fstat(descriptor, stat); result < 0) fail(path, -result);
  if (stat.kind != io::FileKind::kRegular) {
    throw Error(Code::kInvalidArgument,
                "data file " + quoted(path) + ": expected a file; got " +
                    (stat.kind == io::FileKind::kDirectory
                         ? "a directory. Name the files in it"
                         : "a device, FIFO or socket. Write its content to a file first"),
                {{"path", path}});
  }
  std::string bytes(static_cast<std::size_t>(stat.bytes), '\0');
  const std::int64_t got = io::read_full(io, descriptor, bytes.data(), bytes.size(), 0);
  if (got < 0) fail(path, static_cast<int>(-got));
  if (static_cast<std::uint64_t>(got) != stat.bytes) {
    throw Error(Code::kDataLoss,
                "data file " + quoted(path) + ": expected " + std::to_string(stat.bytes) +
                    " bytes; got " + std::to_string(got) +
                    ": it became shorter while it was read. Try again when it is written",
                {{"path", path}});
  }
  return bytes;
}

std::string without_directories(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::shared_ptr<const TextLines> read_text_files(const std::vector<std::string>& paths,
                                                 const TextOptions& options, io::Io& io) {
  if (paths.empty()) {
    throw Error(Code::kInvalidArgument, "data files: expected at least one file name; got none");
  }
  std::vector<TextFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) {
    files.push_back({without_directories(path), read_file(io, path)});
  }
  return std::make_shared<const TextLines>(std::move(files), options);
}

}  // namespace holdfast
