// What streaming metrics count in a batch that no chain of simpler operations counts cheaply.
#include <algorithm>
#include <string>

#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_auc_counts(const InferContext& context) {
  expect_dtype(context, 0, kBools);
  expect_dtype(context, 1, kFloat32Only);
  expect_dtype(context, 2, kFloat32Only);
  for (std::size_t i = 0; i < 3; ++i) {
    if (context.inputs[i].shape.size() != 1) {
      context.fail("input " + std::to_string(i) + ": expected rank 1; got shape " +
                   shape_text(context.inputs[i].shape));
    }
  }
  expect_shape(context, 1, "predictions (one for each label)", context.inputs[0].shape);
  expect_shape(context, 2, "weights (one for each label)", context.inputs[0].shape);
  const std::vector<double> thresholds = context.attributes.numbers("thresholds");
  if (!std::is_sorted(thresholds.begin(), thresholds.end())) {
    context.fail("thresholds: expected ascending numbers");
  }
  return {DType::kFloat64, {4, static_cast<std::int64_t>(thresholds.size())}};
}

// Each example adds its weight at the number of thresholds below its prediction; sums from the
// right then give the positives of every threshold: O(n log T + T) for n examples, T thresholds.
class AucCountsKernel : public OpKernel {
 public:
  explicit AucCountsKernel(const KernelContext& context)
      : labels_(context.inputs[0]),
        predictions_(context.inputs[1].as<float>()),
        weights_(context.inputs[2].as<float>()),
        counts_(context.output.as<double>()) {
    for (const double threshold : context.attributes().numbers("thresholds")) {
      thresholds_.push_back(static_cast<float>(threshold));  // TF compares in float32
    }
    positives_.resize(thresholds_.size() + 1);
    negatives_.resize(thresholds_.size() + 1);
  }

  void run(const RunContext&) override {
    std::fill(positives_.begin(), positives_.end(), 0.0);
    std::fill(negatives_.begin(), negatives_.end(), 0.0);
    for (std::int64_t i = 0; i < labels_.size; ++i) {
      const auto below = std::lower_bound(thresholds_.begin(), thresholds_.end(), predictions_[i]);
      std::vector<double>& side = labels_.as<bool>()[i] ? positives_ : negatives_;
      side[static_cast<std::size_t>(below - thresholds_.begin())] += weights_[i];
    }
    write(positives_, 0, 3);
    write(negatives_, 1, 2);
  }

 private:
  // side[k]: weight of the examples whose prediction is above exactly the first k thresholds.
  void write(const std::vector<double>& side, std::size_t above_row, std::size_t below_row) {
    const std::size_t count = thresholds_.size();
    double total = 0;
    for (const double weight : side) total += weight;
    double above = 0;
    for (std::size_t t = count; t-- > 0;) {
      above += side[t + 1];
      counts_[above_row * count + t] = above;
      counts_[below_row * count + t] = total - above;
    }
  }

  Buffer labels_;
  const float* predictions_;
  const float* weights_;
  double* counts_;
  std::vector<float> thresholds_;
  std::vector<double> positives_;
  std::vector<double> negatives_;
};

}  // namespace

std::vector<OpDef> metric_ops() {
  return {with_attributes("thresholds", {"auc_counts", 3, 3, infer_auc_counts, nullptr,
                                         make_op_kernel<AucCountsKernel>})};
}

}  // namespace holdfast
