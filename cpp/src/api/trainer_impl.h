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

// Where a component of the input goes.
struct FeedCopy {
  int component;
  FeedPlace place;
  bool by_rows;
};

// A program, what it was planned for, and how it is fed.
struct PlannedProgram {
  PlannedProgram(const Graph& graph, State& state, std::vector<NodeId> nodes, std::vector<Feed> fed,
                 int threads)
      : wanted(std::move(nodes)),
        feeds(std::move(fed)),
        program(graph, state, wanted, feeds, threads) {}
  std::vector<NodeId> wanted;
  std::vector<Feed> feeds;
  Program program;
  std::vector<FeedCopy> copies;
  std::int64_t rows = 0;  // of an element, where some components are copied by rows
  int parts = 1;          // threads that share the rows
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
  void copy_element(const PlannedProgram& planned);

  class Run;  // trainer.cpp

 private:
  std::vector<Feed> feeds_of_element() const;
  void plan_copies(PlannedProgram& planned) const;
};

}  // namespace holdfast
