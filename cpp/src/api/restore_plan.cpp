#include "api/restore_plan.h"

#include <algorithm>
#include <set>
#include <string>

#include "runtime/likely_cause.h"
#include "runtime/mismatch.h"

namespace holdfast {
namespace {

void append(std::vector<std::string>& names, const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
}

bool has(const StateComparison::Group& group) { return !group.differences.empty(); }

// Slots that do not fit, told apart by which side has them. A slot of another shape is on both.
void report_reset(RestoreReport& report, const StateComparison::Group& slots) {
  report.reset = slots.matching;
  for (const Difference& difference : slots.differences) {
    if (difference.kind == Difference::kMissing) {
      report.missing.push_back(difference.name);
    } else if (difference.kind == Difference::kUnexpected) {
      report.unexpected.push_back(difference.name);
    } else if (std::find(report.reset.begin(), report.reset.end(), difference.name) ==
               report.reset.end()) {
      report.reset.push_back(difference.name);
    }
  }
}

}  // namespace

RestoreReport plan_restore(const State& state, const CheckpointReader& reader,
                           const RestoreOptions& options) {
  const StateComparison comparison(state, reader.tensors());
  const bool with_slots = options.slots == SlotPolicy::kRestore;
  if (has(comparison.variables) || (with_slots && has(comparison.slots))) {
    const std::string cause = likely_cause(comparison, {reader.tensors(), reader.model_json()},
                                           {state, options.model_json});
    throw mismatch_error(comparison, with_slots,
                         {reader.info().path, cause, options.slots != SlotPolicy::kSkip});
  }
  RestoreReport report;
  append(report.restored, comparison.variables.matching);
  const bool slots_fit = !has(comparison.slots);
  if (options.slots != SlotPolicy::kSkip && slots_fit) {
    append(report.restored, comparison.slots.matching);
  } else if (options.slots == SlotPolicy::kReset) {
    report_reset(report, comparison.slots);
  }
  std::set<std::string> spoken_of;
  for (const auto* names : {&report.restored, &report.reset, &report.unexpected})
    spoken_of.insert(names->begin(), names->end());
  for (const TensorInfo& info : reader.tensors()) {
    if (spoken_of.count(info.name) == 0) report.unused.push_back(info.name);
  }
  return report;
}

}  // namespace holdfast
