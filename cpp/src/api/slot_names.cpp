// The names that TensorFlow's optimizers give their slots: <variable>/<suffix>, with /t_<n>/ before
// the suffix where an Estimator's head made them.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "holdfast/checkpoint.h"

namespace holdfast {
namespace {

struct SlotSuffix {
  std::string_view suffix;
  const char* optimizer;
  const char* slot;
};

// Source: tensorflow/python/training/*.py, _create_slots of each class.
constexpr SlotSuffix kSuffixes[] = {
    {"Adagrad", "Adagrad", "accumulator"},
    {"Adam", "Adam", "m"},
    {"Adam_1", "Adam", "v"},
    {"Momentum", "Momentum", "momentum"},
    {"Ftrl", "Ftrl", "accumulator"},
    {"Ftrl_1", "Ftrl", "linear"},
    {"RMSProp", "RMSProp", "rms"},
    {"RMSProp_1", "RMSProp", "momentum"},
    {"Adadelta", "Adadelta", "accum"},
    {"Adadelta_1", "Adadelta", "accum_update"},
};

bool is_scope(std::string_view part) {  // t_0, t_1, ...
  return part.size() > 2 && part.substr(0, 2) == "t_" &&
         part.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

void assign_slot(NamedTensor& tensor, const std::set<std::string, std::less<>>& names) {
  const std::string_view name = tensor.name;
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return;
  const auto* suffix =
      std::find_if(std::begin(kSuffixes), std::end(kSuffixes),
                   [&](const SlotSuffix& known) { return known.suffix == name.substr(slash + 1); });
  if (suffix == std::end(kSuffixes)) return;
  std::string_view stem = name.substr(0, slash);
  const std::size_t scope = stem.rfind('/');
  if (scope != std::string_view::npos && is_scope(stem.substr(scope + 1)))
    stem = stem.substr(0, scope);
  if (names.count(stem) == 0) return;
  tensor.role = "slot";
  tensor.slot_of = std::string(stem);
  tensor.slot = suffix->slot;
  tensor.optimizer = suffix->optimizer;
}

}  // namespace

void assign_roles(std::vector<NamedTensor>& tensors) {
  std::set<std::string, std::less<>> names;
  for (const NamedTensor& tensor : tensors) names.insert(tensor.name);
  for (NamedTensor& tensor : tensors) {
    if (tensor.name == "global_step") {
      tensor.role = "global_step";
    } else {
      assign_slot(tensor, names);
    }
  }
}

}  // namespace holdfast
