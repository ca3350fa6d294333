#include "kill_at_every_call.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <new>

#include "cases.h"
#include "holdfast/error.h"
#include "hooked_io.h"
#include "invariants.h"
#include "io/testing_io.h"
#include "scenarios.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMostText = 200;
constexpr std::int64_t kNow = 1790000000000;  // milliseconds since 1970

// What a child leaves behind, in memory that it shares with its parent.
struct Trace {
  Ledger ledger;
  std::int64_t calls = 0;
  std::array<char, kMostText> last{};  // the call at which it died, or the error it ended with
};

class SharedTrace {
 public:
  SharedTrace() {
    void* memory =
        ::mmap(nullptr, sizeof(Trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    trace_ = new (memory) Trace;
  }
  ~SharedTrace() { ::munmap(trace_, sizeof(Trace)); }
  SharedTrace(const SharedTrace&) = delete;
  SharedTrace& operator=(const SharedTrace&) = delete;
  Trace* operator->() { return trace_; }

 private:
  Trace* trace_;
};

struct Moment {
  std::int64_t call = 0;  // from 1; 0: never
  bool after = false;
};

class KillIo final : public HookedIo {
 public:
  KillIo(SharedTrace& trace, const Moment& moment)
      : HookedIo(io::system_io()), trace_(trace), moment_(moment) {}

 protected:
  std::optional<std::int64_t> before(const Call& call) override {
    trace_->calls = call.number;
    const bool is_clock = call.verb == Verb::kNow;
    if (call.number == moment_.call && (is_clock || !moment_.after)) die(call);
    // One moment for all: which names are taken, and so how many calls follow, is always the same.
    return is_clock ? std::optional<std::int64_t>(kNow) : std::nullopt;
  }
  void after(const Call& call) override {
    if (call.number == moment_.call && moment_.after) die(call);
  }

 private:
  void die(const Call& call) {
    std::snprintf(trace_->last.data(), kMostText, "%s", text_of(call).c_str());
    ::kill(::getpid(), SIGKILL);
  }

  SharedTrace& trace_;
  Moment moment_;
};

// In the child: never returns.
[[noreturn]] void live(const Scenario& scenario, const std::string& root, const Moment& moment,
                       SharedTrace& trace) {
  try {
    KillIo io(trace, moment);
    io.no_rename_flags = !scenario.rename_flags;
    Session session(io, model_dir_below(root), trace->ledger);
    scenario.prepare(session);
    io.arm();
    scenario.act(session);
  } catch (const std::exception& error) {
    std::snprintf(trace->last.data(), kMostText, "%s", error.what());
    ::_exit(3);
  }
  ::_exit(0);
}

// Returns how it ended, as waitpid says.
int run_child(const Scenario& scenario, const std::string& root, const Moment& moment,
              SharedTrace& trace) {
  const pid_t child = ::fork();
  if (child == 0) live(scenario, root, moment, trace);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Runs this program once more with the command "check".
std::string check_in_fresh_process(const std::string& root, const Ledger& ledger) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "'" + self + "' check --folder '" + model_dir_below(root) + "' '" +
                              text_of(ledger) + "' 2>&1";
  std::string text;
  std::FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) return "the checker cannot be started";
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), output))
    text.append(buffer.data(), got);
  const int status = ::pclose(output);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return text.empty() ? "the checker crashed" : text;
}

std::int64_t count_calls(const Scenario& scenario) {
  const io::TemporaryFolder folder;
  SharedTrace trace;
  if (run_child(scenario, folder.path(), {}, trace) != 0)
    throw Error(Code::kInternal, std::string(scenario.name) + ": " + trace->last.data());
  return trace->calls;
}

}  // namespace

Outcome kill_at_every_call(const Setting& setting) {
  Outcome outcome;
  std::vector<std::int64_t> counts;
  std::int64_t total = 0;
  for (const Scenario& scenario : scenarios()) {
    counts.push_back(count_calls(scenario));
    total += 2 * counts.back();
    outcome.details.set(scenario.name, counts.back());
  }
  Cases cases(setting, total);
  for (std::size_t s = 0; s < counts.size(); ++s) {
    const Scenario& scenario = scenarios()[s];
    for (Moment moment{1, false}; moment.call <= counts[s];
         moment = moment.after ? Moment{moment.call + 1, false} : Moment{moment.call, true}) {
      if (is_enough(setting, outcome)) return outcome;
      if (!cases.take()) continue;
      ++outcome.cases;
      const io::TemporaryFolder folder;
      SharedTrace trace;
      const int status = run_child(scenario, folder.path(), moment, trace);
      std::string broken;
      if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        broken = "was not killed";
      else
        broken = check_in_fresh_process(folder.path(), trace->ledger);
      if (!broken.empty())
        outcome.violations.push_back(
            std::string(scenario.name) + ", killed " + (moment.after ? "after" : "before") +
            " call " + std::to_string(moment.call) + " (" + trace->last.data() + "): " + broken);
    }
  }
  return outcome;
}

Outcome check_directory(const Setting& setting) {
  Outcome outcome;
  outcome.cases = 1;
  const Ledger ledger = parse_ledger(setting.more.empty() ? "" : setting.more.front());
  outcome.violations = broken_promises(io::system_io(), setting.folder, ledger);
  return outcome;
}

}  // namespace holdfast::durability
