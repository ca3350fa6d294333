// exp, log, tanh, sigmoid, softplus, sqrt and the activations: at most 2 ULP from the float64
// value, exact at the special values, the same bits on every table.
#include <gtest/gtest.h>

#include "kernels/exact_functions.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");
constexpr float kLeast = std::numeric_limits<float>::denorm_min();

// Every 2111th float (a prime: all exponents, many mantissas), both signs, and the neighbourhood of
// the places where the functions change their form.
std::vector<float> samples() {
  std::vector<float> all;
  for (std::uint64_t word = 0; word < (std::uint64_t{1} << 32); word += 2111) {
    const auto bits = static_cast<std::uint32_t>(word);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    all.push_back(value);
  }
  for (const float centre : {0.0f, 0.625f, -0.625f, 1.0f, 0.7071068f, 1.4142135f, 88.72284f,
                             -87.33655f, -103.97208f, 9.0f, -9.0f, 0x1p-126f, 17.0f, -17.0f}) {
    float up = centre;
    float down = centre;
    for (int i = 0; i < 300; ++i) {
      all.push_back(up);
      all.push_back(down);
      up = std::nextafter(up, kInf);
      down = std::nextafter(down, -kInf);
    }
  }
  for (const float value : {0.0f, -0.0f, kInf, -kInf, kNan, kLeast, -kLeast}) all.push_back(value);
  return all;
}

TEST(UnaryKernels, StayWithinTheirErrorOnEveryTableWithTheSameBits) {
  const std::vector<float> x = samples();
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<float> expected(x.size());
  std::vector<float> y(x.size());
  for (const reference::ExactFunction& function : reference::kExactFunctions) {
    reference::tables()[0]->unary(function.op, x.data(), expected.data(), n);
    double worst = 0;
    float worst_at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = reference::ulp_error(expected[i], function.exact(x[i]));
      if (error > worst) worst_at = x[i];
      worst = std::max(worst, error);
    }
    RecordProperty(std::string(function.name) + "_ulp", std::to_string(worst));
    EXPECT_LE(worst, function.most_ulp) << function.name << " at " << worst_at;
    for (const KernelTable* table : reference::tables()) {
      table->unary(function.op, x.data(), y.data(), n);
      EXPECT_TRUE(reference::same_bits(y.data(), expected.data(), n))
          << function.name << " " << table->isa;
    }
  }
}

TEST(UnaryKernels, AreExactAtSpecialValues) {
  const struct {
    Unary op;
    float x;
    float y;
  } cases[] = {
      {Unary::kExp, 0.0f, 1.0f},       {Unary::kExp, -0.0f, 1.0f},
      {Unary::kExp, kInf, kInf},       {Unary::kExp, -kInf, 0.0f},
      {Unary::kExp, kNan, kNan},       {Unary::kExp, kLeast, 1.0f},
      {Unary::kExp, 89.0f, kInf},      {Unary::kExp, -104.0f, 0.0f},
      {Unary::kExp, -103.0f, kLeast},  {Unary::kLog, 1.0f, 0.0f},
      {Unary::kLog, 0.0f, -kInf},      {Unary::kLog, -0.0f, -kInf},
      {Unary::kLog, kInf, kInf},       {Unary::kLog, -1.0f, kNan},
      {Unary::kLog, -kInf, kNan},      {Unary::kLog, kNan, kNan},
      {Unary::kLog, -kLeast, kNan},    {Unary::kTanh, 0.0f, 0.0f},
      {Unary::kTanh, -0.0f, -0.0f},    {Unary::kTanh, kInf, 1.0f},
      {Unary::kTanh, -kInf, -1.0f},    {Unary::kTanh, kNan, kNan},
      {Unary::kTanh, kLeast, kLeast},  {Unary::kSigmoid, 0.0f, 0.5f},
      {Unary::kSigmoid, kInf, 1.0f},   {Unary::kSigmoid, -kInf, 0.0f},
      {Unary::kSigmoid, kNan, kNan},   {Unary::kSoftplus, kInf, kInf},
      {Unary::kSoftplus, -kInf, 0.0f}, {Unary::kSoftplus, kNan, kNan},
      {Unary::kSqrt, -0.0f, -0.0f},    {Unary::kSqrt, kInf, kInf},
      {Unary::kSqrt, -1.0f, kNan},
  };
  for (const KernelTable* table : reference::tables()) {
    for (const auto& c : cases) {
      float y = 7.0f;
      table->unary(c.op, &c.x, &y, 1);
      EXPECT_TRUE(reference::same_bits(y, c.y))
          << table->isa << " op " << static_cast<int>(c.op) << " of " << c.x << ": " << y;
    }
  }
}

TEST(ActivationKernels, AreTheirFormulasAtEverySizeAndOnEveryTable) {
  for (const Activation activation : reference::kActivations) {
    for (const std::int64_t n : reference::sizes()) {
      const reference::Grid x = reference::Grid::random(1, n, 4, 21, -8.0f, 8.0f);
      const reference::Grid dy = reference::Grid::random(1, n, 4, 22);
      reference::Grid expected(1, n, 4);
      reference::Grid expected_dx(1, n, 4);
      for (const KernelTable* table : reference::tables()) {
        reference::Grid y(1, n, 4);
        reference::Grid dx(1, n, 4);
        table->activation_forward(activation, 0.3f, x.data(), y.data(), n);
        table->activation_backward(activation, 0.3f, y.data(), dy.data(), dx.data(), n);
        EXPECT_TRUE(y.gaps_untouched() && dx.gaps_untouched()) << table->isa;
        if (table == reference::tables()[0]) {
          expected = y;
          expected_dx = dx;
          for (std::int64_t i = 0; i < n; ++i) {
            // 3 roundings on top of the 2 ULP of the function.
            EXPECT_LE(reference::ulp_error(y.at(0, i),
                                           reference::act(activation, double{0.3f}, x.at(0, i))),
                      5)
                << static_cast<int>(activation) << " of " << x.at(0, i);
            const double slope = reference::slope(activation, double{0.3f}, y.at(0, i));
            EXPECT_NEAR(dx.at(0, i), dy.at(0, i) * slope, 0x1p-21);
          }
        }
        EXPECT_TRUE(reference::same_bits(y, expected)) << table->isa;
        EXPECT_TRUE(reference::same_bits(dx, expected_dx)) << table->isa;
        // In place: y may be x, dx may be dy.
        reference::Grid in_place = x;
        table->activation_forward(activation, 0.3f, in_place.data(), in_place.data(), n);
        EXPECT_TRUE(reference::same_bits(in_place, y)) << table->isa;
        in_place = dy;
        table->activation_backward(activation, 0.3f, y.data(), in_place.data(), in_place.data(), n);
        EXPECT_TRUE(reference::same_bits(in_place, dx)) << table->isa;
      }
    }
  }
}

// Outputs of 16 MiB and more are written past the caches, from an aligned element on.
TEST(ActivationKernels, AreTheSameForOutputsTooLargeForTheCaches) {
  constexpr std::int64_t n = (std::int64_t{4} << 20) + 21;
  constexpr std::int64_t kPiece = 4099;
  const reference::Grid x = reference::Grid::random(1, n, 0, 23, -8.0f, 8.0f);
  for (const KernelTable* table : reference::tables()) {
    for (const int offset : {0, 3}) {
      reference::Grid whole(1, n, 8);
      reference::Grid pieces(1, n, 8);
      float* const y = whole.data() + offset;
      table->activation_forward(Activation::kTanh, 0, x.data(), y, n);
      for (std::int64_t i = 0; i < n; i += kPiece) {
        table->activation_forward(Activation::kTanh, 0, x.data() + i, pieces.data() + offset + i,
                                  std::min(kPiece, n - i));
      }
      EXPECT_TRUE(reference::same_bits(whole, pieces)) << table->isa << " " << offset;
      table->activation_backward(Activation::kTanh, 0, pieces.data() + offset, x.data(), y, n);
      float piece[kPiece];
      for (std::int64_t i = 0; i < n; i += kPiece) {
        const std::int64_t count = std::min(kPiece, n - i);
        table->activation_backward(Activation::kTanh, 0, pieces.data() + offset + i, x.data() + i,
                                   piece, count);
        ASSERT_TRUE(reference::same_bits(y + i, piece, count)) << table->isa << " " << offset;
      }
    }
  }
}

// relu6(0.6 * 10 + 0.1) = 6; elu(-inf) = -1; softsign(3) = 0.75.
TEST(ActivationKernels, ByHand) {
  const struct {
    Activation activation;
    float x;
    float y;
  } cases[] = {{Activation::kRelu, 6.1f, 6.1f},      {Activation::kRelu, -1.0f, 0.0f},
               {Activation::kRelu6, 6.1f, 6.0f},     {Activation::kLeakyRelu, -4.0f, -1.0f},
               {Activation::kElu, -kInf, -1.0f},     {Activation::kElu, 2.0f, 2.0f},
               {Activation::kSoftsign, 3.0f, 0.75f}, {Activation::kLinear, -3.0f, -3.0f}};
  for (const KernelTable* table : reference::tables()) {
    for (const auto& c : cases) {
      float y = 0;
      table->activation_forward(c.activation, 0.25f, &c.x, &y, 1);
      EXPECT_EQ(y, c.y) << table->isa << " " << static_cast<int>(c.activation);
    }
  }
}

}  // namespace
}  // namespace holdfast::kernels
