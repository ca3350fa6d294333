// Runs a graph over data and holds its state: training, evaluation and prediction are the same
// class with other targets. Not thread-safe, except request_stop().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "holdfast/export.h"
#include "holdfast/graph.h"
#include "holdfast/input.h"
#include "holdfast/summary.h"

namespace holdfast {

struct TrainerOptions {
  std::uint64_t seed = 0;  // of initial values and dropout; a restored checkpoint's replaces it
  int threads = 0;         // 0: the default of the process
};

// What run() stopped for.
enum class StopReason { kSteps, kEndOfInput, kRequested, kNonFiniteLoss, kTime };

struct RunResult {
  std::int64_t steps = 0;  // steps finished in this call
  StopReason reason = StopReason::kSteps;
  float watched = 0.0f;         // the value of `watch` at the last step finished; 0 without one
  std::vector<Tensor> fetched;  // copies, of the last step asked for; empty when it was not reached
};

// A node that is recorded under a tag. kScalar: a float32 or float64 scalar; kText: a string
// scalar; kHistogram: the result of an operation "histogram".
struct SummarySource {
  std::string tag;
  SummaryValue::Kind kind = SummaryValue::Kind::kScalar;
  NodeId node = kNoNode;
};

// What run() writes into an event file on its own. Steps are counted from add_summaries().
struct SummaryPlan {
  std::vector<SummarySource> sources;
  std::int64_t every = 0;        // record after steps 1, 1 + every, ...; 0: never
  std::int64_t speed_every = 0;  // "global_step/sec" after steps 1 + speed_every, ...; 0: never
  std::vector<Event> opening;    // written after the first step: a run without one leaves no trace
};

// What restore() does with optimizer slots.
enum class SlotPolicy {
  kRestore,  // they must fit, as variables must
  kReset,    // where they do not fit, all of them keep their initial values: another optimizer
  kSkip      // neither looked at nor read: evaluation and prediction
};

struct RestoreOptions {
  SlotPolicy slots = SlotPolicy::kRestore;
  std::string model_json = "{}";  // what snapshot() is given: helps to say why nothing fits
};

// What restore() did, as names of tensors.
struct RestoreReport {
  std::vector<std::string> restored;    // taken from the checkpoint
  std::vector<std::string> reset;       // slots of the checkpoint that fit and were not taken
  std::vector<std::string> missing;     // slots of the model that the checkpoint does not have
  std::vector<std::string> unexpected;  // slots of the checkpoint that the model does not have
  std::vector<std::string> unused;      // of the checkpoint, and of no use here: kSkip's slots, ...
};

class HOLDFAST_API Trainer {
 public:
  // Creates every variable and gives it its initial value.
  explicit Trainer(Graph graph, const TrainerOptions& options = {});
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  const Graph& graph() const noexcept;

  // placeholders[c] is fed from component c of the input; kNoNode leaves the component out.
  // Replaces the input before. Throws: InvalidArgument unless there is a placeholder of its dtype
  // for each.
  void set_input(std::shared_ptr<Input> input, std::vector<NodeId> placeholders);

  // Runs up to `steps` steps: one element of the input each (none when no input is set), computing
  // `targets` each time and `fetches` the last time. `watch`, when not kNoNode, is a float32 scalar
  // checked after every step: NaN stops the run. `record` false: no steps of training, which
  // summaries neither record nor count. Throws: InvalidArgument for a node that is not there, for
  // an element of the input that does not fit its placeholder, and what operations check (a label
  // out of range, ...); FailedPrecondition for a placeholder that nothing feeds. Steps finished
  // before an error stand, and the element that it came with is passed over.
  RunResult run(std::int64_t steps, const std::vector<NodeId>& targets,
                const std::vector<NodeId>& fetches, NodeId watch = kNoNode, bool record = true);
  // From now on steps are recorded as the plan says, too; events carry the global step after the
  // step. Throws: InvalidArgument for a source that is none of the three.
  void add_summaries(std::shared_ptr<EventWriter> writer, SummaryPlan plan);
  // Ends all recording.
  void clear_summaries();

  // From any thread or signal handler: run() returns after the step that is being computed. A
  // request made while no run() is under way is forgotten when the next one begins.
  void request_stop() noexcept;
  // run() returns after the step in which so many seconds since its call are over; 0: no limit.
  void limit_call(double seconds) noexcept;

  // Variables by name, as stored in checkpoints; local ones (metric counters) included.
  std::vector<std::string> variable_names() const;
  // A copy. Throws: NotFound listing the names.
  Tensor read_variable(const std::string& name) const;
  // Throws: as read_variable; InvalidArgument for another dtype or shape.
  void write_variable(const std::string& name, const Tensor& value);
  void reset_local_variables();

  std::int64_t global_step() const;  // 0 when the graph has no such variable
  std::uint64_t seed() const noexcept;
  int threads() const noexcept;

  // The state as a checkpoint's contents: every variable that is not local, the random streams, the
  // input's position. The tensors are the trainer's own, not copies: save or stage them before the
  // next run(). `state_json` and `model_json` are objects whose members are added: those of the
  // CheckpointReader where a training goes on that somebody else began.
  CheckpointContents contents(const std::string& state_json = "{}",
                              const std::string& model_json = "{}") const;
  // Takes every variable that is not local from the checkpoint, or nothing: throws
  // CheckpointMismatchError naming every difference, CheckpointCorruptError for damaged data. The
  // input is not moved.
  RestoreReport restore(const CheckpointReader& reader, const RestoreOptions& options = {});
  // Moves the input, which is at its beginning, to where the checkpoint was in its own, so that the
  // next step sees the batch that would have come next. Returns how many batches lie before it: 0
  // where the checkpoint says nothing of its input. Throws: FailedPrecondition when the input is
  // another one (names, sizes, dtypes, transformations), or in another order.
  std::int64_t resume_input(const CheckpointReader& reader);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
