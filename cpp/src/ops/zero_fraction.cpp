// The share of a tensor's values that are zero, in one pass: what a summary shows of a relu.
#include <algorithm>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_zero_fraction(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  return {DType::kFloat32, {}};
}

template <typename T>
class ZeroFractionKernel : public OpKernel {
 public:
  explicit ZeroFractionKernel(const KernelContext& context)
      : values_(context.inputs[0].as<T>()),
        size_(context.inputs[0].size),
        fraction_(context.output.as<float>()) {}

  void run(const RunContext&) override {
    std::int64_t zeros = 0;
    for (std::int64_t begin = 0; begin < size_; begin += kBlock) {
      const std::int64_t end = std::min(begin + kBlock, size_);
      std::int32_t found = 0;  // as wide as a float: the loop is done in vectors
      for (std::int64_t i = begin; i < end; ++i) found += values_[i] == T{0} ? 1 : 0;
      zeros += found;
    }
    *fraction_ = static_cast<float>(static_cast<double>(zeros) / static_cast<double>(size_));
  }

 private:
  static constexpr std::int64_t kBlock = std::int64_t{1} << 30;

  const T* values_;
  std::int64_t size_;
  float* fraction_;
};

std::unique_ptr<OpKernel> make_zero_fraction(const KernelContext& context) {
  return dispatch_number(
      context, context.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
        return std::make_unique<ZeroFractionKernel<typename decltype(tag)::type>>(context);
      });
}

}  // namespace

std::vector<OpDef> zero_fraction_ops() {
  return {{"zero_fraction", 1, 1, infer_zero_fraction, nullptr, make_zero_fraction}};
}

}  // namespace holdfast
