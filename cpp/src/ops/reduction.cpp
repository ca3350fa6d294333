// Reductions over axes: sum, mean, maximum, minimum, product, any, all; and the sum that undoes a
// broadcast.
#include <cmath>
#include <limits>
#include <string>

#include "kernels/kernels.h"
#include "ops/broadcast.h"
#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/gradient_nodes.h"
#include "ops/operands.h"
#include "ops/python_math.h"
#include "ops/strided.h"

namespace holdfast {
namespace {

using Sizes = std::vector<std::int64_t>;

// combine() of the values met so far and the next; start() is the value of nothing.
struct Sum {
  template <typename T>
  static T start() {
    return T{0};
  }
  template <typename T>
  static T combine(T a, T b) {
    return wrapping_add(a, b);
  }
};
struct Product {
  template <typename T>
  static T start() {
    return T{1};
  }
  template <typename T>
  static T combine(T a, T b) {
    return wrapping_multiply(a, b);
  }
};
struct Largest {  // NaN wins, as NumPy's
  template <typename T>
  static T start() {
    return std::is_integral_v<T> ? std::numeric_limits<T>::lowest()
                                 : -std::numeric_limits<T>::infinity();
  }
  template <typename T>
  static T combine(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct Smallest {
  template <typename T>
  static T start() {
    return std::is_integral_v<T> ? std::numeric_limits<T>::max()
                                 : std::numeric_limits<T>::infinity();
  }
  template <typename T>
  static T combine(T a, T b) {
    return a < b || a != a ? a : b;
  }
};
struct Any {
  template <typename T>
  static T start() {
    return false;
  }
  static bool combine(bool a, bool b) { return a || b; }
};
struct All {
  template <typename T>
  static T start() {
    return true;
  }
  static bool combine(bool a, bool b) { return a && b; }
};

std::vector<bool> reduced_axes(const AttributeReader& attributes, std::size_t rank) {
  if (!attributes.has("axes")) return std::vector<bool>(rank, true);
  std::vector<bool> reduced(rank, false);
  for (const std::int64_t axis : attributes.get<Sizes>("axes"))
    reduced[known_axis(axis, rank)] = true;
  return reduced;
}

TensorType infer_reduction(const InferContext& context, const DTypeSet& set) {
  expect_dtype(context, 0, set);
  const Shape& x = context.inputs[0].shape;
  if (context.attributes.has("axes")) {
    for (const std::int64_t axis : context.attributes.get<Sizes>("axes")) {
      axis_of(context, axis, x.size());
    }
  }
  const std::vector<bool> reduced = reduced_axes(context.attributes, x.size());
  const bool keep_dims = context.attributes.value_or("keep_dims", false);
  Shape y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!reduced[i]) {
      y.push_back(x[i]);
    } else if (keep_dims) {
      y.push_back(1);
    }
  }
  return {context.inputs[0].dtype, y};
}
TensorType infer_numbers(const InferContext& context) { return infer_reduction(context, kNumbers); }
TensorType infer_bools(const InferContext& context) { return infer_reduction(context, kBools); }

TensorType infer_sum_like(const InferContext& context) {
  expect_dtype(context, 0, kNumbers);
  const Shape& dy = context.inputs[0].shape;
  const Shape& like = context.inputs[1].shape;
  const Shape wide = broadcast_shape(context, dy, like);
  bool fits = wide.size() == dy.size();
  for (std::size_t i = 0; fits && i < dy.size(); ++i) fits = dy[i] < 0 || dy[i] == wide[i];
  if (!fits) {
    context.fail("expected a shape that " + shape_text(like) + " broadcasts to; got " +
                 shape_text(dy));
  }
  return {context.inputs[0].dtype, like};
}

// A reduction by strides: each output is a walk over the kept axes, each of its values one over
// the reduced axes. The innermost axis is a row of elements side by side, either reduced itself
// (`row_reduced`) or kept, with whole rows combined into rows of the output.
struct ReductionPlan {
  StridedWalk kept;     // without the row
  StridedWalk reduced;  // without the row
  std::int64_t row = 1;
  bool row_reduced = true;
  std::int64_t outputs = 1;  // walks over `kept`
  std::int64_t repeats = 1;  // walks over `reduced` for each

  ReductionPlan(const Shape& x, const std::vector<bool>& is_reduced) {
    Shape sizes;
    std::vector<bool> kinds;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] == 1) continue;
      if (!kinds.empty() && kinds.back() == is_reduced[i]) {
        sizes.back() *= x[i];
      } else {
        sizes.push_back(x[i]);
        kinds.push_back(is_reduced[i]);
      }
    }
    const Sizes strides = StridedWalk::contiguous(sizes);
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
      StridedWalk& walk = kinds[i] ? reduced : kept;
      walk.shape.push_back(sizes[i]);
      walk.strides.push_back(strides[i]);
      (kinds[i] ? repeats : outputs) *= sizes[i];
    }
    if (!sizes.empty()) {
      row = sizes.back();
      row_reduced = kinds.back();
    }
  }
};

template <typename Function, typename T>
T reduce_row(const T* x, std::int64_t n) {
  if constexpr (std::is_same_v<Function, Sum> && std::is_same_v<T, float>) {
    return kernels::table().sum(x, n);  // the 16-lane tree
  } else {
    T value = Function::template start<T>();
    for (std::int64_t i = 0; i < n; ++i) value = Function::combine(value, x[i]);
    return value;
  }
}

template <typename Function, typename T>
class ReduceKernel : public OpKernel {
 public:
  ReduceKernel(const KernelContext& context, const std::vector<bool>& is_reduced, double divisor)
      : x_(context.inputs[0].as<T>()),
        y_(context.output.as<T>()),
        plan_(context.inputs[0].shape, is_reduced),
        divisor_(static_cast<T>(divisor)),
        divides_(divisor != 1.0),
        parts_(static_cast<int>(std::clamp<std::int64_t>(
            std::min(context.inputs[0].size / kElementsPerPart, context.output.size), 1,
            context.threads))) {
    size_ = context.output.size;
  }

  void run(const RunContext& context) override {
    context.pool.parallel(parts_, [this](int part) {
      const Range range = split_range(size_, parts_, part, 16);
      if (plan_.row_reduced) {
        reduce_rows(range);
      } else {
        combine_rows(range);
      }
      if constexpr (!std::is_same_v<T, bool>) {
        if (divides_) {
          for (std::int64_t i = range.begin; i < range.end; ++i) y_[i] /= divisor_;
        }
      }
    });
  }

 private:
  static constexpr std::int64_t kElementsPerPart = 32768;

  void reduce_rows(Range outputs) {
    plan_.kept.rows(
        outputs.begin, outputs.end - outputs.begin,
        [this](std::int64_t to, std::int64_t from, std::int64_t n, std::int64_t stride) {
          for (std::int64_t i = 0; i < n; ++i) {
            const T* x = x_ + from + i * stride;
            T value = Function::template start<T>();
            plan_.reduced.rows(
                0, plan_.repeats,
                [&](std::int64_t, std::int64_t at, std::int64_t count, std::int64_t step) {
                  for (std::int64_t r = 0; r < count; ++r) {
                    value = Function::combine(value,
                                              reduce_row<Function>(x + at + r * step, plan_.row));
                  }
                });
            y_[to + i] = value;
          }
        });
  }

  // Elements of the output are numbered over (kept, row); a part may begin inside a row.
  void combine_rows(Range outputs) {
    std::int64_t begin = outputs.begin;
    while (begin < outputs.end) {
      const std::int64_t inside = begin % plan_.row;
      const std::int64_t length = std::min(plan_.row - inside, outputs.end - begin);
      T* y = y_ + begin;
      std::fill_n(y, length, Function::template start<T>());
      plan_.kept.rows(
          begin / plan_.row, 1, [&](std::int64_t, std::int64_t from, std::int64_t, std::int64_t) {
            plan_.reduced.rows(
                0, plan_.repeats,
                [&](std::int64_t, std::int64_t at, std::int64_t count, std::int64_t step) {
                  for (std::int64_t r = 0; r < count; ++r) {
                    const T* x = x_ + from + at + r * step + inside;
                    for (std::int64_t i = 0; i < length; ++i) y[i] = Function::combine(y[i], x[i]);
                  }
                });
          });
      begin += length;
    }
  }

  const T* x_;
  T* y_;
  ReductionPlan plan_;
  T divisor_;
  bool divides_;
  int parts_;
  std::int64_t size_;
};

template <typename Function>
std::unique_ptr<OpKernel> make_reduction(const KernelContext& context) {
  const std::vector<bool> reduced =
      reduced_axes(context.attributes(), context.inputs[0].shape.size());
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(
        std::make_unique<ReduceKernel<Function, T>>(context, reduced, 1.0));
  });
}

template <typename Function>
std::unique_ptr<OpKernel> make_bool_reduction(const KernelContext& context) {
  return std::make_unique<ReduceKernel<Function, bool>>(
      context, reduced_axes(context.attributes(), context.inputs[0].shape.size()), 1.0);
}

std::unique_ptr<OpKernel> make_mean(const KernelContext& context) {
  const Shape& x = context.inputs[0].shape;
  const std::vector<bool> reduced = reduced_axes(context.attributes(), x.size());
  std::int64_t count = 1;
  for (std::size_t i = 0; i < x.size(); ++i) count *= reduced[i] ? x[i] : 1;
  if (count == 0 && !is_number_float(context.output.dtype) && context.output.size > 0) {
    throw Error(Code::kInvalidArgument,
                "node \"" + context.node.name +
                    "\": expected a mean of at least one integer; got shape " + shape_text(x) +
                    "; cast to float32, where the mean of nothing is NaN");
  }
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(
        std::make_unique<ReduceKernel<Sum, T>>(context, reduced, static_cast<double>(count)));
  });
}

std::unique_ptr<OpKernel> make_sum_like(const KernelContext& context) {
  const Shape& dy = context.inputs[0].shape;
  const Shape& like = context.output.shape;
  std::vector<bool> reduced(dy.size(), true);
  const std::size_t missing = dy.size() - like.size();
  for (std::size_t i = 0; i < like.size(); ++i) reduced[missing + i] = like[i] == 1;
  return dispatch_number(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<ReduceKernel<Sum, T>>(context, reduced, 1.0));
  });
}

// Gradients.

// A value of the reduction's shape with its reduced axes back, as size 1.
NodeId with_axes(const GradientContext& context, NodeId value) {
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): adding nodes moves the originals
  const Node forward = context.forward();
  const AttributeReader attributes(forward.name, forward.attributes);
  if (attributes.value_or("keep_dims", false)) return value;
  const std::size_t rank = context.graph.node(forward.inputs[0]).type.shape.size();
  const std::vector<bool> reduced = reduced_axes(attributes, rank);
  for (std::size_t i = 0; i < rank; ++i) {
    if (reduced[i]) {
      value = context.add("expand_dims", {value}, {{"axis", static_cast<std::int64_t>(i)}});
    }
  }
  return value;
}

std::vector<NodeId> sum_gradient(const GradientContext& context) {
  return {
      context.add("broadcast_like", {with_axes(context, context.output_grad), context.input(0)})};
}

// The number of values in each mean is known only when running where an axis is unknown.
std::vector<NodeId> mean_gradient(const GradientContext& context) {
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): adding nodes moves the originals
  const Node forward = context.forward();
  const NodeId x = context.input(0);
  const Shape shape = context.graph.node(x).type.shape;
  const std::vector<bool> reduced = reduced_axes({forward.name, forward.attributes}, shape.size());
  double known = 1.0;
  NodeId dy = context.output_grad;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) continue;
    if (shape[i] >= 0) {
      known *= static_cast<double>(shape[i]);
      continue;
    }
    const NodeId size = context.add("size_of", {x}, {{"axis", static_cast<std::int64_t>(i)}});
    const NodeId count =
        context.add("cast", {size}, {{"dtype", std::string(dtype_name(forward.type.dtype))}});
    dy = context.add("div", {dy, count});
  }
  if (known != 1.0) dy = context.add("div", {dy, scalar_like(context, dy, known)});
  return {context.add("broadcast_like", {with_axes(context, dy), x})};
}

// In equal parts to all that have the extreme value, as in TF.
std::vector<NodeId> extremum_gradient(const GradientContext& context) {
  const NodeId x = context.input(0);
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): adding nodes moves the originals
  const Node forward = context.forward();
  const NodeId chosen = context.add("equal", {x, with_axes(context, context.node)});
  const NodeId mask =
      context.add("cast", {chosen}, {{"dtype", std::string(dtype_name(forward.type.dtype))}});
  Attributes attributes = forward.attributes;
  attributes["keep_dims"] = true;
  const NodeId count = context.add("reduce_sum", {mask}, attributes);
  const NodeId share = context.add("div", {with_axes(context, context.output_grad), count});
  return {context.add("mul", {mask, share})};
}

std::vector<NodeId> sum_like_gradient(const GradientContext& context) {
  return {context.add("broadcast_like", {context.output_grad, context.input(0)}), kNoNode};
}

OpDef over_axes(OpDef def) { return with_attributes("axes, keep_dims", std::move(def)); }

}  // namespace

std::vector<OpDef> reduction_ops() {
  return {
      over_axes({"reduce_sum", 1, 1, infer_numbers, sum_gradient, make_reduction<Sum>}),
      over_axes({"reduce_mean", 1, 1, infer_numbers, mean_gradient, make_mean}),
      over_axes({"reduce_max", 1, 1, infer_numbers, extremum_gradient, make_reduction<Largest>}),
      over_axes({"reduce_min", 1, 1, infer_numbers, extremum_gradient, make_reduction<Smallest>}),
      over_axes({"reduce_prod", 1, 1, infer_numbers, nullptr, make_reduction<Product>}),
      over_axes({"reduce_any", 1, 1, infer_bools, nullptr, make_bool_reduction<Any>}),
      over_axes({"reduce_all", 1, 1, infer_bools, nullptr, make_bool_reduction<All>}),
      identity_of_same_type({"sum_like", 2, 2, infer_sum_like, sum_like_gradient, make_sum_like}),
  };
}

}  // namespace holdfast
