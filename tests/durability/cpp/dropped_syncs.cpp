#include "dropped_syncs.h"

#include <map>
#include <unordered_set>
#include <vector>

#include "exports.h"
#include "io/names.h"
#include "power_cut.h"

namespace holdfast::durability {
namespace {

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// What a call of fsync is for.
std::string purpose_of(const Call& sync, const std::string& last_rename) {
  std::string name = io::split_path(sync.path).name;
  if (io::is_shard_name(name)) return "a shard";
  if (name == io::kManifestName || name == io::kCommitName) return name;
  if (io::is_bookkeeping_temporary(name)) return "checkpoint.json";
  if (io::parse_side_name(name)) return "the temporary directory";
  if (io::is_export_temporary(name)) return "the temporary directory of an export";
  if (name == kExtraAsset) return "an extra asset";
  if (name == io::kExtraAssetsName) return "the directory of extra assets";
  if (sync.path == export_base_of(model_dir_below(""))) return "export_dir_base after publishing";
  if (last_rename.empty()) return "the parent of a new directory";
  if (sync.path != model_dir_below("")) return "the parent of a new directory";
  const std::string to = io::split_path(last_rename).name;
  const bool from_old = last_rename.find("/.old-") < last_rename.rfind(' ');
  if (to == io::kBookkeepingName) return "model_dir after renaming checkpoint.json";
  if (io::parse_checkpoint_name(to))
    return from_old ? "model_dir after putting .old- back" : "model_dir after publishing";
  if (starts_with(to, ".trash-")) return "model_dir after renaming to .trash-";
  return "model_dir after " + last_rename;
}

// The first violation over the scenarios, those that have such calls, and all moments; "" when
// there is none.
std::string violation_without(const std::string& purpose,
                              const std::vector<const Scenario*>& scenarios, std::int64_t& states) {
  const SyncFilter leave_out = [&](const Call& sync, const std::string& last_rename) {
    return purpose_of(sync, last_rename) == purpose;
  };
  for (const Scenario* scenario : scenarios) {
    const Recording recording = record(*scenario, leave_out);
    std::unordered_set<std::string> seen;
    Disk disk(recording.before);
    for (std::size_t made = 0;; ++made) {
      for (const Choice& choice : systematic_choices(disk)) {
        const Tree tree = disk.after(choice);
        if (!seen.insert(std::to_string(hash_of(tree)) + text_of(recording.promises[made])).second)
          continue;
        ++states;
        const auto broken = after_power_cut(recording, made, tree);
        if (!broken.empty()) return std::string(scenario->name) + ": " + broken.front();
      }
      if (made == recording.changes.size()) break;
      disk.apply(recording.changes[made]);
    }
  }
  return {};
}

}  // namespace

Outcome dropped_syncs(const Setting&) {
  std::map<std::string, std::vector<const Scenario*>> purposes;
  for (const Scenario& scenario : scenarios())
    record(scenario, [&](const Call& sync, const std::string& last_rename) {
      std::vector<const Scenario*>& found = purposes[purpose_of(sync, last_rename)];
      if (found.empty() || found.back() != &scenario) found.push_back(&scenario);
      return false;
    });
  Outcome outcome;
  for (const auto& [purpose, found] : purposes) {
    const std::string violation = violation_without(purpose, found, outcome.cases);
    outcome.details.set("without fsync of " + purpose, violation);
    if (violation.empty())
      outcome.violations.push_back("fsync of " + purpose +
                                   ": without it no power cut breaks a promise");
  }
  return outcome;
}

}  // namespace holdfast::durability
