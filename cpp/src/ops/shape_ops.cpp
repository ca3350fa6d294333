// Operations that copy elements to other places: transpose, tile, broadcast, concat and stack.
#include <algorithm>
#include <string>

#include "ops/broadcast.h"
#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"
#include "ops/strided.h"

namespace holdfast {
namespace {

using Sizes = std::vector<std::int64_t>;

std::unique_ptr<OpKernel> make_walk(const KernelContext& context, const StridedWalk& walk) {
  return dispatch_any(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<GatherWalkKernel<T>>(context, walk));
  });
}

// transpose

TensorType infer_transpose(const InferContext& context) {
  const Shape& x = context.inputs[0].shape;
  const Sizes& perm = context.attributes.get<Sizes>("perm");
  Sizes sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  bool valid = perm.size() == x.size();
  for (std::size_t i = 0; valid && i < sorted.size(); ++i) {
    valid = sorted[i] == static_cast<std::int64_t>(i);
  }
  if (!valid) {
    context.fail("perm: expected each axis of " + shape_text(x) + " once; got " + shape_text(perm));
  }
  Shape y;
  for (const std::int64_t axis : perm) y.push_back(x[static_cast<std::size_t>(axis)]);
  return {context.inputs[0].dtype, y};
}

std::unique_ptr<OpKernel> make_transpose(const KernelContext& context) {
  const Sizes strides = StridedWalk::contiguous(context.inputs[0].shape);
  StridedWalk walk{context.output.shape, {}, 0};
  for (const std::int64_t axis : context.attributes().get<Sizes>("perm")) {
    walk.strides.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  return make_walk(context, walk);
}

std::vector<NodeId> transpose_gradient(const GradientContext& context) {
  const auto& perm = std::get<Sizes>(context.forward().attributes.at("perm"));
  Sizes inverse(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    inverse[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
  }
  return {context.add("transpose", {context.output_grad}, {{"perm", inverse}})};
}

// tile

TensorType infer_tile(const InferContext& context) {
  Shape shape = context.inputs[0].shape;
  const Sizes& multiples = context.attributes.get<Sizes>("multiples");
  bool valid = multiples.size() == shape.size();
  for (const std::int64_t times : multiples) valid = valid && times >= 0;
  if (!valid) {
    context.fail("multiples: expected a count of 0 and more for each axis of " + shape_text(shape) +
                 "; got " + shape_text(multiples));
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0 && __builtin_mul_overflow(shape[i], multiples[i], &shape[i])) {
      context.fail("multiples: expected sizes that fit in 64 bits; got " + shape_text(multiples) +
                   " times the input's sizes");
    }
  }
  return {context.inputs[0].dtype, shape};
}

std::unique_ptr<OpKernel> make_tile(const KernelContext& context) {
  const Shape& x = context.inputs[0].shape;
  const Sizes strides = StridedWalk::contiguous(x);
  const Sizes multiples = context.attributes().get<Sizes>("multiples");
  StridedWalk walk;
  for (std::size_t i = 0; i < x.size(); ++i) {
    walk.shape.insert(walk.shape.end(), {multiples[i], x[i]});
    walk.strides.insert(walk.strides.end(), {0, strides[i]});
  }
  return make_walk(context, walk);
}

// broadcast_like

TensorType infer_broadcast_like(const InferContext& context) {
  const Shape& x = context.inputs[0].shape;
  const Shape& like = context.inputs[1].shape;
  const Shape wide = broadcast_shape(context, x, like);
  bool fits = wide.size() == like.size();
  for (std::size_t i = 0; fits && i < like.size(); ++i) fits = like[i] < 0 || like[i] == wide[i];
  if (!fits) {
    context.fail("expected a shape that broadcasts to " + shape_text(like) + "; got " +
                 shape_text(x));
  }
  return {context.inputs[0].dtype, wide};
}

std::unique_ptr<OpKernel> make_broadcast_like(const KernelContext& context) {
  const Shape& to = context.output.shape;
  return make_walk(context, {to, broadcast_strides(context.inputs[0].shape, to), 0});
}

std::vector<NodeId> broadcast_like_gradient(const GradientContext& context) {
  return {context.add("sum_like", {context.output_grad, context.input(0)}), kNoNode};
}

// concat and stack: the value is `outer` rows, each made of one run of elements of every input.

template <typename T>
class JoinKernel : public OpKernel {
 public:
  JoinKernel(const KernelContext& context, std::int64_t outer)
      : outer_(outer), row_(outer == 0 ? 0 : context.output.size / outer) {
    T* place = context.output.as<T>();
    std::int64_t elements = 0;
    for (const Buffer& input : context.inputs) {
      const std::int64_t run = outer == 0 ? 0 : input.size / outer;
      // What was fed straight to its place is there (runtime/joined_feeds.h).
      if (input.as<T>() != place) {
        pieces_.push_back({input.as<T>(), place, run});
        elements += outer * run;
      }
      place += run;
    }
    parts_ = static_cast<int>(
        std::clamp<std::int64_t>(elements / kElementsOfPart, 1, std::max(context.threads, 1)));
  }
  void run(const RunContext& context) override {
    if (pieces_.empty()) return;
    context.pool.parallel(parts_, [&](int part) {
      const Range rows = split_range(outer_, parts_, part);
      for (const Piece& piece : pieces_) {
        for (std::int64_t row = rows.begin; row < rows.end; ++row) {
          const T* const from = piece.data + row * piece.run;
          T* const to = piece.place + row * row_;
          for (std::int64_t i = 0; i < piece.run; ++i) to[i] = from[i];
        }
      }
    });
  }

 private:
  static constexpr std::int64_t kElementsOfPart = 1 << 16;  // what waking a thread must earn
  struct Piece {
    const T* data;
    T* place;  // in row 0 of the value
    std::int64_t run;
  };
  std::int64_t outer_;
  std::int64_t row_;  // elements of a row of the value
  std::vector<Piece> pieces_;
  int parts_ = 1;
};

std::unique_ptr<OpKernel> make_join(const KernelContext& context) {
  const std::size_t axis = known_axis(context.attributes().value_or<std::int64_t>("axis", 0),
                                      context.output.shape.size());
  const std::int64_t outer = sizes_product(context.output.shape, 0, axis);
  return dispatch_any(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<JoinKernel<T>>(context, outer));
  });
}

// Merges `shape` into `merged` everywhere but on `axis` (none: past the rank).
void merge_sizes(const InferContext& context, Shape& merged, const Shape& shape, std::size_t axis) {
  bool fits = merged.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) {
    if (i == axis) continue;
    fits = merged[i] < 0 || shape[i] < 0 || merged[i] == shape[i];
    merged[i] = std::max(merged[i], shape[i]);
  }
  if (!fits) {
    context.fail("expected inputs of equal sizes" +
                 std::string(axis < merged.size() ? " but on the joined axis" : "") + "; got " +
                 shape_text(context.inputs[0].shape) + " and " + shape_text(shape));
  }
}

TensorType infer_concat(const InferContext& context) {
  expect_one_dtype(context);
  Shape shape = context.inputs[0].shape;
  const std::size_t axis =
      axis_of(context, context.attributes.get<std::int64_t>("axis"), shape.size());
  for (std::size_t k = 1; k < context.inputs.size(); ++k) {
    const Shape& next = context.inputs[k].shape;
    merge_sizes(context, shape, next, axis);
    shape[axis] = shape[axis] < 0 || next[axis] < 0 ? -1 : shape[axis] + next[axis];
  }
  return {context.inputs[0].dtype, shape};
}

TensorType infer_stack(const InferContext& context) {
  expect_one_dtype(context);
  Shape shape = context.inputs[0].shape;
  for (const TensorType& input : context.inputs) {
    merge_sizes(context, shape, input.shape, shape.size());
  }
  const std::size_t axis =
      axis_of(context, context.attributes.value_or<std::int64_t>("axis", 0), shape.size() + 1);
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis),
               static_cast<std::int64_t>(context.inputs.size()));
  return {context.inputs[0].dtype, shape};
}

// join_part(dy, every input of the join; axis, index): the part of dy that input `index` became.
// The inputs give the sizes, which may be known only when running.
std::vector<NodeId> join_gradient(const GradientContext& context) {
  const Node forward = context.forward();
  const auto found = forward.attributes.find("axis");
  std::int64_t axis = found == forward.attributes.end() ? 0 : std::get<std::int64_t>(found->second);
  if (axis < 0) axis += static_cast<std::int64_t>(forward.type.shape.size());
  std::vector<NodeId> operands = {context.output_grad};
  operands.insert(operands.end(), forward.inputs.begin(), forward.inputs.end());
  std::vector<NodeId> grads;
  for (std::size_t i = 0; i < forward.inputs.size(); ++i) {
    grads.push_back(context.add("join_part", operands,
                                {{"axis", axis}, {"index", static_cast<std::int64_t>(i)}}));
  }
  return grads;
}

TensorType infer_join_part(const InferContext& context) {
  const std::int64_t index = context.attributes.get<std::int64_t>("index");
  const auto joined = static_cast<std::int64_t>(context.inputs.size()) - 1;
  if (index < 0 || index >= joined) {
    context.fail("index: expected one of " + std::to_string(joined) + " inputs; got " +
                 std::to_string(index));
  }
  axis_of(context, context.attributes.get<std::int64_t>("axis"), context.inputs[0].shape.size());
  return {context.inputs[0].dtype, context.inputs[index + 1].shape};
}

// The parts are as many elements as dy: what the shape rule cannot see of sizes yet unknown.
void check_parts(const KernelContext& context) {
  std::int64_t elements = 0;
  for (std::size_t k = 1; k < context.inputs.size(); ++k) elements += context.inputs[k].size;
  if (elements == context.inputs[0].size) return;
  throw Error(Code::kInvalidArgument, "node \"" + context.node.name + "\": dy: expected " +
                                          std::to_string(elements) + " elements; got shape " +
                                          shape_text(context.inputs[0].shape));
}

template <typename T>
class JoinPartKernel : public OpKernel {
 public:
  JoinPartKernel(const KernelContext& context, std::int64_t outer)
      : dy_(context.inputs[0].as<T>()), part_(context.output), outer_(outer) {
    if (outer == 0) return;
    run_ = part_.size / outer;
    row_ = context.inputs[0].size / outer;
    const auto index = static_cast<std::size_t>(context.attributes().get<std::int64_t>("index"));
    for (std::size_t k = 1; k <= index; ++k) dy_ += context.inputs[k].size / outer;
  }
  void run(const RunContext&) override {
    for (std::int64_t row = 0; row < outer_; ++row) {
      std::copy_n(dy_ + row * row_, run_, part_.as<T>() + row * run_);
    }
  }

 private:
  const T* dy_;
  Buffer part_;
  std::int64_t outer_;
  std::int64_t run_ = 0;
  std::int64_t row_ = 0;
};

std::unique_ptr<OpKernel> make_join_part(const KernelContext& context) {
  check_parts(context);
  const std::size_t axis =
      known_axis(context.attributes().get<std::int64_t>("axis"), context.inputs[0].shape.size());
  const std::int64_t outer = sizes_product(context.inputs[0].shape, 0, axis);
  return dispatch_any(context, context.output.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return std::unique_ptr<OpKernel>(std::make_unique<JoinPartKernel<T>>(context, outer));
  });
}

}  // namespace

std::vector<OpDef> shape_ops() {
  return {
      with_attributes("perm",
                      {"transpose", 1, 1, infer_transpose, transpose_gradient, make_transpose}),
      with_attributes("multiples",
                      identity_of_same_type({"tile", 1, 1, infer_tile, nullptr, make_tile})),
      identity_of_same_type({"broadcast_like", 2, 2, infer_broadcast_like, broadcast_like_gradient,
                             make_broadcast_like}),
      with_attributes(
          "axis", identity_of_same_type({"concat", 1, -1, infer_concat, join_gradient, make_join})),
      with_attributes("axis", {"stack", 1, -1, infer_stack, join_gradient, make_join}),
      with_attributes("axis, index",
                      {"join_part", 2, -1, infer_join_part, nullptr, make_join_part}),
  };
}

}  // namespace holdfast
