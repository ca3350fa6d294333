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

// One call of run().
class Trainer::Impl::Run {
 public:
  Run(Impl& trainer, const std::vector<NodeId>& targets, const std::vector<NodeId>& fetches,
      NodeId watch, bool record)
      : self_(trainer),
        plain_(targets),
        fetches_(fetches),
        watches_(watch != kNoNode),
        workers_(trainer.workers()),
        global_step_(trainer.state.global_step()),
        limit_(trainer.call_limit_secs) {
    if (watches_) {
      expect_watchable(self_.graph.node(watch));
      plain_.push_back(watch);
    }
    kind_.recorders.resize(record ? self_.recorders.size() : 0);
    self_.stop.store(false, std::memory_order_relaxed);
  }

  RunResult steps(std::int64_t count) {
    while (result_.steps < count) {
      result_.reason = before_step();
      if (result_.reason != StopReason::kSteps) return std::move(result_);
      step(result_.steps + 1 == count);
      if (watches_ && is_nan()) {
        result_.reason = StopReason::kNonFiniteLoss;
        return std::move(result_);
      }
      record();
    }
    if (current_kind_.fetches) fetch();
    return std::move(result_);
  }

 private:
  // Why the next step is not to be taken; kSteps: it is, and the input is at its element.
  StopReason before_step() {
    if (result_.steps > 0 && limit_.is_over()) return StopReason::kTime;
    if (self_.stop.load(std::memory_order_relaxed)) return StopReason::kRequested;
    if (self_.input != nullptr && !self_.input->advance()) return StopReason::kEndOfInput;
    return StopReason::kSteps;
  }

  void step(bool is_last) {
    kind_.fetches = is_last && !fetches_.empty();
    for (std::size_t i = 0; i < kind_.recorders.size(); ++i)
      kind_.recorders[i] = self_.recorders[i].due();
    choose_program();
    if (self_.input != nullptr) self_.copy_element(*current_);
    current_->program.run({workers_, self_.seed, step_number()});
    ++result_.steps;
  }

  void choose_program() {
    const bool changed = self_.input != nullptr && self_.input->shapes_changed();
    if (current_ != nullptr && !changed && kind_ == current_kind_) return;
    if (changed) known_.clear();
    current_kind_ = kind_;
    const auto found = known_.find(kind_.recorders);
    if (!kind_.fetches && found != known_.end()) {
      current_ = found->second;
      return;
    }
    bool evicted = false;
    current_ = &self_.planned(wanted(), evicted);
    if (evicted) known_.clear();
    if (!kind_.fetches) known_[kind_.recorders] = current_;
  }

  // By a step of kind_, in this order.
  std::vector<NodeId> wanted() const {
    std::vector<NodeId> nodes = plain_;
    for (std::size_t i = 0; i < kind_.recorders.size(); ++i)
      if (kind_.recorders[i]) append(nodes, self_.recorders[i].nodes());
    if (kind_.fetches) append(nodes, fetches_);
    return nodes;
  }

  bool is_nan() {
    result_.watched = *current_->program.value(plain_.size() - 1).as<float>();
    return std::isnan(result_.watched);
  }

  void record() {
    std::size_t first = plain_.size();
    for (std::size_t i = 0; i < kind_.recorders.size(); ++i)
      first += self_.recorders[i].step_done(current_->program, first, step_number());
  }

  void fetch() {
    const std::size_t size = wanted().size();
    for (std::size_t i = size - fetches_.size(); i < size; ++i)
      result_.fetched.push_back(copy_of(current_->program.value(i)));
  }

  std::int64_t step_number() const { return global_step_ == nullptr ? 0 : *global_step_; }

  Impl& self_;
  std::vector<NodeId> plain_;  // the targets, and behind them what is watched
  const std::vector<NodeId>& fetches_;
  bool watches_;
  ThreadPool& workers_;
  const std::int64_t* global_step_;
  CallLimit limit_;
  StepKind kind_;  // of the step at hand
  StepKind current_kind_;
  PlannedProgram* current_ = nullptr;
  // By what is recorded, while shapes stay: finding a program costs as much as a small layer.
  std::map<std::vector<bool>, PlannedProgram*> known_;
  RunResult result_;
};

RunResult Trainer::run(std::int64_t steps, const std::vector<NodeId>& targets,
                       const std::vector<NodeId>& fetches, NodeId watch, bool record) {
  return Impl::Run(*impl_, targets, fetches, watch, record).steps(steps);
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
