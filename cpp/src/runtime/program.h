// A graph made ready to run for one set of targets and one batch size: pruned to what they need,
// fused, every value at a fixed place, every kernel bound to its operands.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/op.h"
#include "holdfast/graph.h"
#include "runtime/state.h"

namespace holdfast {

// A placeholder that the caller fills before every run, and the shape it has in this program.
struct Feed {
  NodeId placeholder;
  Shape shape;
  bool by_rows = false;  // the caller can write rows at a stride
};

// Where to write the value of a feed.
struct FeedPlace {
  void* data = nullptr;         // std::string* for kString; nullptr when no target depends on it
  std::int64_t row_stride = 0;  // bytes between rows; without gaps unless the feed is by_rows
};

// Nodes run in the order of the graph's list; a variable is read as it is at that moment. Not
// thread-safe.
class Program {
 public:
  // `state` outlives the program. Throws: InvalidArgument when a feed does not fit its placeholder
  // or shapes do not fit together; FailedPrecondition when a placeholder that is needed is not fed.
  Program(const Graph& graph, State& state, const std::vector<NodeId>& wanted,
          const std::vector<Feed>& feeds, int threads);
  ~Program();

  const FeedPlace& place(std::size_t i) const noexcept { return feeds_[i]; }
  void* feed(std::size_t i) const noexcept { return feeds_[i].data; }
  // Computes everything wanted. Throws what the operations throw (a label out of range, ...).
  void run(const RunContext& context);
  // The value of wanted[i], until the next run.
  const Buffer& value(std::size_t i) const noexcept { return values_[i]; }

 private:
  struct Planner;
  std::vector<Node> nodes_;  // the planned list; kernels may refer to their nodes
  std::vector<Tensor> owned_;
  std::shared_ptr<void> arena_;
  std::vector<std::unique_ptr<OpKernel>> kernels_;
  std::vector<FeedPlace> feeds_;
  std::vector<Buffer> values_;
};

}  // namespace holdfast
