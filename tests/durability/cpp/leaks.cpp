#include "leaks.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "contents.h"
#include "holdfast/error.h"
#include "hooked_io.h"
#include "io/checkpoint_dir.h"
#include "io/testing_io.h"
#include "scenarios.h"

namespace holdfast::durability {
namespace {

constexpr int kKept = 2;
constexpr int kFailEvery = 10;
constexpr double kMostGrowth = 0.01;
// Pages of the program, and of the heap, that a save is the first to touch though hundreds went
// before: each failing call takes a way of its own. 10,000 saves may lose 26 bytes each before they
// are found out.
constexpr std::int64_t kFirstTouchesKib = 256;
constexpr int kWarmUp = 300;  // saves

// What this process holds of the system.
struct Holdings {
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
  std::int64_t files = 0;  // below the model_dir
  std::int64_t resident_kib = 0;
};

std::int64_t count(const std::filesystem::path& folder) {
  std::int64_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    static_cast<void>(entry);
    ++entries;
  }
  return entries;
}

Holdings look(const std::string& model_dir) {
  Holdings now;
  now.descriptors = count("/proc/self/fd");
  now.threads = count("/proc/self/task");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(model_dir)) {
    static_cast<void>(entry);
    ++now.files;
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) now.resident_kib = std::atoll(line.c_str() + 6);
  return now;
}

// Fails one call of a save: another one each time.
class FailingIo final : public HookedIo {
 public:
  FailingIo() : HookedIo(io::system_io()) {}
  std::int64_t fail_at = 0;

 protected:
  std::optional<std::int64_t> before(const Call& call) override {
    if (call.number != fail_at || call.verb == Verb::kNow) return std::nullopt;
    return -EIO;
  }
};

void restore_latest(const std::string& model_dir, int step) {
  const auto opened = io::open_latest(io::system_io(), model_dir);
  const std::vector<Tensor> values = opened->read_all(1);
  if (values.empty() || opened->manifest().step > static_cast<std::uint64_t>(step))
    throw Error(Code::kDataLoss, "a restore gave another checkpoint: " + opened->path());
}

// True when the save was told to fail and did.
bool save_one(Session& session, FailingIo& io, int step) {
  const bool shall_fail = step % kFailEvery == 0;
  io.fail_at = shall_fail ? 1 + (step / kFailEvery) % 25 : 0;  // a save makes more calls than that
  io.arm();
  try {
    session.save(step);
  } catch (const Error&) {
    io.disarm();
    if (!shall_fail) throw;
    return true;
  }
  io.disarm();
  return false;
}

void compare(const Holdings& first, const Holdings& last, Outcome& outcome) {
  const auto same = [&](const char* what, std::int64_t before, std::int64_t after) {
    outcome.details.set(what, after);
    if (before != after)
      outcome.violations.push_back(std::string(what) + ": " + std::to_string(before) +
                                   " at first, " + std::to_string(after) + " in the end");
  };
  same("descriptors", first.descriptors, last.descriptors);
  same("threads", first.threads, last.threads);
  same("files", first.files, last.files);
  outcome.details.set("resident KiB", last.resident_kib);
  outcome.details.set("resident KiB at first", first.resident_kib);
  const std::int64_t grown = last.resident_kib - first.resident_kib;
  if (grown > kFirstTouchesKib &&
      static_cast<double>(grown) > kMostGrowth * static_cast<double>(first.resident_kib))
    outcome.violations.push_back("memory: " + std::to_string(first.resident_kib) +
                                 " KiB at first, " + std::to_string(last.resident_kib) +
                                 " KiB in the end");
}

}  // namespace

Outcome leaks(const Setting& setting) {
  Outcome outcome;
  const io::TemporaryFolder folder;
  FailingIo io;
  Ledger ledger;
  Session session(io, folder / "model", ledger);
  session.open();
  const auto saves = static_cast<int>(setting.size);
  const int warm_up = std::max(kWarmUp, saves / 10 / kFailEvery * kFailEvery);
  Holdings first;
  std::int64_t failures = 0;
  for (int step = 1; step <= warm_up + saves; ++step) {
    ledger.size = 0;
    if (save_one(session, io, step)) ++failures;
    restore_latest(session.model_dir(), step);
    const std::vector<CheckpointInfo> found = io::list(io::system_io(), session.model_dir());
    for (std::size_t i = 0; i + kKept < found.size(); ++i)
      session.remove(static_cast<int>(found[i].step));
    session.note(step);
    session.writer().take_warnings();
    if (step == warm_up) first = look(session.model_dir());
  }
  compare(first, look(session.model_dir()), outcome);
  outcome.details.set("saves that failed", failures);
  outcome.cases = saves;
  return outcome;
}

}  // namespace holdfast::durability
