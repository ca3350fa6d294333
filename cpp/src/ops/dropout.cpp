// Inverted dropout. The mask is a function of (seed, stream, step, element): nothing is remembered
// between the forward and the backward pass, or from one run to its continuation.
#include "base/philox.h"
#include "kernels/kernels.h"
#include "ops/elementwise_split.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_dropout(const InferContext& context) {
  expect_dtype(context, 0, kFloat32Only);
  context.attributes.get<std::string>("stream");
  const double rate = context.attributes.number("rate");
  if (!(rate >= 0 && rate < 1)) {
    context.fail("rate: expected a number in [0, 1); got " + std::to_string(rate));
  }
  return context.inputs[0];
}

std::vector<NodeId> dropout_gradient(const GradientContext& context) {
  return {context.add("dropout", {context.output_grad}, context.forward().attributes)};
}

class DropoutKernel : public OpKernel {
 public:
  explicit DropoutKernel(const KernelContext& context)
      : x_(context.inputs[0].as<float>()),
        y_(context.output.as<float>()),
        rate_(static_cast<float>(context.attributes().number("rate"))),
        purpose_("dropout/" + context.attributes().get<std::string>("stream")),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    const std::uint64_t key = philox_key(context.seed, purpose_).value;
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.dropout({x_ + begin, y_ + begin, count, begin, key,
                     static_cast<std::uint64_t>(context.step), rate_});
    });
  }

 private:
  const float* x_;
  float* y_;
  float rate_;
  std::string purpose_;
  ElementwiseSplit split_;
};

}  // namespace

std::vector<OpDef> dropout_ops() {
  OpDef dropout{"dropout", 1, 1, infer_dropout, dropout_gradient, make_op_kernel<DropoutKernel>};
  dropout.is_random = true;
  dropout.attributes = "stream, rate";
  return {dropout};
}

}  // namespace holdfast
