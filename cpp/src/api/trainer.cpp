#include "holdfast/trainer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "base/thread_pool.h"
#include "holdfast/error.h"
#include "runtime/input.h"
#include "runtime/mismatch.h"
#include "runtime/program.h"
#include "runtime/state.h"
#include "runtime/training_state.h"

namespace holdfast {
namespace {

// Programs kept for other targets or batch sizes: an epoch's short last batch must not plan anew.
constexpr std::size_t kProgramsKept = 8;

struct Planned {
  std::vector<NodeId> wanted;
  std::vector<Feed> feeds;
  Program program;
};

bool same_feeds(const std::vector<Feed>& a, const std::vector<Feed>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].placeholder != b[i].placeholder || a[i].shape != b[i].shape) return false;
  }
  return true;
}

Tensor copy_of(const Buffer& buffer) {
  return Tensor::borrow(buffer.dtype, buffer.shape, buffer.data, nullptr).clone();
}

}  // namespace

struct Trainer::Impl {
  Graph graph;
  int threads;
  std::uint64_t seed;
  State state;
  std::unique_ptr<ThreadPool> pool;  // made when first needed
  std::shared_ptr<Input> input;
  std::vector<NodeId> placeholders;
  std::vector<std::unique_ptr<Planned>> programs;  // the one used last comes first
  std::atomic<bool> stop{false};

  Impl(Graph made, const TrainerOptions& options)
      : graph(std::move(made)),
        threads(options.threads > 0 ? options.threads : default_thread_count()),
        seed(options.seed),
        state(graph, options.seed) {}

  ThreadPool& workers() {
    if (pool == nullptr) pool = std::make_unique<ThreadPool>(threads);
    return *pool;
  }

  std::vector<Feed> feeds_of_element() const {
    std::vector<Feed> feeds;
    for (std::size_t c = 0; c < placeholders.size(); ++c) {
      if (placeholders[c] != kNoNode) {
        feeds.push_back({placeholders[c], input->shape(static_cast<int>(c))});
      }
    }
    return feeds;
  }

  Planned& planned(const std::vector<NodeId>& wanted) {
    const std::vector<Feed> feeds = input == nullptr ? std::vector<Feed>{} : feeds_of_element();
    for (auto it = programs.begin(); it != programs.end(); ++it) {
      if ((*it)->wanted == wanted && same_feeds((*it)->feeds, feeds)) {
        std::rotate(programs.begin(), it, it + 1);
        return *programs.front();
      }
    }
    if (programs.size() == kProgramsKept) programs.pop_back();
    programs.insert(programs.begin(),
                    std::unique_ptr<Planned>(
                        new Planned{wanted, feeds, Program(graph, state, wanted, feeds, threads)}));
    return *programs.front();
  }

  void copy_element(const Program& program) const {
    std::size_t feed = 0;
    for (std::size_t c = 0; c < placeholders.size(); ++c) {
      if (placeholders[c] == kNoNode) continue;
      void* destination = program.feed(feed++);
      if (destination != nullptr) input->copy(static_cast<int>(c), destination);
    }
  }
};

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

RunResult Trainer::run(std::int64_t steps, const std::vector<NodeId>& targets,
                       const std::vector<NodeId>& fetches, NodeId watch) {
  Impl& self = *impl_;
  std::vector<NodeId> plain = targets;
  if (watch != kNoNode) plain.push_back(watch);
  std::vector<NodeId> full = plain;
  full.insert(full.end(), fetches.begin(), fetches.end());

  RunResult result;
  ThreadPool& workers = self.workers();
  const std::int64_t* global_step = self.state.global_step();
  Planned* current = nullptr;
  self.stop.store(false, std::memory_order_relaxed);
  while (result.steps < steps) {
    if (self.stop.load(std::memory_order_relaxed)) {
      result.reason = StopReason::kRequested;
      return result;
    }
    if (self.input != nullptr && !self.input->advance()) {
      result.reason = StopReason::kEndOfInput;
      return result;
    }
    const bool last = result.steps + 1 == steps;
    const bool changed = self.input != nullptr && self.input->shapes_changed();
    if (current == nullptr || changed || (last && !fetches.empty())) {
      current = &self.planned(last ? full : plain);
    }
    if (self.input != nullptr) self.copy_element(current->program);
    current->program.run({workers, self.seed, global_step == nullptr ? 0 : *global_step});
    ++result.steps;
    if (watch != kNoNode) {
      result.watched = *current->program.value(targets.size()).as<float>();
      if (std::isnan(result.watched)) {
        result.reason = StopReason::kNonFiniteLoss;
        return result;
      }
    }
  }
  for (std::size_t i = plain.size(); current != nullptr && i < full.size(); ++i) {
    result.fetched.push_back(copy_of(current->program.value(i)));
  }
  return result;
}

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

CheckpointContents Trainer::snapshot(const std::string& state_json,
                                     const std::string& model_json) const {
  const Impl& self = *impl_;
  CheckpointContents contents;
  for (const Variable& variable : self.state.variables()) {
    if (variable.role == "local") continue;
    contents.tensors.push_back({variable.name, variable.role, variable.slot_of, variable.slot,
                                variable.optimizer, variable.value.clone()});
  }
  contents.state_json = training_state_json(self.seed, global_step(), self.input.get(), state_json);
  contents.model_json = model_json;
  return contents;
}

void Trainer::restore(const CheckpointReader& reader, bool restore_slots) {
  Impl& self = *impl_;
  expect_match(self.state, reader.tensors(), restore_slots, reader.info().path,
               reader.model_json());
  // Everything is read and verified before anything is taken.
  std::vector<std::pair<Variable*, Tensor>> values;
  for (const Variable& variable : self.state.variables()) {
    if (variable.role == "local" || (variable.role == "slot" && !restore_slots)) continue;
    values.emplace_back(&self.state.at(variable.node), reader.read(variable.name));
  }
  const std::uint64_t seed = stored_seed(reader.state_json(), self.seed);
  for (auto& [variable, value] : values) self.state.write(*variable, value);
  self.seed = seed;
}

}  // namespace holdfast
