// No rows, no columns, no elements: every kernel of every table returns, reads nothing, writes only
// what a sum of nothing leaves.
#include <gtest/gtest.h>

#include "reference.h"

namespace holdfast::kernels {
namespace {

// What a kernel would find if it took one element too many, and behind it nothing that is ours.
float one_too_many = std::numeric_limits<float>::quiet_NaN();
float* const kNowhere = &one_too_many;

TEST(Empty, ElementByElementKernelsTouchNothing) {
  for (const KernelTable* table : reference::tables()) {
    for (const Activation activation : reference::kActivations) {
      table->activation_forward(activation, 0.2f, kNowhere, kNowhere, 0);
      table->activation_backward(activation, 0.2f, kNowhere, kNowhere, kNowhere, 0);
    }
    for (const Unary op : {Unary::kExp, Unary::kLog, Unary::kTanh, Unary::kSigmoid,
                           Unary::kSoftplus, Unary::kSqrt}) {
      table->unary(op, kNowhere, kNowhere, 0);
    }
    table->sigmoid_cross_entropy(kNowhere, kNowhere, kNowhere, 0);
    table->sigmoid_cross_entropy_grad(kNowhere, kNowhere, kNowhere, kNowhere, 0);
    table->dropout({kNowhere, kNowhere, 0, 0, 1, 2, 0.5f});
    table->adagrad_update({kNowhere, kNowhere, kNowhere, 0, 0.1f});
    table->gradient_descent_update(kNowhere, kNowhere, 0, 0.1f);
    EXPECT_TRUE(reference::same_bits(table->sum(kNowhere, 0), 0.0f)) << table->isa;
  }
}

TEST(Empty, LossesOfNoRowsTouchNothing) {
  for (const KernelTable* table : reference::tables()) {
    for (const std::int64_t classes : {0, 1, 3, 16, 40}) {
      const ConstMatrix z{kNowhere, 0, classes, classes};
      const Matrix out{kNowhere, 0, classes, classes};
      table->softmax(z, out);
      table->log_softmax(z, out);
      table->sparse_softmax_cross_entropy({z, nullptr, kNowhere});
      table->sparse_softmax_cross_entropy({z, nullptr, kNowhere, out, kNowhere});
      table->softmax_cross_entropy({z, z, kNowhere});
      table->softmax_cross_entropy_grad({z, z, kNowhere, out});
    }
  }
}

// Rows without a class: the logarithm of a sum of nothing, and no gradient to write.
TEST(Empty, SoftmaxOfNoClassesWritesNothing) {
  for (const KernelTable* table : reference::tables()) {
    const ConstMatrix z{kNowhere, 3, 0, 0};
    const Matrix out{kNowhere, 3, 0, 0};
    table->softmax(z, out);
    table->log_softmax(z, out);
    const float dloss[] = {1, 1, 1};
    table->softmax_cross_entropy_grad({z, z, dloss, out});
    float loss[] = {7, 7, 7};
    table->softmax_cross_entropy({z, z, loss});
    for (const float each : loss) EXPECT_EQ(each, 0.0f) << table->isa;
  }
}

TEST(Empty, RowsByNumber) {
  for (const KernelTable* table : reference::tables()) {
    table->pool_rows({kNowhere, nullptr, 2, nullptr, {kNowhere, 0, 5, 5}});
    table->pool_rows({kNowhere, nullptr, 0, nullptr, {kNowhere, 3, 0, 0}});
    for (const Update update : {Update::kNone, Update::kGradientDescent, Update::kAdagrad}) {
      table->update_rows({{kNowhere, 0, 5, 5},
                          1,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          0,
                          update,
                          0.1f,
                          kNowhere,
                          kNowhere});
    }
  }
}

// A batch of nothing has the gradient zero: Adagrad's and gradient descent's weights stay as they
// are to the last bit, also where the accumulator is the least number there is.
TEST(Empty, WeightGradientOfNoRowsIsZeroAndItsUpdatesMoveNothing) {
  alignas(64) float workspace[8192];
  for (const KernelTable* table : reference::tables()) {
    for (const std::int64_t outputs : {1, 3, 16, 40}) {
      constexpr std::int64_t kInputs = 7;
      ASSERT_LE(table->dense_workspace_floats(kInputs, 0, outputs), 8192);
      const ConstMatrix x{kNowhere, 0, kInputs, kInputs};
      const ConstMatrix dy{kNowhere, 0, outputs, outputs};
      for (const Update update : {Update::kNone, Update::kGradientDescent, Update::kAdagrad}) {
        reference::Grid w = reference::Grid::random(kInputs, outputs, 2, 51);
        reference::Grid a = w;
        for (std::int64_t i = 0; i < kInputs; ++i) {
          for (std::int64_t j = 0; j < outputs; ++j) a.at(i, j) = 0x1p-126f;
        }
        const reference::Grid w_before = w;
        const reference::Grid a_before = a;
        table->dense_grad_kernel({x, dy, update, 0.05f, w.view(),
                                  update == Update::kAdagrad ? a.data() : nullptr, workspace});
        EXPECT_TRUE(w.gaps_untouched());
        for (std::int64_t i = 0; i < kInputs; ++i) {
          for (std::int64_t j = 0; j < outputs; ++j) {
            const float expected = update == Update::kNone ? 0.0f : w_before.at(i, j);
            ASSERT_TRUE(reference::same_bits(w.at(i, j), expected)) << table->isa << w.at(i, j);
          }
        }
        EXPECT_TRUE(reference::same_bits(a, a_before)) << table->isa;
      }
      std::vector<float> sums(static_cast<std::size_t>(outputs), 7.0f);
      table->column_sums(dy, sums.data());
      for (const float each : sums) EXPECT_TRUE(reference::same_bits(each, 0.0f)) << table->isa;
    }
  }
}

// Nothing to add up: the bias and the activation are what is left.
TEST(Empty, ForwardOfNoInputsIsTheBias) {
  alignas(64) float workspace[8192];
  const float bias[] = {-1.0f, 0.25f, 3.0f};
  for (const KernelTable* table : reference::tables()) {
    float y[6] = {7, 7, 7, 7, 7, 7};
    table->dense_forward({{kNowhere, 2, 0, 0},
                          {kNowhere, 0, 3, 3},
                          bias,
                          Activation::kRelu,
                          0,
                          {y, 2, 3, 3},
                          workspace});
    EXPECT_EQ(std::vector<float>(y, y + 6), (std::vector<float>{0, 0.25f, 3, 0, 0.25f, 3}));
    table->dense_forward({{kNowhere, 0, 4, 4},
                          {y, 4, 0, 0},
                          bias,
                          Activation::kTanh,
                          0,
                          {kNowhere, 0, 0, 0},
                          workspace});
  }
}

}  // namespace
}  // namespace holdfast::kernels
