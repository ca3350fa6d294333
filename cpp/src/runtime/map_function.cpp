#include "runtime/map_function.h"

#include <string>
#include <utility>

#include "base/shape_fits.h"
#include "base/thread_pool.h"
#include "graph/op.h"
#include "runtime/program.h"

namespace holdfast {
namespace {

[[noreturn]] void fail(const std::string& text) { throw Error(Code::kInvalidArgument, text); }

bool fits(const TensorType& component, const TensorType& placeholder) {
  return component.dtype == placeholder.dtype && shape_fits(placeholder.shape, component.shape);
}

std::string type_text(const TensorType& type) {
  return std::string(dtype_name(type.dtype)) + " " + shape_text(type.shape);
}

}  // namespace

std::vector<TensorType> MapFunction::types() const {
  std::vector<TensorType> types;
  types.reserve(outputs.size());
  for (const NodeId output : outputs) types.push_back(graph->node(output).type);
  return types;
}

void check_map_function(const MapFunction& function, const std::vector<TensorType>& components) {
  if (function.outputs.empty()) fail("map: the function returned no tensor; expected at least one");
  if (function.inputs.size() != components.size()) {
    fail("map: expected one placeholder for each of the " + std::to_string(components.size()) +
         " components; got " + std::to_string(function.inputs.size()));
  }
  for (std::size_t c = 0; c < components.size(); ++c) {
    if (function.inputs[c] == kNoNode) continue;
    const Node& node = function.graph->node(function.inputs[c]);
    if (node.op != "placeholder" || !fits(components[c], node.type)) {
      fail("map: component " + std::to_string(c) + ": expected a placeholder that takes " +
           type_text(components[c]) + "; got \"" + node.name + "\", a " + node.op + " of " +
           type_text(node.type));
    }
  }
  for (NodeId id = 0; id < function.graph->size(); ++id) {
    const Node& node = function.graph->node(id);
    if (node.op == "variable") {
      fail("map: the function made the variable \"" + node.name +
           "\"; expected a function of the element alone. Variables belong into the model_fn");
    }
    if (find_op(node.op).is_random) {
      fail("map: the function draws random numbers in \"" + node.name + "\" (" + node.op +
           "); expected a function of the element alone. Draw them in the "
           "model_fn");
    }
  }
}

// One function with its programs; as an Element, the result of the last run.
class MapChain::Runner final : public Element {
 public:
  explicit Runner(const MapFunction& function)
      : function_(function), state_(*function.graph, 0), types_(function.types()) {}

  void run(const Element& element) {
    std::vector<Feed> feeds;
    for (std::size_t c = 0; c < function_.inputs.size(); ++c) {
      if (function_.inputs[c] != kNoNode) {
        feeds.push_back({function_.inputs[c], element.shape(static_cast<int>(c))});
      }
    }
    current_ = &planned(feeds);
    std::size_t feed = 0;
    for (std::size_t c = 0; c < function_.inputs.size(); ++c) {
      if (function_.inputs[c] == kNoNode) continue;
      void* to = current_->program.feed(feed++);
      if (to != nullptr) element.copy(static_cast<int>(c), to);
    }
    current_->program.run(RunContext{pool_, 0, 0});
  }

  Shape shape(int component) const override { return value(component).shape; }
  void copy(int component, void* destination) const override {
    const Buffer& from = value(component);
    copy_elements(from.dtype, from.data, destination, from.size);
  }

 private:
  struct Plan {
    Plan(Runner& runner, const std::vector<Feed>& shapes)
        : feeds(shapes),
          program(*runner.function_.graph, runner.state_, runner.function_.outputs, shapes, 1) {}
    std::vector<Feed> feeds;
    Program program;
  };
  static constexpr std::size_t kPlans = 4;  // full batches and the short last one of each epoch

  const Buffer& value(int component) const {
    return current_->program.value(static_cast<std::size_t>(component));
  }

  Plan& planned(const std::vector<Feed>& feeds) {
    for (const auto& plan : plans_) {
      bool same = true;
      for (std::size_t i = 0; i < feeds.size(); ++i) {
        same = same && plan->feeds[i].shape == feeds[i].shape;
      }
      if (same) return *plan;
    }
    if (plans_.size() == kPlans) plans_.erase(plans_.begin());
    plans_.push_back(std::make_unique<Plan>(*this, feeds));
    return *plans_.back();
  }

  MapFunction function_;
  State state_;
  std::vector<TensorType> types_;
  ThreadPool pool_{1};
  std::vector<std::unique_ptr<Plan>> plans_;
  Plan* current_ = nullptr;
};

MapChain::MapChain(const std::vector<MapFunction>& functions) {
  for (const MapFunction& function : functions) {
    runners_.push_back(std::make_unique<Runner>(function));
  }
  if (!functions.empty()) types_ = functions.back().types();
}
MapChain::~MapChain() = default;
MapChain::MapChain(MapChain&&) noexcept = default;

const Element& MapChain::apply(const Element& element) {
  const Element* input = &element;
  for (const auto& runner : runners_) {
    runner->run(*input);
    input = runner.get();
  }
  return *input;
}

}  // namespace holdfast
