// Operations whose value is their first input under another shape: nothing is copied.
#include <string>

#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

std::string size_mismatch(const Shape& from, const Shape& to) {
  return "expected a shape with the elements of " + shape_text(from) + "; got " + shape_text(to);
}

// At most one -1 in the attribute, which takes what the other sizes leave.
TensorType infer_reshape(const InferContext& context) {
  const Shape& from = context.inputs[0].shape;
  Shape to = context.attributes.get<std::vector<std::int64_t>>("shape");
  std::size_t rest = to.size();
  Shape others;  // than the -1
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] < -1 || (to[i] == -1 && rest != to.size())) {
      context.fail("shape: expected sizes of 0 and more and one -1 at the most; got " +
                   shape_text(to));
    }
    if (to[i] == -1) {
      rest = i;
    } else {
      others.push_back(to[i]);
    }
  }
  const std::int64_t known = element_count(others);  // refuses products that overflow
  if (!all_known(from)) return {context.inputs[0].dtype, to};
  const std::int64_t size = element_count(from);
  if (rest == to.size()) {
    if (known != size) context.fail(size_mismatch(from, to));
  } else {
    if (known == 0 || size % known != 0) context.fail(size_mismatch(from, to));
    to[rest] = size / known;
  }
  return {context.inputs[0].dtype, to};
}

// Without axes every axis of size 1 goes. The choice may not depend on the size of a batch.
TensorType infer_squeeze(const InferContext& context) {
  const Shape& from = context.inputs[0].shape;
  std::vector<bool> drop(from.size(), false);
  if (context.attributes.has("axes")) {
    for (const std::int64_t axis : context.attributes.get<std::vector<std::int64_t>>("axes")) {
      const std::size_t i = axis_of(context, axis, from.size());
      if (from[i] >= 0 && from[i] != 1) {
        context.fail("expected size 1 on axis " + std::to_string(axis) + "; got " +
                     shape_text(from) + "; leave the axis out");
      }
      drop[i] = true;
    }
  } else {
    if (!all_known(from)) {
      context.fail("expected axes, because not every size of " + shape_text(from) +
                   " is known; name the axes of size 1");
    }
    for (std::size_t i = 0; i < from.size(); ++i) drop[i] = from[i] == 1;
  }
  Shape to;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!drop[i]) to.push_back(from[i]);
  }
  return {context.inputs[0].dtype, to};
}

TensorType infer_expand_dims(const InferContext& context) {
  Shape shape = context.inputs[0].shape;
  const std::size_t axis =
      axis_of(context, context.attributes.get<std::int64_t>("axis"), shape.size() + 1);
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return {context.inputs[0].dtype, shape};
}

TensorType infer_identity(const InferContext& context) { return context.inputs[0]; }

TensorType infer_reshape_like(const InferContext& context) {
  const Shape& from = context.inputs[0].shape;
  const Shape& to = context.inputs[1].shape;
  if (all_known(from) && all_known(to) && element_count(from) != element_count(to)) {
    context.fail(size_mismatch(from, to));
  }
  return {context.inputs[0].dtype, to};
}

std::vector<NodeId> view_gradient(const GradientContext& context) {
  return {context.add("reshape_like", {context.output_grad, context.input(0)})};
}
std::vector<NodeId> identity_gradient(const GradientContext& context) {
  return {context.output_grad};
}
std::vector<NodeId> reshape_like_gradient(const GradientContext& context) {
  return {context.add("reshape_like", {context.output_grad, context.input(0)}), kNoNode};
}

OpDef view(const char* name, int inputs, TensorType (*infer)(const InferContext&),
           std::vector<NodeId> (*gradient)(const GradientContext&)) {
  OpDef def{name, inputs, inputs, infer, gradient, nullptr};
  def.is_view = true;
  return def;
}

}  // namespace

std::vector<OpDef> view_ops() {
  return {
      with_attributes("shape", view("reshape", 1, infer_reshape, view_gradient)),
      with_attributes("axes", view("squeeze", 1, infer_squeeze, view_gradient)),
      with_attributes("axis", view("expand_dims", 1, infer_expand_dims, view_gradient)),
      view("identity", 1, infer_identity, identity_gradient),
      view("stop_gradient", 1, infer_identity, nullptr),
      view("reshape_like", 2, infer_reshape_like, reshape_like_gradient),
  };
}

}  // namespace holdfast
