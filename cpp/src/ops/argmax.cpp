// Where the largest or smallest element along an axis is.
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_position(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  Shape shape = context.inputs[0].shape;
  const std::size_t axis =
      axis_of(context, context.attributes.get<std::int64_t>("axis"), shape.size());
  if (shape[axis] == 0) {
    context.fail("expected at least one element along axis " + std::to_string(axis) +
                 "; got shape " + shape_text(shape));
  }
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  return {DType::kInt64, shape};
}

// x is [outer, n, inner]. The lowest index wins a tie; the first NaN wins over every number, as in
// NumPy.
template <typename T, bool kLargest>
class PositionKernel : public OpKernel {
 public:
  explicit PositionKernel(const KernelContext& context)
      : x_(context.inputs[0].as<T>()), y_(context.output.as<std::int64_t>()) {
    const Shape& shape = context.inputs[0].shape;
    const std::size_t axis =
        known_axis(context.attributes().get<std::int64_t>("axis"), shape.size());
    outer_ = sizes_product(shape, 0, axis);
    n_ = shape[axis];
    inner_ = sizes_product(shape, axis + 1, shape.size());
  }

  void run(const RunContext&) override {
    for (std::int64_t o = 0; o < outer_; ++o) {
      for (std::int64_t i = 0; i < inner_; ++i) {
        y_[o * inner_ + i] = find(x_ + o * n_ * inner_ + i);
      }
    }
  }

 private:
  std::int64_t find(const T* x) const {
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < n_ && x[best * inner_] == x[best * inner_]; ++k) {
      const T value = x[k * inner_];
      const bool better = kLargest ? value > x[best * inner_] : value < x[best * inner_];
      if (better || value != value) best = k;
    }
    return best;
  }

  const T* x_;
  std::int64_t* y_;
  std::int64_t outer_;
  std::int64_t n_;
  std::int64_t inner_;
};

template <bool kLargest>
std::unique_ptr<OpKernel> make_position(const KernelContext& context) {
  return dispatch_number(context, context.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<PositionKernel<T, kLargest>>(context));
  });
}

}  // namespace

std::vector<OpDef> argmax_ops() {
  return {
      with_attributes("axis", {"argmax", 1, 1, infer_position, nullptr, make_position<true>}),
      with_attributes("axis", {"argmin", 1, 1, infer_position, nullptr, make_position<false>}),
  };
}

}  // namespace holdfast
