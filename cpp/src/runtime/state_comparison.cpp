#include "runtime/state_comparison.h"

#include <algorithm>
#include <map>

namespace holdfast {
namespace {

using Stored = std::map<std::string, const TensorInfo*>;
using Wanted = std::map<std::string, const Variable*>;

bool is_slot(const std::string& role) { return role == "slot"; }

bool is_state(const std::string& role) {
  return role == "variable" || role == "global_step" || role == "vocabulary" || role == "state";
}

// How many parts of two names, between slashes, agree from the end.
std::size_t common_parts(const std::string& a, const std::string& b) {
  std::size_t parts = 0;
  std::size_t i = a.size();
  std::size_t j = b.size();
  while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
    --i;
    --j;
    const bool whole = (i == 0 || a[i - 1] == '/') && (j == 0 || b[j - 1] == '/');
    if (whole && (a[i] != '/' || i == 0)) ++parts;
  }
  return parts;
}

// The unexpected tensor of the same dtype and shape whose name agrees longest from the end, each at
// most once.
void suggest_renamings(std::vector<Difference>& differences) {
  std::set<std::string> taken;
  for (Difference& missing : differences) {
    if (missing.kind != Difference::kMissing) continue;
    std::size_t longest = 0;
    for (const Difference& other : differences) {
      if (other.kind != Difference::kUnexpected || taken.count(other.name) > 0) continue;
      const Tensor& value = missing.model->value;
      if (other.stored->dtype != value.dtype() || other.stored->shape != value.shape()) continue;
      const std::size_t parts = common_parts(missing.name, other.name);
      if (parts <= longest) continue;
      longest = parts;
      missing.renamed_from = other.name;
    }
    if (longest > 0) taken.insert(missing.renamed_from);
  }
}

// Names of slots end in the optimizer's where nothing else tells.
template <typename Slots>
std::set<std::string> optimizers_of(const Slots& slots) {
  std::set<std::string> optimizers;
  for (const auto& [name, slot] : slots)
    optimizers.insert(slot->optimizer.empty() ? name.substr(name.rfind('/') + 1) : slot->optimizer);
  return optimizers;
}

StateComparison::Group compare(const Wanted& wanted, const Stored& stored) {
  StateComparison::Group group;
  const auto differs = [&](Difference::Kind kind, const std::string& name, const TensorInfo* info,
                           const Variable* variable) {
    group.differences.push_back({kind, name, info, variable, ""});
  };
  for (const auto& [name, variable] : wanted) {
    const auto found = stored.find(name);
    if (found == stored.end()) {
      differs(Difference::kMissing, name, nullptr, variable);
      continue;
    }
    const TensorInfo* info = found->second;
    const bool same_dtype = info->dtype == variable->value.dtype();
    const bool same_shape = info->shape == variable->value.shape();
    if (!same_dtype) differs(Difference::kDType, name, info, variable);
    if (!same_shape) {
      const bool words = variable->role == "vocabulary" || info->role == "vocabulary";
      differs(words ? Difference::kVocabulary : Difference::kShape, name, info, variable);
    }
    if (same_dtype && same_shape) group.matching.push_back(name);
  }
  for (const auto& [name, info] : stored) {
    if (wanted.count(name) == 0) differs(Difference::kUnexpected, name, info, nullptr);
  }
  std::stable_sort(group.differences.begin(), group.differences.end(),
                   [](const Difference& a, const Difference& b) { return a.kind < b.kind; });
  suggest_renamings(group.differences);
  return group;
}

}  // namespace

StateComparison::StateComparison(const State& state, const std::vector<TensorInfo>& stored) {
  Stored stored_variables;
  Stored stored_slots;
  for (const TensorInfo& info : stored) {
    if (is_slot(info.role)) stored_slots[info.name] = &info;
    if (is_state(info.role)) stored_variables[info.name] = &info;
  }
  Wanted wanted_variables;
  Wanted wanted_slots;
  for (const Variable& variable : state.variables()) {
    if (is_slot(variable.role)) {
      wanted_slots[variable.name] = &variable;
    } else if (variable.role != "local") {
      wanted_variables[variable.name] = &variable;
    }
  }
  variables = compare(wanted_variables, stored_variables);
  slots = compare(wanted_slots, stored_slots);
  slots.stored_optimizers = optimizers_of(stored_slots);
  slots.model_optimizers = optimizers_of(wanted_slots);
}

std::vector<std::pair<std::string, std::string>> renamings(const StateComparison::Group& group) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Difference& difference : group.differences) {
    if (!difference.renamed_from.empty())
      pairs.emplace_back(difference.name, difference.renamed_from);
  }
  return pairs;
}

}  // namespace holdfast
