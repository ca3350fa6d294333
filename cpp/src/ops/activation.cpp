// Activations, element by element, and the one gradient they share, written in terms of the output.
#include <map>

#include "ops/activation_names.h"
#include "ops/elementwise_split.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

using kernels::Activation;

constexpr double kLeakyReluAlpha = 0.2;  // TF's default of nn.leaky_relu

const std::map<std::string, Activation>& activations() {
  static const auto* names = new std::map<std::string, Activation>{
      {"relu", Activation::kRelu},
      {"relu6", Activation::kRelu6},
      {"leaky_relu", Activation::kLeakyRelu},
      {"elu", Activation::kElu},
      {"selu", Activation::kSelu},
      {"tanh", Activation::kTanh},
      {"sigmoid", Activation::kSigmoid},
      {"softplus", Activation::kSoftplus},
      {"softsign", Activation::kSoftsign},
  };
  return *names;
}

TensorType infer_activation(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  if (x.dtype != DType::kFloat32) {
    context.fail(std::string("expected a float32 input; got ") + dtype_name(x.dtype) +
                 "; cast it first");
  }
  return x;
}

TensorType infer_activation_grad(const InferContext& context) {
  activation_from_name(context.attributes.get<std::string>("activation"));
  expect_dtype(context, 1, kFloat32Only);
  expect_shape(context, 1, "dy", context.inputs[0].shape);
  return infer_activation(context);
}

std::vector<NodeId> activation_gradient(const GradientContext& context) {
  const Node& node = context.forward();
  Attributes attributes = node.attributes;  // alpha, where there is one
  attributes["activation"] = node.op;
  return {context.add("activation_grad", {context.node, context.output_grad}, attributes)};
}

class ActivationKernel : public OpKernel {
 public:
  explicit ActivationKernel(const KernelContext& context)
      : activation_(*find_activation(context.node.op)),
        alpha_(static_cast<float>(context.attributes().number_or("alpha", kLeakyReluAlpha))),
        x_(context.inputs[0].as<float>()),
        y_(context.output.as<float>()),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.activation_forward(activation_, alpha_, x_ + begin, y_ + begin, count);
    });
  }

 private:
  Activation activation_;
  float alpha_;
  const float* x_;
  float* y_;
  ElementwiseSplit split_;
};

class ActivationGradKernel : public OpKernel {
 public:
  explicit ActivationGradKernel(const KernelContext& context)
      : activation_(activation_from_name(context.attributes().get<std::string>("activation"))),
        alpha_(static_cast<float>(context.attributes().number_or("alpha", kLeakyReluAlpha))),
        y_(context.inputs[0].as<float>()),
        dy_(context.inputs[1].as<float>()),
        dx_(context.output.as<float>()),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const kernels::KernelTable& table = kernels::table();
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      table.activation_backward(activation_, alpha_, y_ + begin, dy_ + begin, dx_ + begin, count);
    });
  }

 private:
  Activation activation_;
  float alpha_;
  const float* y_;
  const float* dy_;
  float* dx_;
  ElementwiseSplit split_;
};

}  // namespace

const Activation* find_activation(const std::string& op) noexcept {
  const auto found = activations().find(op);
  return found == activations().end() ? nullptr : &found->second;
}

Activation activation_from_name(const std::string& name) {
  if (name == "linear") return Activation::kLinear;
  if (const Activation* found = find_activation(name)) return *found;
  std::string known = "linear";
  for (const auto& [each, value] : activations()) known += ", " + each;
  throw Error(Code::kInvalidArgument,
              "activation: expected one of " + known + "; got \"" + name + "\"");
}

std::vector<OpDef> activation_ops() {
  std::vector<OpDef> ops;
  for (const auto& [name, activation] : activations()) {
    OpDef op{name, 1, 1, infer_activation, activation_gradient, make_op_kernel<ActivationKernel>};
    if (activation == Activation::kLeakyRelu) op.attributes = "alpha";
    ops.push_back(std::move(op));
  }
  ops.push_back(
      with_attributes("activation, alpha", {"activation_grad", 2, 2, infer_activation_grad, nullptr,
                                            make_op_kernel<ActivationGradKernel>}));
  return ops;
}

}  // namespace holdfast
