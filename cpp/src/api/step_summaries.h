// Which steps of a run are recorded, and the events they become.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "holdfast/trainer.h"
#include "runtime/program.h"

namespace holdfast {

class StepSummaries {
 public:
  // Throws: InvalidArgument for a source that cannot be recorded.
  StepSummaries(const Graph& graph, std::shared_ptr<EventWriter> writer, SummaryPlan plan);

  // Whether the step to come is recorded: its program then has nodes() among what is wanted.
  bool due() const noexcept { return plan_.every > 0 && step_ % plan_.every == 0; }
  const std::vector<NodeId>& nodes() const noexcept { return nodes_; }
  // After every step. `first`: the index of nodes()[0] among what the program was asked for, if
  // the step was due. Returns how many nodes of the program were this one's.
  std::size_t step_done(const Program& program, std::size_t first, std::int64_t global_step);

 private:
  void record(const Program& program, std::size_t first, std::int64_t global_step);
  void measure_speed(std::int64_t global_step);

  std::shared_ptr<EventWriter> writer_;
  SummaryPlan plan_;
  std::vector<NodeId> nodes_;
  Event event_;            // its memory is used again
  std::int64_t step_ = 0;  // steps done since the plan was set
  std::chrono::steady_clock::time_point speed_since_;
};

}  // namespace holdfast
