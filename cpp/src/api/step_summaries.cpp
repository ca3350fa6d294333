#include "api/step_summaries.h"

#include <utility>

#include "base/histogram.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr char kSpeedTag[] = "global_step/sec";  // tf.estimator's StepCounterHook

void check_source(const Graph& graph, const SummarySource& source) {
  const Node& node = graph.node(source.node);
  const bool is_float = node.type.dtype == DType::kFloat32 || node.type.dtype == DType::kFloat64;
  const bool scalar =
      source.kind == SummaryValue::Kind::kScalar && is_float && node.type.shape.empty();
  const bool histogram = source.kind == SummaryValue::Kind::kHistogram && node.op == "histogram";
  const bool text = source.kind == SummaryValue::Kind::kText && node.type.dtype == DType::kString &&
                    node.type.shape.empty();
  if (scalar || histogram || text) return;
  throw Error(Code::kInvalidArgument,
              "summary \"" + source.tag +
                  "\": expected a float scalar, a string scalar for text, or the result of an "
                  "operation \"histogram\" for a histogram; got \"" +
                  node.name + "\" (" + node.op + ") of " + dtype_name(node.type.dtype) + " " +
                  shape_text(node.type.shape));
}

void read(const Buffer& buffer, SummaryValue& value) {
  if (value.kind == SummaryValue::Kind::kHistogram) {
    read_histogram(buffer.as<double>(), value.histogram);
  } else if (value.kind == SummaryValue::Kind::kText) {
    value.text = *buffer.as<std::string>();
  } else {
    value.scalar = buffer.dtype == DType::kFloat32 ? *buffer.as<float>()
                                                   : static_cast<float>(*buffer.as<double>());
  }
}

}  // namespace

StepSummaries::StepSummaries(const Graph& graph, std::shared_ptr<EventWriter> writer,
                             SummaryPlan plan)
    : writer_(std::move(writer)), plan_(std::move(plan)) {
  for (const SummarySource& source : plan_.sources) {
    check_source(graph, source);
    nodes_.push_back(source.node);
    SummaryValue value;
    value.tag = source.tag;
    value.kind = source.kind;
    event_.values.push_back(std::move(value));
  }
  if (nodes_.empty()) plan_.every = 0;
}

std::size_t StepSummaries::step_done(const Program& program, std::size_t first,
                                     std::int64_t global_step) {
  for (const Event& event : std::exchange(plan_.opening, {})) writer_->add(event);
  const std::size_t own = due() ? nodes_.size() : 0;
  if (own > 0) record(program, first, global_step);
  if (plan_.speed_every > 0 && step_ % plan_.speed_every == 0) measure_speed(global_step);
  ++step_;
  return own;
}

void StepSummaries::record(const Program& program, std::size_t first, std::int64_t global_step) {
  event_.step = global_step;
  for (std::size_t i = 0; i < nodes_.size(); ++i) read(program.value(first + i), event_.values[i]);
  writer_->add(event_);
}

// The first step only starts the clock, as in TF.
void StepSummaries::measure_speed(std::int64_t global_step) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - speed_since_).count();
  speed_since_ = now;
  if (step_ == 0 || seconds <= 0) return;
  SummaryValue speed;
  speed.tag = kSpeedTag;
  speed.scalar = static_cast<float>(static_cast<double>(plan_.speed_every) / seconds);
  Event event;
  event.step = global_step;
  event.values.push_back(std::move(speed));
  writer_->add(event);
}

}  // namespace holdfast
