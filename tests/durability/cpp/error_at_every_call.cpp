#include "error_at_every_call.h"

#include <cerrno>
#include <iterator>
#include <set>

#include "cases.h"
#include "contents.h"
#include "holdfast/error.h"
#include "hooked_io.h"
#include "invariants.h"
#include "io/checkpoint_dir.h"
#include "io/names.h"
#include "scenarios.h"
#include "tree_io.h"

namespace holdfast::durability {
namespace {

constexpr int kNextStep = 4000;  // what the surviving process saves after the fault

struct Fault {
  const char* name;
  int error;      // 0: a short write
  bool of_close;  // fails close alone
};
constexpr Fault kFaults[] = {
    {"EIO", EIO, false},     {"ENOSPC", ENOSPC, false},   {"EDQUOT", EDQUOT, false},
    {"EROFS", EROFS, false}, {"EMFILE", EMFILE, false},   {"EACCES", EACCES, false},
    {"EINTR", EINTR, false}, {"a short write", 0, false}, {"a failing close", EIO, true}};

class FaultIo final : public HookedIo {
 public:
  FaultIo(io::Io& inner, const Fault& fault, std::int64_t at, bool from_then_on)
      : HookedIo(inner), fault_(fault), at_(at), from_then_on_(from_then_on) {}

  bool must_fail = false;    // the fault is one that a save may not overlook
  std::string first;         // the call that failed; empty: the fault does not fit call `at`
  std::string synced_again;  // a file on which fsync was called after it had failed

 protected:
  std::optional<std::int64_t> before(const Call& call) override {
    if (call.verb == Verb::kFsync && failed_syncs_.count(call.file) != 0) synced_again = call.path;
    if (call.verb == Verb::kClose) failed_syncs_.erase(call.file);
    if (fault_.error == 0 || !hits(call)) return std::nullopt;
    if (call.verb == Verb::kFsync) failed_syncs_.insert(call.file);
    return -fault_.error;
  }

  std::size_t write_size(const Call& call, std::size_t size) override {
    return fault_.error == 0 && size > 1 && hits(call) ? size / 2 : size;
  }

 private:
  // A write, sync or close of a file of a checkpoint or export that is being made.
  bool is_part_of_a_save(const Call& call) const {
    const bool tried_again = fault_.error == 0 || fault_.error == EINTR;
    const bool counts = call.verb == Verb::kFsync || call.verb == Verb::kClose ||
                        (call.verb == Verb::kPwrite && !tried_again);
    const std::string name = io::split_path(call.path).name;
    const std::string parent = io::split_path(io::split_path(call.path).directory).name;
    const bool of_asset = parent == io::kExtraAssetsName;
    const auto side = io::parse_side_name(parent);
    const bool is_made =
        (side && side->kind == io::SideKind::kTemporary) || io::is_export_temporary(parent);
    const bool of_file = io::is_checkpoint_file(name) && is_made;
    return counts && (of_asset || of_file);
  }
  bool hits(const Call& call) {
    const bool fits = fault_.error == 0 ? call.verb == Verb::kPwrite
                      : fault_.of_close ? call.verb == Verb::kClose
                                        : call.verb != Verb::kNow;  // a clock has no errors
    if (!fits || call.number < at_ || (call.number > at_ && (!from_then_on_ || first.empty())))
      return false;
    // A signal interrupts each call once: what is tried again works the second time.
    if (fault_.error == EINTR && (call.number - at_) % 2 != 0) return false;
    if (call.number == at_) first = text_of(call);
    must_fail = must_fail || is_part_of_a_save(call);
    return true;
  }

  Fault fault_;
  std::int64_t at_;
  bool from_then_on_;
  std::set<int> failed_syncs_;
};

// One case. "": the fault does not fit the call, which is no case.
class CallCase {
 public:
  CallCase(const Scenario& scenario, const Fault& fault, std::int64_t at, bool from_then_on)
      : scenario_(scenario),
        io_(memory_, fault, at, from_then_on),
        session_(io_, model_dir_below(""), ledger_) {
    memory_.keeps_journal = false;
    io_.no_rename_flags = !scenario.rename_flags;
    text_ = std::string(scenario.name) + ", " + fault.name + " at call " + std::to_string(at) +
            (from_then_on ? " and from then on" : "");
  }

  // False when the fault does not fit the call.
  bool run(std::vector<std::string>& violations) {
    scenario_.prepare(session_);
    io_.arm();
    std::vector<std::string> broken;
    attack(broken);
    io_.disarm();
    if (io_.first.empty()) return false;
    go_on(broken);
    for (std::string& text : broken_promises(memory_, session_.model_dir(), ledger_))
      broken.push_back(std::move(text));
    for (const std::string& text : broken)
      violations.push_back(text_ + " (" + io_.first + "): " + text);
    return true;
  }

 private:
  void attack(std::vector<std::string>& broken) {
    try {
      scenario_.act(session_);
      if (io_.must_fail) broken.push_back("the error was overlooked");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): as it should be
    } catch (const std::exception& error) {
      broken.push_back(std::string("I6: no holdfast::Error: ") + error.what());
    }
    if (!io_.synced_again.empty())
      broken.push_back("fsync again after it failed: " + io_.synced_again);
  }

  // The process has survived: it saves again, and leaves nothing open.
  void go_on(std::vector<std::string>& broken) {
    try {
      if (!session_.is_open()) session_.open();
      session_.save(kNextStep);
    } catch (const Error& error) {
      broken.push_back(std::string("the next save fails: ") + error.what());
    }
    session_.close();
    if (memory_.open_files() != 0)
      broken.push_back("I6: " + std::to_string(memory_.open_files()) + " descriptors leak");
    memory_.close_all();
  }

  const Scenario& scenario_;
  TreeIo memory_;
  FaultIo io_;
  Ledger ledger_;
  Session session_;
  std::string text_;
};

std::int64_t count_calls(const Scenario& scenario) {
  TreeIo memory;
  memory.keeps_journal = false;
  HookedIo io(memory);
  io.no_rename_flags = !scenario.rename_flags;
  Ledger ledger;
  Session session(io, model_dir_below(""), ledger);
  scenario.prepare(session);
  io.arm();
  scenario.act(session);
  return io.calls();
}

void fail_calls(const Setting& setting, Outcome& outcome) {
  std::vector<std::int64_t> counts;
  std::int64_t total = 0;
  for (const Scenario& scenario : scenarios()) {
    counts.push_back(count_calls(scenario));
    total += counts.back() * 2 * static_cast<std::int64_t>(std::size(kFaults));
    outcome.details.set(scenario.name, counts.back());
  }
  Cases cases(setting, total);
  for (std::size_t s = 0; s < counts.size(); ++s)
    for (std::int64_t at = 1; at <= counts[s]; ++at)
      for (const Fault& fault : kFaults)
        for (const bool from_then_on : {false, true}) {
          if (is_enough(setting, outcome)) return;
          if (!cases.take()) continue;
          CallCase one(scenarios()[s], fault, at, from_then_on);
          if (one.run(outcome.violations)) ++outcome.cases;
        }
}

// Restores the latest checkpoint, which is of step 30, and says what is wrong with it.
std::string restore(io::Io& io, const std::string& model_dir) {
  const auto opened = io::open_latest(io, model_dir);
  if (opened->manifest().step != 30)
    return "an older checkpoint was read in silence: " + opened->path();
  return difference(*opened, 30, 0);
}

// A reader meets the same errors: a typed error or the right values, nothing else.
void fail_reads(const Setting& setting, Outcome& outcome) {
  TreeIo memory;
  memory.keeps_journal = false;
  Ledger ledger;
  Session session(memory, model_dir_below(""), ledger);
  session.open();
  for (const int step : {10, 20, 30}) session.save(step);
  session.close();
  HookedIo counting(memory);
  counting.arm();
  restore(counting, session.model_dir());
  outcome.details.set("restore", counting.calls());
  Cases cases(setting, counting.calls() * 2 * static_cast<std::int64_t>(std::size(kFaults)));
  for (std::int64_t at = 1; at <= counting.calls(); ++at)
    for (const Fault& fault : kFaults)
      for (const bool from_then_on : {false, true}) {
        if (is_enough(setting, outcome)) return;
        if (!cases.take()) continue;
        FaultIo io(memory, fault, at, from_then_on);
        io.arm();
        std::string broken;
        try {
          broken = restore(io, session.model_dir());
        } catch (const Error&) {  // NOLINT(bugprone-empty-catch): as it should be
        } catch (const std::exception& error) {
          broken = std::string("I6: no holdfast::Error: ") + error.what();
        }
        if (io.first.empty()) continue;
        ++outcome.cases;
        if (memory.open_files() != 0) broken += " I6: descriptors leak";
        memory.close_all();
        if (!broken.empty())
          outcome.violations.push_back(std::string("restore, ") + fault.name + " at call " +
                                       std::to_string(at) + " (" + io.first + "): " + broken);
      }
}

}  // namespace

Outcome error_at_every_call(const Setting& setting) {
  Outcome outcome;
  fail_reads(setting, outcome);
  fail_calls(setting, outcome);
  return outcome;
}

}  // namespace holdfast::durability
