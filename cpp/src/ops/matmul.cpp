// Matrix product of two tensors, either of them transposed, on the dense layer's kernels.
#include "ops/families.h"
#include "ops/product_split.h"

namespace holdfast {
namespace {

using kernels::Activation;
using kernels::Matrix;
using kernels::Update;

struct Transposes {
  bool a;
  bool b;
};

Transposes transposes(const AttributeReader& attributes) {
  return {attributes.value_or("transpose_a", false), attributes.value_or("transpose_b", false)};
}

TensorType infer_matmul(const InferContext& context) {
  for (const TensorType& input : context.inputs) {
    if (input.dtype != DType::kFloat32 || input.shape.size() != 2) {
      context.fail("expected two float32 matrices; got " + std::string(dtype_name(input.dtype)) +
                   " " + shape_text(input.shape));
    }
  }
  const Transposes transposed = transposes(context.attributes);
  const Shape& a = context.inputs[0].shape;
  const Shape& b = context.inputs[1].shape;
  const std::int64_t inner_a = a[transposed.a ? 0 : 1];
  const std::int64_t inner_b = b[transposed.b ? 1 : 0];
  if (inner_a >= 0 && inner_b >= 0 && inner_a != inner_b) {
    context.fail("expected equal inner sizes; got " + shape_text(a) + " and " + shape_text(b));
  }
  return {DType::kFloat32, {a[transposed.a ? 1 : 0], b[transposed.b ? 0 : 1]}};
}

// c = op(a) · op(b), each case again a product of the same four forms.
std::vector<NodeId> matmul_gradient(const GradientContext& context) {
  const Transposes transposed = transposes({context.forward().name, context.forward().attributes});
  const NodeId a = context.input(0);
  const NodeId b = context.input(1);
  const NodeId dc = context.output_grad;
  const auto product = [&](NodeId left, NodeId right, bool left_transposed, bool right_transposed) {
    return context.add("matmul", {left, right},
                       {{"transpose_a", left_transposed}, {"transpose_b", right_transposed}});
  };
  return {transposed.a ? product(b, dc, transposed.b, true) : product(dc, b, false, !transposed.b),
          transposed.b ? product(dc, a, true, transposed.a) : product(a, dc, !transposed.a, false)};
}

class MatmulKernel : public OpKernel {
 public:
  explicit MatmulKernel(const KernelContext& context)
      : transposed_(transposes(context.attributes())),
        a_(matrix_view(context.inputs[0])),
        b_(matrix_view(context.inputs[1])),
        c_(matrix_view(context.output)),
        split_(context, c_.rows, transposed_.a ? a_.rows : a_.cols, c_.cols) {
    if (transposed_.a && transposed_.b) {
      turned_ = context.workspace(a_.rows * a_.cols * static_cast<std::int64_t>(sizeof(float)));
    }
  }

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    const Matrix a = turned_ == nullptr ? a_ : turn_a();
    const bool transposed_a = transposed_.a && turned_ == nullptr;
    split_.run(context.pool, [&](const ProductPart& part) {
      const Matrix c = part_of(c_, part.rows, part.cols);
      if (transposed_a) {
        table.dense_grad_kernel({as_const(cols_of(a, part.rows)), as_const(cols_of(b_, part.cols)),
                                 Update::kNone, 0.0f, c, nullptr, part.workspace});
      } else if (transposed_.b) {
        table.dense_grad_input({as_const(rows_of(a, part.rows)),
                                as_const(rows_of(b_, part.cols)),
                                Activation::kLinear,
                                0.0f,
                                {nullptr, c.rows, c.cols, c.stride},
                                c,
                                part.workspace});
      } else {
        table.dense_forward({as_const(rows_of(a, part.rows)), as_const(cols_of(b_, part.cols)),
                             nullptr, Activation::kLinear, 0.0f, c, part.workspace});
      }
    });
  }

 private:
  // Only where both are transposed, which no kernel does at once.
  Matrix turn_a() const {
    auto* out = static_cast<float*>(turned_.get());
    for (std::int64_t i = 0; i < a_.rows; ++i) {
      for (std::int64_t j = 0; j < a_.cols; ++j) out[j * a_.rows + i] = a_.data[i * a_.stride + j];
    }
    return {out, a_.cols, a_.rows, a_.rows};
  }

  Transposes transposed_;
  Matrix a_;
  Matrix b_;
  Matrix c_;
  ProductSplit split_;
  std::shared_ptr<void> turned_;
};

}  // namespace

std::vector<OpDef> matmul_ops() {
  return {with_attributes(
      "transpose_a, transpose_b",
      {"matmul", 2, 2, infer_matmul, matmul_gradient, make_op_kernel<MatmulKernel>})};
}

}  // namespace holdfast
