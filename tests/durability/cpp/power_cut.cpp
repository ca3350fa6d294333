#include "power_cut.h"

#include <algorithm>
#include <random>
#include <unordered_set>

#include "cases.h"
#include "invariants.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kShownViolations = 1000;
constexpr int kMostRounds = 10000;  // of random states, should there be too few of them

bool begins(EventKind kind) {
  return kind == EventKind::kSaving || kind == EventKind::kRemoving || kind == EventKind::kNoting ||
         kind == EventKind::kExporting;
}

// Notes after which change each promise was made.
class RecordingIo final : public HookedIo {
 public:
  RecordingIo(TreeIo& memory, const Ledger& ledger, const SyncFilter& leave_out)
      : HookedIo(memory), memory_(memory), ledger_(ledger), leave_out_(leave_out) {}

  std::vector<Ledger> promises{1};  // [i]: when i changes have been made

 protected:
  std::optional<std::int64_t> before(const Call& call) override {
    note();
    if (call.verb == Verb::kRename) last_rename_ = text_of(call);
    if (call.verb == Verb::kFsync && leave_out_ && leave_out_(call, last_rename_)) return 0;
    return std::nullopt;
  }
  void after(const Call&) override {
    if (memory_.journal.size() == promises.size() - 1) return;
    promises.push_back(ledger_);
    at_last_change_ = ledger_.size;
  }

 public:
  // What was promised since the last change holds until the next one. An operation that has begun
  // and changed nothing yet allows nothing.
  void note() {
    Ledger now = ledger_;
    while (now.size > at_last_change_ &&
           begins(now.events[static_cast<std::size_t>(now.size - 1)].kind))
      --now.size;
    promises.back() = now;
  }

 private:
  TreeIo& memory_;
  const Ledger& ledger_;
  SyncFilter leave_out_;
  std::string last_rename_;
  std::int32_t at_last_change_ = 0;  // the ledger's size
};

// The states of all scenarios that have been looked at.
class States {
 public:
  explicit States(Outcome& outcome) : outcome_(outcome) {}

  std::size_t size() const { return seen_.size(); }

  void look_at(const Recording& recording, const Disk& disk, std::size_t made,
               const Choice& choice) {
    const Tree tree = disk.after(choice);
    const std::string promises = text_of(recording.promises[made]);
    std::uint64_t hash = hash_of(tree) ^ std::hash<std::string>{}(promises);
    hash ^= std::hash<std::string>{}(recording.scenario->name);
    if (!seen_.insert(hash).second) return;
    for (const std::string& broken : after_power_cut(recording, made, tree)) {
      if (outcome_.violations.size() < kShownViolations)
        outcome_.violations.push_back(std::string(recording.scenario->name) + " after change " +
                                      std::to_string(made) + ", " + text_of(choice) + ": " +
                                      broken);
    }
  }

 private:
  Outcome& outcome_;
  std::unordered_set<std::uint64_t> seen_;
};

// A run that is to see few states looks at some moments only.
std::size_t moment_stride(const Setting& setting) {
  constexpr std::int64_t kSystematicStates = 4000;  // of all moments, about
  if (setting.size == 0) return 1;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, kSystematicStates / setting.size));
}

void look_at_systematic(const Recording& recording, const Setting& setting, States& states,
                        const Outcome& outcome) {
  Disk disk(recording.before);
  const std::size_t stride = moment_stride(setting);
  for (std::size_t made = 0; !is_enough(setting, outcome); ++made) {
    if (made % stride == setting.seed % stride)
      for (const Choice& choice : systematic_choices(disk))
        states.look_at(recording, disk, made, choice);
    if (made == recording.changes.size()) return;
    disk.apply(recording.changes[made]);
  }
}

// One random state for each moment.
void look_at_random(const Recording& recording, States& states, std::mt19937_64& random,
                    std::size_t wanted) {
  Disk disk(recording.before);
  for (std::size_t made = 0; states.size() < wanted; ++made) {
    Choice choice{std::vector<bool>(disk.pending_names().size()), Pages::kMixed, true, random()};
    for (std::size_t i = 0; i < choice.kept.size(); ++i) choice.kept[i] = random() % 2 == 0;
    states.look_at(recording, disk, made, choice);
    if (made == recording.changes.size()) return;
    disk.apply(recording.changes[made]);
  }
}

}  // namespace

Recording record(const Scenario& scenario, const SyncFilter& leave_out) {
  TreeIo memory;
  Ledger ledger;
  RecordingIo io(memory, ledger, leave_out);
  io.no_rename_flags = !scenario.rename_flags;
  Session session(io, model_dir_below(""), ledger);
  scenario.prepare(session);
  memory.journal.clear();
  Recording recording{&scenario, memory.tree(), {}, {}};
  io.arm();
  io.note();
  scenario.act(session);
  io.note();
  recording.changes = memory.journal;
  recording.promises = io.promises;
  return recording;
}

std::vector<Choice> systematic_choices(const Disk& disk) {
  const std::size_t count = disk.pending_names().size();
  std::vector<std::vector<bool>> names{std::vector<bool>(count, false)};
  for (std::size_t i = 0; i < count; ++i) {
    names.emplace_back(count, false);
    names.back()[i] = true;
    names.emplace_back(count, true);
    names.back()[i] = false;
    names.emplace_back(count, false);
    std::fill_n(names.back().begin(), i + 1, true);
  }
  std::vector<Choice> choices;
  for (const std::vector<bool>& kept : names) {
    choices.push_back({kept, Pages::kNew, true, 0});
    if (!disk.has_unsynced_data()) continue;
    choices.push_back({kept, Pages::kNew, false, 0});
    choices.push_back({kept, Pages::kOld, true, 0});
    choices.push_back({kept, Pages::kOld, false, 0});
    choices.push_back({kept, Pages::kZero, true, 0});
    choices.push_back({kept, Pages::kMixed, true, 1});
  }
  return choices;
}

std::vector<std::string> after_power_cut(const Recording& recording, std::size_t made,
                                         const Tree& tree) {
  TreeIo memory(tree);
  memory.keeps_journal = false;
  HookedIo io(memory);
  io.no_rename_flags = !recording.scenario->rename_flags;
  return broken_promises(io, model_dir_below(""), recording.promises[made]);
}

Outcome power_cut(const Setting& setting) {
  Outcome outcome;
  States states(outcome);
  std::vector<Recording> recordings;
  for (const Scenario& scenario : scenarios()) {
    recordings.push_back(record(scenario, {}));
    outcome.details.set(scenario.name, static_cast<std::int64_t>(recordings.back().changes.size()));
    look_at_systematic(recordings.back(), setting, states, outcome);
    if (is_enough(setting, outcome)) return outcome;
  }
  outcome.details.set("systematic states", static_cast<std::int64_t>(states.size()));
  std::mt19937_64 random(setting.seed);
  const auto wanted = static_cast<std::size_t>(setting.size);
  for (int round = 0; round < kMostRounds && states.size() < wanted; ++round)
    for (const Recording& recording : recordings) look_at_random(recording, states, random, wanted);
  outcome.cases = static_cast<std::int64_t>(states.size());
  return outcome;
}

}  // namespace holdfast::durability
