#include "error_at_every_allocation.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>

#include "allocations.h"
#include "contents.h"
#include "holdfast/error.h"
#include "invariants.h"
#include "io/checkpoint_dir.h"
#include "io/testing_io.h"
#include "scenarios.h"

namespace holdfast::durability {
namespace {

// A crash says at which case: the handler may do no more than write.
char current_case[200];
void tell_case(int signal_number) {
  static_cast<void>(!::write(STDERR_FILENO, current_case, sizeof current_case));
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

// Fails each allocation of `act` in turn, on real files: an Io of memory would fail as well. `act`
// makes ready what it needs before it makes the AllocationFault.
using AllocationTest = std::function<void(Session&, Ledger&, std::int64_t n)>;

// False once `act` has fewer than n allocations.
bool fail_allocation(const char* name, std::int64_t n, const AllocationTest& act,
                     Outcome& outcome) {
  const io::TemporaryFolder folder;
  Ledger ledger;
  Session session(io::system_io(), model_dir_below(folder.path()), ledger);
  session.open();
  for (const int step : {10, 20, 30}) session.save(step);
  session.note(1);
  std::snprintf(current_case, sizeof current_case, "%s, allocation %lld fails\n", name,
                static_cast<long long>(n));
  std::vector<std::string> broken;
  try {
    act(session, ledger, n);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): as it should be
  } catch (const std::exception& error) {
    broken.push_back(std::string("I6: no holdfast::Error: ") + error.what());
  }
  if (!AllocationFault::reached()) return false;
  ++outcome.cases;
  session.close();
  for (std::string& text : broken_promises(io::system_io(), session.model_dir(), ledger))
    broken.push_back(std::move(text));
  for (const std::string& text : broken)
    outcome.violations.push_back(std::string(name) + ", allocation " + std::to_string(n) +
                                 " fails: " + text);
  return true;
}

void save_without_memory(Session& session, Ledger& ledger, int step, int variant, std::int64_t n) {
  const CheckpointContents contents = contents_of(step, variant);
  ledger.add(EventKind::kSaving, step, variant);
  {
    const AllocationFault fault(n);
    session.writer().save(contents);
  }
  ledger.add(EventKind::kSaved, step, variant);
}

void restore_without_memory(Session& session, std::int64_t n) {
  std::unique_ptr<io::OpenedCheckpoint> opened;
  std::vector<Tensor> values;
  {
    const AllocationFault fault(n);
    opened = io::open_latest(io::system_io(), session.model_dir());
    values = opened->read_all(1);
  }
  if (opened->manifest().step != 30)
    throw std::runtime_error("an older checkpoint was read in silence: " + opened->path());
}

const std::vector<std::pair<const char*, AllocationTest>>& allocation_tests() {
  static const std::vector<std::pair<const char*, AllocationTest>> all{
      {"save", [](Session& session, Ledger& ledger,
                  std::int64_t n) { save_without_memory(session, ledger, 40, 0, n); }},
      {"save again", [](Session& session, Ledger& ledger,
                        std::int64_t n) { save_without_memory(session, ledger, 30, 1, n); }},
      {"notes",
       [](Session& session, Ledger& ledger, std::int64_t n) {
         const std::string notes = notes_of(2);
         ledger.add(EventKind::kNoting, 0, 2);
         const AllocationFault fault(n);
         session.writer().write_bookkeeping(notes);
       }},
      {"remove",
       [](Session& session, Ledger& ledger, std::int64_t n) {
         const std::string path = session.model_dir() + "/" + io::checkpoint_name(10);
         ledger.add(EventKind::kRemoving, 10);
         const AllocationFault fault(n);
         session.writer().remove(path);
       }},
      {"recover",
       [](Session& session, Ledger&, std::int64_t n) {
         session.close();
         const AllocationFault fault(n);
         io::ModelDirWriter(io::system_io(), session.model_dir(), {});
       }},
      {"restore",
       [](Session& session, Ledger&, std::int64_t n) { restore_without_memory(session, n); }}};
  return all;
}

void fail_allocations(const Setting& setting, Outcome& outcome) {
  const std::int64_t stride = std::max<std::int64_t>(1, setting.size);
  for (const auto& [name, act] : allocation_tests()) {
    std::int64_t n = 1 + static_cast<std::int64_t>(setting.seed) % stride;
    while (fail_allocation(name, n, act, outcome)) n += stride;
    outcome.details.set(std::string("allocations of ") + name, n - 1);
  }
}

}  // namespace

Outcome error_at_every_allocation(const Setting& setting) {
  std::signal(SIGABRT, tell_case);
  std::signal(SIGSEGV, tell_case);
  Outcome outcome;
  fail_allocations(setting, outcome);
  return outcome;
}

}  // namespace holdfast::durability
