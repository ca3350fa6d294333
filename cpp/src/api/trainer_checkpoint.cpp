// A trainer's state as the contents of a checkpoint, and back.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/restore_plan.h"
#include "api/trainer_impl.h"
#include "holdfast/error.h"
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

std::int64_t Trainer::resume_input(const CheckpointReader& reader) {
  const auto fail = [](const std::string& text) -> void {
    throw Error(Code::kFailedPrecondition, "resume_input: " + text);
  };
  Input* const input = impl_->input.get();
  if (input == nullptr || input->consumed() != 0) {
    fail("expected an input at its beginning; call set_input() with a new one first");
  }
  const std::optional<InputPosition> stored = stored_position(reader.state_json());
  if (!stored || stored->consumed == 0) return 0;
  const std::string subject =
      reader.info().path + " had seen " + std::to_string(stored->consumed) + " batches of ";
  if (stored->fingerprint != input->fingerprint()) {
    fail(subject + stored->fingerprint + "; this input is " + input->fingerprint() +
         ". Give it the same names, sizes, dtypes and transformations, or leave resume_input() out "
         "to start from the beginning");
  }
  if (stored->order != input->order()) {
    fail(subject +
         "this input in another order; shuffle() it with the same seed, or make_input() with the "
         "trainer's seed() after restore()");
  }
  input->skip(stored->consumed);
  return stored->consumed;
}

}  // namespace holdfast
