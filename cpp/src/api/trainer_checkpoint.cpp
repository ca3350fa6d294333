// A trainer's state as the contents of a checkpoint, and back.
#include <string>
#include <utility>
#include <vector>

#include "api/restore_plan.h"
#include "api/trainer_impl.h"
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

RestoreReport Trainer::restore(const CheckpointReader& reader, const RestoreOptions& options) {
  Impl& self = *impl_;
  const RestoreReport report = plan_restore(self.state, reader, options);
  // Every byte is read and verified, in new memory, before anything is taken, so that damage shows
  // to every call alike, whatever it needs of the checkpoint.
  std::vector<Tensor> stored = reader.read_all(self.threads);
  const std::uint64_t seed = stored_seed(reader.state_json(), self.seed);
  self.programs.clear();  // they hold the old memory
  for (const std::string& name : report.restored) {
    const auto index = static_cast<std::size_t>(reader.find(name) - reader.tensors().data());
    self.state.take(self.state.at(name), std::move(stored[index]));
  }
  self.seed = seed;
  return report;
}

}  // namespace holdfast
