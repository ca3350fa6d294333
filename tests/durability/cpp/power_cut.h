// T3: every scenario is cut off at every moment, and every state that the disk may be in is looked
// at: systematic ones first, then random ones.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "disk.h"
#include "hooked_io.h"
#include "ledger.h"
#include "outcome.h"
#include "scenarios.h"

namespace holdfast::durability {

// The run of a scenario as a power cut sees it: every change, and what had been promised before it.
struct Recording {
  const Scenario* scenario = nullptr;
  Tree before;  // durable when the action began
  std::vector<Change> changes;
  std::vector<Ledger> promises;  // one more than changes: promises[i] holds when i have been made
};

// `leave_out`: which calls of fsync succeed without doing anything; may be empty.
using SyncFilter = std::function<bool(const Call& sync, const std::string& last_rename)>;
Recording record(const Scenario& scenario, const SyncFilter& leave_out);

// Each outcome worth a look of a power cut at this moment: of names none, all, each single one lost
// or kept, and each prefix; with each pattern of pages.
std::vector<Choice> systematic_choices(const Disk& disk);

// Violations of the promises after a power cut at changes[0, made), or none.
std::vector<std::string> after_power_cut(const Recording& recording, std::size_t made,
                                         const Tree& tree);

// setting.size: how many distinct states; fewer only if there are not so many.
Outcome power_cut(const Setting& setting);

}  // namespace holdfast::durability
