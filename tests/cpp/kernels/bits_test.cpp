// The bits themselves, as hashes that every machine must give: x86-64 and AArch64, with any table,
// any compiler. A change of a hash is a change of results, which a changelog must name.
#include <gtest/gtest.h>

#include "base/float_mode.h"
#include "base/philox.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

// FNV-1a over the words of floats; every NaN counts as the same one.
std::uint64_t hash(const std::vector<float>& values) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const float value : values) {
    std::uint32_t word = 0x7FC00000u;
    if (!std::isnan(value)) std::memcpy(&word, &value, sizeof word);
    h = (h ^ word) * 0x100000001B3u;
  }
  return h;
}

// n floats in (-scale, scale) that do not depend on a library's generators.
std::vector<float> numbers(std::size_t n, std::uint64_t key, float scale) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t word = philox({key}, i / 4, 0)[i % 4];
    values[i] = (philox_uniform(word) - 0.5f) * 2.0f * scale;
  }
  return values;
}

// Floats of every exponent and sign, infinities and NaN among them.
std::vector<float> any_floats(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t word = philox({99}, i / 4, 0)[i % 4];
    std::memcpy(&values[i], &word, sizeof word);
  }
  return values;
}

std::vector<float> unary_and_activations(const KernelTable& table) {
  std::vector<float> all;
  for (const std::vector<float>& x : {any_floats(20000), numbers(20000, 1, 20.0f)}) {
    const auto n = static_cast<std::int64_t>(x.size());
    std::vector<float> y(x.size());
    for (const Unary op : {Unary::kExp, Unary::kLog, Unary::kTanh, Unary::kSigmoid,
                           Unary::kSoftplus, Unary::kSqrt}) {
      table.unary(op, x.data(), y.data(), n);
      all.insert(all.end(), y.begin(), y.end());
    }
    for (const Activation activation : reference::kActivations) {
      table.activation_forward(activation, 0.2f, x.data(), y.data(), n);
      all.insert(all.end(), y.begin(), y.end());
      table.activation_backward(activation, 0.2f, y.data(), x.data(), y.data(), n);
      all.insert(all.end(), y.begin(), y.end());
    }
  }
  return all;
}

TEST(Bits, OfUnaryFunctionsAndActivations) {
  for (const KernelTable* table : reference::tables()) {
    EXPECT_EQ(hash(unary_and_activations(*table)), 13292762092068081487u) << table->isa;
  }
}

// As programs compute: denormals count as zero.
TEST(Bits, OfUnaryFunctionsAndActivationsWithoutDenormals) {
  for (const KernelTable* table : reference::tables()) {
    std::vector<float> all;
    {
      const ScopedFloatMode mode(FloatMode::computing());
      all = unary_and_activations(*table);
    }
    EXPECT_EQ(hash(all), 818638304941955371u) << table->isa;
  }
}

std::vector<float> dropout_losses_and_updates(const KernelTable& table,
                                              const std::vector<float>& x) {
  constexpr std::int64_t kRows = 211, kClasses = 29;
  constexpr std::int64_t n = kRows * kClasses;
  const std::vector<float> targets = numbers(n, 5, 1.0f);
  std::vector<float> all;
  std::vector<float> y(n);
  const auto keep = [&](const std::vector<float>& values) {
    all.insert(all.end(), values.begin(), values.end());
  };
  table.dropout({x.data(), y.data(), n, (std::int64_t{1} << 34) - 60, 1234567890123u, 77, 0.3f});
  keep(y);
  const ConstMatrix z{x.data(), kRows, kClasses, kClasses};
  const Matrix out{y.data(), kRows, kClasses, kClasses};
  table.softmax(z, out);
  keep(y);
  table.log_softmax(z, out);
  keep(y);
  std::vector<float> loss(kRows);
  table.softmax_cross_entropy({z, {targets.data(), kRows, kClasses, kClasses}, loss.data()});
  keep(loss);
  table.softmax_cross_entropy_grad(
      {z, {targets.data(), kRows, kClasses, kClasses}, loss.data(), out});
  keep(y);
  table.sigmoid_cross_entropy(x.data(), targets.data(), y.data(), n);
  keep(y);
  table.sigmoid_cross_entropy_grad(x.data(), targets.data(), x.data(), y.data(), n);
  keep(y);
  std::vector<float> sums(kClasses);
  table.column_sums(z, sums.data());
  keep(sums);
  table.gradient_descent_update(y.data(), x.data(), n, 0.1f);
  keep(y);
  std::vector<float> accumulator(n, 0.1f);
  table.adagrad_update({y.data(), accumulator.data(), x.data(), n, 0.05f});
  keep(y);
  keep(accumulator);
  return all;
}

TEST(Bits, OfDropoutLossesAndUpdates) {
  const std::vector<float> x = numbers(211 * 29, 4, 9.0f);
  std::vector<float> small = x;  // denormal and least normal products with what they meet
  for (float& each : small) each *= 0x1p-126f;
  for (const KernelTable* table : reference::tables()) {
    EXPECT_EQ(hash(dropout_losses_and_updates(*table, x)), 6423983042319551654u) << table->isa;
    std::vector<float> all;
    {
      const ScopedFloatMode mode(FloatMode::computing());
      all = dropout_losses_and_updates(*table, small);
    }
    EXPECT_EQ(hash(all), 2991997658790848987u) << table->isa;
  }
}

TEST(Bits, OfALayerAndItsLoss) {
  constexpr std::int64_t kBatch = 37, kInputs = 19, kOutputs = 21;
  for (const KernelTable* table : reference::tables()) {
    const std::vector<float> x = numbers(kBatch * kInputs, 2, 1.0f);
    std::vector<float> w = numbers(kInputs * kOutputs, 3, 1.0f);
    std::vector<float> y(kBatch * kOutputs);
    std::vector<float> dy(kBatch * kOutputs);
    std::vector<float> accumulator(w.size(), 0.1f);
    std::vector<float> workspace(
        static_cast<std::size_t>(table->dense_workspace_floats(64, 64, 64)) + 16);
    float* aligned = workspace.data();
    while (reinterpret_cast<std::uintptr_t>(aligned) % 64 != 0) ++aligned;
    std::vector<std::int64_t> labels(kBatch, 5);
    std::vector<float> loss(kBatch, 1.0f);
    const ConstMatrix x_view{x.data(), kBatch, kInputs, kInputs};
    const ConstMatrix logits{y.data(), kBatch, kOutputs, kOutputs};
    table->dense_forward({x_view,
                          {w.data(), kInputs, kOutputs, kOutputs},
                          nullptr,
                          Activation::kTanh,
                          0,
                          {y.data(), kBatch, kOutputs, kOutputs},
                          aligned});
    table->sparse_softmax_cross_entropy(
        {logits, labels.data(), nullptr, {dy.data(), kBatch, kOutputs, kOutputs}, loss.data()});
    table->sparse_softmax_cross_entropy({logits, labels.data(), loss.data()});
    table->dense_grad_kernel({x_view,
                              {dy.data(), kBatch, kOutputs, kOutputs},
                              Update::kAdagrad,
                              0.05f,
                              {w.data(), kInputs, kOutputs, kOutputs},
                              accumulator.data(),
                              aligned});
    std::vector<float> all = y;
    for (const std::vector<float>& part : {dy, loss, w, accumulator}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    all.push_back(table->sum(y.data(), kBatch * kOutputs));
    EXPECT_EQ(hash(all), 9223213229531639390u) << table->isa;
  }
}

}  // namespace
}  // namespace holdfast::kernels
