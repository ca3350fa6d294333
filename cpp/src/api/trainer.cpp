#include "holdfast/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "api/trainer_impl.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

// Programs kept for other targets or batch sizes: an epoch's short last batch must not plan anew.
constexpr std::size_t kProgramsKept = 8;

bool same_feeds(const std::vector<Feed>& a, const std::vector<Feed>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].placeholder != b[i].placeholder || a[i].shape != b[i].shape) return false;
    if (a[i].by_rows != b[i].by_rows) return false;
  }
  return true;
}

class CallLimit {
 public:
  explicit CallLimit(double seconds) : limited_(seconds > 0.0) {
    if (limited_) end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(Secs(seconds));
  }
  bool is_over() const { return limited_ && Clock::now() >= end_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Secs = std::chrono::duration<double>;

  bool limited_;
  Clock::time_point end_;
};

}  // namespace

ThreadPool& Trainer::Impl::workers() {
  if (pool == nullptr) pool = std::make_unique<ThreadPool>(threads);
  return *pool;
}

std::vector<Feed> Trainer::Impl::feeds_of_element() const {
  const bool by_rows = input->copies_rows();
  std::vector<Feed> feeds;
  for (std::size_t c = 0; c < placeholders.size(); ++c) {
    if (placeholders[c] == kNoNode) continue;
    const int component = static_cast<int>(c);
    const bool numbers = input->type(component).dtype != DType::kString;
    feeds.push_back({placeholders[c], input->shape(component), by_rows && numbers});
  }
  return feeds;
}

PlannedProgram& Trainer::Impl::planned(const std::vector<NodeId>& wanted, bool& evicted) {
  const std::vector<Feed> feeds = input == nullptr ? std::vector<Feed>{} : feeds_of_element();
  for (auto it = programs.begin(); it != programs.end(); ++it) {
    if ((*it)->wanted == wanted && same_feeds((*it)->feeds, feeds)) {
      std::rotate(programs.begin(), it, it + 1);
      return *programs.front();
    }
  }
  evicted = programs.size() == kProgramsKept;
  if (evicted) programs.pop_back();
  programs.insert(programs.begin(),
                  std::make_unique<PlannedProgram>(graph, state, wanted, feeds, threads));
  plan_copies(*programs.front());
  return *programs.front();
}

void Trainer::Impl::plan_copies(PlannedProgram& planned) const {
  constexpr std::int64_t kBytesOfPart = 1 << 17;  // what waking a thread must earn
  std::int64_t bytes = 0;
  std::size_t feed = 0;
  for (std::size_t c = 0; c < placeholders.size(); ++c) {
    if (placeholders[c] == kNoNode) continue;
    const FeedPlace& place = planned.program.place(feed);
    const Feed& fed = planned.feeds[feed++];
    if (place.data == nullptr) continue;
    planned.copies.push_back({static_cast<int>(c), place, fed.by_rows});
    if (!fed.by_rows) continue;
    planned.rows = fed.shape[0];
    bytes += element_count(fed.shape) * static_cast<std::int64_t>(sizeof(float));
  }
  planned.parts = static_cast<int>(std::clamp<std::int64_t>(bytes / kBytesOfPart, 1, threads));
}

// Rows are shared out among the threads; each component of another kind is copied as a whole.
void Trainer::Impl::copy_element(const PlannedProgram& planned) {
  workers().parallel(planned.parts, [&](int part) {
    const Range rows = split_range(planned.rows, planned.parts, part);
    for (const FeedCopy& copy : planned.copies) {
      if (copy.by_rows) {
        auto* const first =
            static_cast<char*>(copy.place.data) + rows.begin * copy.place.row_stride;
        input->copy_rows(copy.component, rows.begin, rows.end - rows.begin, first,
                         copy.place.row_stride);
      } else if (part == 0) {
        input->copy(copy.component, copy.place.data);
      }
    }
  });
}

Trainer::Trainer(Graph graph, const TrainerOptions& options)
    : impl_(std::make_unique<Impl>(std::move(graph), options)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

const Graph& Trainer::graph() const noexcept { return impl_->graph; }

void Trainer::set_input(std::shared_ptr<Input> input, std::vector<NodeId> placeholders) {
  const int components = input == nullptr ? 0 : input->components();
  if (components != static_cast<int>(placeholders.size())) {
    throw Error(Code::kInvalidArgument, "input: expected a placeholder (or -1) for each of its " +
                                            std::to_string(components) + " components; got " +
                                            std::to_string(placeholders.size()));
  }
  for (int c = 0; c < components; ++c) {
    const NodeId id = placeholders[static_cast<std::size_t>(c)];
    if (id == kNoNode) continue;
    const Node& node = impl_->graph.node(id);
    if (node.op != "placeholder" || node.type.dtype != input->type(c).dtype) {
      throw Error(Code::kInvalidArgument,
                  "input component " + std::to_string(c) + ": expected a placeholder of " +
                      dtype_name(input->type(c).dtype) + "; got \"" + node.name + "\" (" + node.op +
                      ") of " + dtype_name(node.type.dtype));
    }
  }
  impl_->input = std::move(input);
  impl_->placeholders = std::move(placeholders);
}

namespace {

// What a step computes beside the targets decides which program runs it.
struct StepKind {
  bool fetches = false;
  std::vector<bool> recorders;  // those that record this step
  bool operator==(const StepKind& other) const {
    return fetches == other.fetches && recorders == other.recorders;
  }
};

void append(std::vector<NodeId>& nodes, const std::vector<NodeId>& more) {
  nodes.insert(nodes.end(), more.begin(), more.end());
}

void expect_watchable(const Node& node) {
  if (node.type.dtype == DType::kFloat32 && node.type.shape.empty()) return;
  throw Error(Code::kInvalidArgument,
              "watch \"" + node.name + "\": expected a float32 scalar; got " +
                  dtype_name(node.type.dtype) + " " + shape_text(node.type.shape));
}

}  // namespace

RunResult Trainer::run(std::int64_t steps, const std::vector<NodeId>& targets,
                       const std::vector<NodeId>& fetches, NodeId watch, bool record) {
  Impl& self = *impl_;
  std::vector<NodeId> plain = targets;
  if (watch != kNoNode) {
    expect_watchable(self.graph.node(watch));
    plain.push_back(watch);
  }
  const auto wanted = [&](const StepKind& kind) {
    std::vector<NodeId> nodes = plain;
    for (std::size_t i = 0; i < kind.recorders.size(); ++i)
      if (kind.recorders[i]) append(nodes, self.recorders[i].nodes());
    if (kind.fetches) append(nodes, fetches);
    return nodes;
  };

  RunResult result;
  ThreadPool& workers = self.workers();
  const std::int64_t* global_step = self.state.global_step();
  PlannedProgram* current = nullptr;
  // By what is recorded, while shapes stay: finding a program costs as much as a small layer.
  std::map<std::vector<bool>, PlannedProgram*> known;
  StepKind current_kind;
  StepKind kind;
  kind.recorders.resize(record ? self.recorders.size() : 0);
  self.stop.store(false, std::memory_order_relaxed);
  const CallLimit limit(self.call_limit_secs);
  while (result.steps < steps) {
    if (result.steps > 0 && limit.is_over()) {
      result.reason = StopReason::kTime;
      return result;
    }
    if (self.stop.load(std::memory_order_relaxed)) {
      result.reason = StopReason::kRequested;
      return result;
    }
    if (self.input != nullptr && !self.input->advance()) {
      result.reason = StopReason::kEndOfInput;
      return result;
    }
    kind.fetches = result.steps + 1 == steps && !fetches.empty();
    for (std::size_t i = 0; i < kind.recorders.size(); ++i)
      kind.recorders[i] = self.recorders[i].due();
    const bool changed = self.input != nullptr && self.input->shapes_changed();
    if (current == nullptr || changed || !(kind == current_kind)) {
      if (changed) known.clear();
      const auto found = known.find(kind.recorders);
      if (kind.fetches || found == known.end()) {
        bool evicted = false;
        current = &self.planned(wanted(kind), evicted);
        if (evicted) known.clear();
        if (!kind.fetches) known[kind.recorders] = current;
      } else {
        current = found->second;
      }
      current_kind = kind;
    }
    if (self.input != nullptr) self.copy_element(*current);
    current->program.run({workers, self.seed, global_step == nullptr ? 0 : *global_step});
    ++result.steps;
    if (watch != kNoNode) {
      result.watched = *current->program.value(targets.size()).as<float>();
      if (std::isnan(result.watched)) {
        result.reason = StopReason::kNonFiniteLoss;
        return result;
      }
    }
    std::size_t first = plain.size();
    for (std::size_t i = 0; i < kind.recorders.size(); ++i)
      first += self.recorders[i].step_done(current->program, first,
                                           global_step == nullptr ? 0 : *global_step);
  }
  if (current_kind.fetches) {
    const std::vector<NodeId> nodes = wanted(current_kind);
    for (std::size_t i = nodes.size() - fetches.size(); i < nodes.size(); ++i)
      result.fetched.push_back(copy_of(current->program.value(i)));
  }
  return result;
}

void Trainer::add_summaries(std::shared_ptr<EventWriter> writer, SummaryPlan plan) {
  impl_->recorders.emplace_back(impl_->graph, std::move(writer), std::move(plan));
}

void Trainer::clear_summaries() { impl_->recorders.clear(); }

void Trainer::limit_call(double seconds) noexcept { impl_->call_limit_secs = seconds; }

void Trainer::request_stop() noexcept { impl_->stop.store(true, std::memory_order_relaxed); }

std::vector<std::string> Trainer::variable_names() const {
  std::vector<std::string> names;
  for (const Variable& variable : impl_->state.variables()) names.push_back(variable.name);
  return names;
}

Tensor Trainer::read_variable(const std::string& name) const {
  return impl_->state.at(name).value.clone();
}

void Trainer::write_variable(const std::string& name, const Tensor& value) {
  impl_->state.write(impl_->state.at(name), value);
}

void Trainer::reset_local_variables() { impl_->state.reset_local(impl_->graph, impl_->seed); }

std::int64_t Trainer::global_step() const {
  const std::int64_t* step = impl_->state.global_step();
  return step == nullptr ? 0 : *step;
}

std::uint64_t Trainer::seed() const noexcept { return impl_->seed; }

int Trainer::threads() const noexcept { return impl_->threads; }

}  // namespace holdfast
