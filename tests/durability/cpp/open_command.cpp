#include "open_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/crc32c.h"
#include "base/json.h"
#include "holdfast/checkpoint.h"
#include "holdfast/error.h"
#include "io/commit.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

struct Usage {
  double cpu_ms;
  std::int64_t peak_kib;
};

Usage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) * 1e-3;
  };
  return {ms(used.ru_utime) + ms(used.ru_stime), used.ru_maxrss};
}

}  // namespace

int open_command(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1 && arguments.size() != 3) return 2;
  std::string kind;
  std::string text;
  int code = 0;
  const Usage before = usage();
  try {
    const CheckpointReader reader(arguments[0]);
    if (arguments.size() == 3) {
      const std::string path = arguments[0] + "/" + arguments[1];
      if (::truncate(path.c_str(), std::atoll(arguments[2].c_str())) != 0) return 2;
    }
    reader.verify();
    static_cast<void>(reader.read_all());
  } catch (const Error& error) {
    kind = error.kind();
    code = static_cast<int>(error.code());
    text = error.what();
  }
  const Usage after = usage();
  const Json line = Json::object()
                        .set("kind", kind)
                        .set("code", code)
                        .set("text", text)
                        .set("cpu_ms", after.cpu_ms - before.cpu_ms)
                        .set("extra_kib", after.peak_kib - before.peak_kib);
  std::printf("%s\n", to_text(line).c_str());
  return 0;
}

int seal_command(const std::vector<std::string>& arguments) {
  for (const std::string& path : arguments) {
    const std::string manifest = io::read_file(path + "/" + io::kManifestName);
    io::Commit commit = io::parse_commit(io::read_file(path + "/" + io::kCommitName)).commit;
    commit.manifest_bytes = manifest.size();
    commit.manifest_crc = crc32c(manifest.data(), manifest.size());
    io::write_file(path + "/" + io::kCommitName, io::encode_commit(commit));
  }
  return 0;
}

}  // namespace holdfast::durability
