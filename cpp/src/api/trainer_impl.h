// What a Trainer holds. Used by trainer.cpp (running) and trainer_checkpoint.cpp (saving and
// restoring).
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "api/step_summaries.h"
#include "base/thread_pool.h"
#include "holdfast/input.h"
#include "holdfast/trainer.h"
#include "runtime/program.h"
#include "runtime/state.h"

namespace holdfast {

// A program and what it was planned for.
struct PlannedProgram {
  std::vector<NodeId> wanted;
  std::vector<Feed> feeds;
  Program program;
};

struct HOLDFAST_LOCAL Trainer::Impl {
  Graph graph;
  int threads;
  std::uint64_t seed;
  State state;
  std::unique_ptr<ThreadPool> pool;  // made when first needed
  std::shared_ptr<Input> input;
  std::vector<NodeId> placeholders;
  std::vector<std::unique_ptr<PlannedProgram>> programs;  // the one used last comes first
  std::vector<StepSummaries> recorders;
  std::atomic<bool> stop{false};
  double call_limit_secs = 0.0;  // 0: none

  Impl(Graph made, const TrainerOptions& options)
      : graph(std::move(made)),
        threads(options.threads > 0 ? options.threads : default_thread_count()),
        seed(options.seed),
        state(graph, options.seed) {}

  ThreadPool& workers();
  // For the shapes of the input's current element; planned anew only when none of those kept fits.
  // `evicted`: the one that was used longest ago had to go.
  PlannedProgram& planned(const std::vector<NodeId>& wanted, bool& evicted);
  void copy_element(const Program& program) const;

 private:
  std::vector<Feed> feeds_of_element() const;
};

}  // namespace holdfast
