// A trainer's state as the contents of a checkpoint, and back.
#include <utility>
#include <vector>

#include "api/trainer_impl.h"
#include "runtime/mismatch.h"
#include "runtime/training_state.h"

namespace holdfast {

CheckpointContents Trainer::contents(const std::string& state_json,
                                     const std::string& model_json) const {
  const Impl& self = *impl_;
  CheckpointContents all;
  for (const Variable& variable : self.state.variables()) {
    if (variable.role == "local") continue;
    all.tensors.push_back({variable.name, variable.role, variable.slot_of, variable.slot,
                           variable.optimizer, variable.value});
  }
  all.state_json = training_state_json(self.seed, global_step(), self.input.get(), state_json);
  all.model_json = model_json;
  return all;
}

void Trainer::restore(const CheckpointReader& reader, bool restore_slots) {
  Impl& self = *impl_;
  expect_match(self.state, reader.tensors(), restore_slots, reader.info().path,
               reader.model_json());
  // Everything is read and verified before anything is taken.
  std::vector<std::pair<Variable*, Tensor>> values;
  for (const Variable& variable : self.state.variables()) {
    if (variable.role == "local" || (variable.role == "slot" && !restore_slots)) continue;
    values.emplace_back(&self.state.at(variable.node), reader.read(variable.name));
  }
  const std::uint64_t seed = stored_seed(reader.state_json(), self.seed);
  for (auto& [variable, value] : values) self.state.write(*variable, value);
  self.seed = seed;
}

}  // namespace holdfast
