// Parts of a tensor by Python's slices and integers along its leading axes.
#include <algorithm>
#include <string>

#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"
#include "ops/strided.h"

namespace holdfast {
namespace {

using Sizes = std::vector<std::int64_t>;

struct AxisSlice {
  std::int64_t begin;
  std::int64_t stride;
  std::int64_t count;  // -1: not known yet
};

// What Python's slice(begin, end, stride) takes of an axis.
AxisSlice resolve(std::int64_t size, std::int64_t begin, std::int64_t end, std::int64_t stride) {
  if (size < 0) return {0, stride, -1};
  const bool forward = stride > 0;
  const auto clamp = [&](std::int64_t at) {
    if (at < 0) at = at < -size ? -1 : at + size;
    return std::clamp<std::int64_t>(at, forward ? 0 : -1, forward ? size : size - 1);
  };
  const std::int64_t first = clamp(begin);
  const std::int64_t last = clamp(end);
  const std::int64_t span = forward ? last - first : first - last;
  const std::int64_t step = forward ? stride : -stride;
  return {first, stride, span <= 0 ? 0 : (span - 1) / step + 1};
}

struct Slices {
  std::vector<AxisSlice> axes;  // of every axis of x
  std::vector<bool> drop;
};

Slices read_slices(const AttributeReader& attributes, const Shape& x) {
  const Sizes begin = attributes.get<Sizes>("begin");
  const Sizes end = attributes.get<Sizes>("end");
  const Sizes stride = attributes.value_or("stride", Sizes(begin.size(), 1));
  Slices slices;
  slices.drop.assign(x.size(), false);
  for (const std::int64_t axis : attributes.value_or("drop", Sizes{})) {
    slices.drop.at(static_cast<std::size_t>(axis)) = true;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i >= begin.size()) {
      slices.axes.push_back({0, 1, x[i]});
    } else if (slices.drop[i]) {
      slices.axes.push_back({begin[i] < 0 ? begin[i] + x[i] : begin[i], 1, 1});
    } else {
      slices.axes.push_back(resolve(x[i], begin[i], end[i], stride[i]));
    }
  }
  return slices;
}

void check_slices(const InferContext& context, const Shape& x) {
  const Sizes begin = context.attributes.get<Sizes>("begin");
  const Sizes end = context.attributes.get<Sizes>("end");
  const Sizes stride = context.attributes.value_or("stride", Sizes(begin.size(), 1));
  if (begin.size() > x.size() || end.size() != begin.size() || stride.size() != begin.size()) {
    context.fail("expected begin, end and stride for at most " + std::to_string(x.size()) +
                 " axes of " + shape_text(x) + "; got " + std::to_string(begin.size()) + ", " +
                 std::to_string(end.size()) + " and " + std::to_string(stride.size()) + " numbers");
  }
  if (std::find(stride.begin(), stride.end(), 0) != stride.end()) {
    context.fail("stride: expected steps other than 0; got " + shape_text(stride));
  }
  for (const std::int64_t axis : context.attributes.value_or("drop", Sizes{})) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(begin.size())) {
      context.fail("drop: expected an indexed axis in 0.." + std::to_string(begin.size()) +
                   " (excluded); got " + std::to_string(axis));
    }
    const auto i = static_cast<std::size_t>(axis);
    if (x[i] >= 0 && (begin[i] < -x[i] || begin[i] >= x[i])) {
      context.fail("expected an index within axis " + std::to_string(axis) + " of " +
                   shape_text(x) + "; got " + std::to_string(begin[i]));
    }
  }
}

Shape sliced_shape(const Slices& slices) {
  Shape shape;
  for (std::size_t i = 0; i < slices.axes.size(); ++i) {
    if (!slices.drop[i]) shape.push_back(slices.axes[i].count);
  }
  return shape;
}

StridedWalk walk_of(const KernelContext& context, const Shape& x) {
  const Slices slices = read_slices(context.attributes(), x);
  const Sizes strides = StridedWalk::contiguous(x);
  StridedWalk walk;
  for (std::size_t i = 0; i < x.size(); ++i) {
    walk.offset += slices.axes[i].begin * strides[i];
    walk.shape.push_back(slices.axes[i].count);
    // A stride that leads past the end is never taken; times the size of a row it could overflow.
    const bool moves = slices.axes[i].count > 1;
    walk.strides.push_back(moves ? slices.axes[i].stride * strides[i] : 0);
  }
  return walk;
}

TensorType infer_slice(const InferContext& context) {
  const Shape& x = context.inputs[0].shape;
  check_slices(context, x);
  return {context.inputs[0].dtype, sliced_shape(read_slices(context.attributes, x))};
}

std::unique_ptr<OpKernel> make_slice(const KernelContext& context) {
  const StridedWalk walk = walk_of(context, context.inputs[0].shape);
  return dispatch_any(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<GatherWalkKernel<T>>(context, walk));
  });
}

std::vector<NodeId> slice_gradient(const GradientContext& context) {
  const Attributes attributes = context.forward().attributes;
  return {context.add("slice_grad", {context.output_grad, context.input(0)}, attributes)};
}

TensorType infer_slice_grad(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  const std::vector<TensorType> forward = {context.inputs[1]};
  expect_shape(context, 0, "dy", infer_slice({context.name, forward, context.attributes}).shape);
  return {context.inputs[0].dtype, context.inputs[1].shape};
}

// Zero everywhere but where the slice was taken.
template <typename T>
class SliceGradKernel : public OpKernel {
 public:
  explicit SliceGradKernel(const KernelContext& context)
      : dy_(context.inputs[0]), dx_(context.output), walk_(walk_of(context, context.output.shape)) {
    walk_.simplify();
  }
  void run(const RunContext&) override {
    T* dx = dx_.as<T>();
    const T* dy = dy_.as<T>();
    std::fill_n(dx, dx_.size, T{0});
    walk_.rows(0, dy_.size,
               [=](std::int64_t from, std::int64_t to, std::int64_t n, std::int64_t stride) {
                 for (std::int64_t i = 0; i < n; ++i) dx[to + i * stride] = dy[from + i];
               });
  }

 private:
  Buffer dy_;
  Buffer dx_;
  StridedWalk walk_;
};

std::unique_ptr<OpKernel> make_slice_grad(const KernelContext& context) {
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<SliceGradKernel<T>>(context));
  });
}

}  // namespace

std::vector<OpDef> slice_ops() {
  return {
      with_attributes("begin, end, stride, drop",
                      {"slice", 1, 1, infer_slice, slice_gradient, make_slice}),
      with_attributes("begin, end, stride, drop",
                      {"slice_grad", 2, 2, infer_slice_grad, nullptr, make_slice_grad}),
  };
}

}  // namespace holdfast
