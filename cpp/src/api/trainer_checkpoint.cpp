// A trainer's state as the contents of a checkpoint, and back.
#include <string>
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
  // Everything is read and verified, in new memory, before anything is taken.
  std::vector<std::string> names;
  for (const Variable& variable : self.state.variables()) {
    if (variable.role == "local" || (variable.role == "slot" && !restore_slots)) continue;
    names.push_back(variable.name);
  }
  std::vector<Tensor> values = reader.read(names, self.threads);
  const std::uint64_t seed = stored_seed(reader.state_json(), self.seed);
  self.programs.clear();  // they hold the old memory
  for (std::size_t i = 0; i < names.size(); ++i)
    self.state.take(self.state.at(names[i]), std::move(values[i]));
  self.seed = seed;
}

}  // namespace holdfast
