#include "runtime/initializers.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "graph/op.h"
#include "runtime/constants.h"
#include "runtime/normal.h"

namespace holdfast {
namespace {

constexpr double kTwoSigmaTail = 0.022750131948179207;  // P(X < -2) of the standard normal

struct Fans {
  double in;
  double out;
};

// Source: TF 1.x init_ops._compute_fans.
Fans fans(const Shape& shape) {
  if (shape.empty()) return {1, 1};
  if (shape.size() == 1) {
    return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  }
  double receptive_field = 1;
  for (std::size_t i = 0; i + 2 < shape.size(); ++i) {
    receptive_field *= static_cast<double>(shape[i]);
  }
  return {receptive_field * static_cast<double>(shape[shape.size() - 2]),
          receptive_field * static_cast<double>(shape[shape.size() - 1])};
}

// Calls use(i, word) with one random word for each element.
template <typename Use>
void draw(const Node& variable, std::uint64_t seed, std::int64_t size, const Use& use) {
  const PhiloxKey key = philox_key(seed, "init/" + variable.name);
  for (std::int64_t i = 0; i < size; i += 4) {
    const auto words = philox(key, static_cast<std::uint64_t>(i / 4), 0);
    const std::int64_t count = std::min<std::int64_t>(4, size - i);
    for (std::int64_t k = 0; k < count; ++k) use(i + k, words[static_cast<std::size_t>(k)]);
  }
}

class Filler {
 public:
  Filler(const Node& variable, std::uint64_t seed, Tensor& value)
      : variable_(variable),
        seed_(seed),
        value_(value),
        read_(variable.name, variable.attributes) {}

  void fill() {
    const std::string kind = read_.value_or<std::string>("initializer", "zeros");
    if (kind == "zeros") return;  // a new tensor is zero
    if (kind == "ones") return fill_elements(value_, {1.0});
    if (kind == "constant") return fill_elements(value_, {read_.number("value")});
    if (kind == "array") return fill_elements(value_, read_.numbers("values"));
    if (value_.dtype() != DType::kFloat32) {
      fail("expected float32 for initializer \"" + kind + "\"; got " + dtype_name(value_.dtype()));
    }
    if (kind == "random_uniform") {
      return uniform(read_.number_or("minval", 0.0), read_.number_or("maxval", 1.0));
    }
    if (kind == "random_normal") {
      return normal(read_.number_or("mean", 0.0), read_.number_or("stddev", 1.0), false);
    }
    if (kind == "truncated_normal") {
      return normal(read_.number_or("mean", 0.0), read_.number_or("stddev", 1.0), true);
    }
    if (kind == "glorot_uniform") return scaled(1.0, "fan_avg", "uniform");
    if (kind == "glorot_normal") return scaled(1.0, "fan_avg", "truncated_normal");
    if (kind == "variance_scaling") {
      return scaled(read_.number_or("scale", 1.0), read_.value_or<std::string>("mode", "fan_in"),
                    read_.value_or<std::string>("distribution", "truncated_normal"));
    }
    fail(
        "expected an initializer of zeros, ones, constant, array, random_uniform, random_normal, "
        "truncated_normal, glorot_uniform, glorot_normal, variance_scaling; got \"" +
        kind + "\"");
  }

 private:
  // Source: TF 1.x init_ops.VarianceScaling; 0.8796... is the deviation of a unit normal truncated
  // at 2 sigma.
  void scaled(double scale, const std::string& mode, const std::string& distribution) {
    const Fans fan = fans(value_.shape());
    double n = 0;
    if (mode == "fan_in") {
      n = fan.in;
    } else if (mode == "fan_out") {
      n = fan.out;
    } else if (mode == "fan_avg") {
      n = (fan.in + fan.out) / 2;
    } else {
      fail("mode: expected fan_in, fan_out or fan_avg; got \"" + mode + "\"");
    }
    const double variance = scale / std::max(1.0, n);
    if (distribution == "uniform") {
      const double limit = std::sqrt(3.0 * variance);
      return uniform(-limit, limit);
    }
    if (distribution == "truncated_normal") {
      return normal(0.0, std::sqrt(variance) / 0.87962566103423978, true);
    }
    if (distribution == "normal" || distribution == "untruncated_normal") {
      return normal(0.0, std::sqrt(variance), false);
    }
    fail("distribution: expected uniform, normal or truncated_normal; got \"" + distribution +
         "\"");
  }

  void uniform(double low, double high) {
    float* out = value_.data<float>();
    draw(variable_, seed_, value_.size(), [&](std::int64_t i, std::uint32_t word) {
      out[i] = static_cast<float>(low + (high - low) * static_cast<double>(philox_uniform(word)));
    });
  }

  void normal(double mean, double stddev, bool truncated) {
    float* out = value_.data<float>();
    draw(variable_, seed_, value_.size(), [&](std::int64_t i, std::uint32_t word) {
      double p = (static_cast<double>(word) + 0.5) * 0x1p-32;
      if (truncated) p = kTwoSigmaTail + p * (1.0 - 2.0 * kTwoSigmaTail);
      out[i] = static_cast<float>(mean + stddev * inverse_normal_cdf(p));
    });
  }

  [[noreturn]] void fail(const std::string& text) const {
    throw Error(Code::kInvalidArgument, "variable \"" + variable_.name + "\": " + text);
  }

  const Node& variable_;
  std::uint64_t seed_;
  Tensor& value_;
  AttributeReader read_;
};

}  // namespace

Tensor initial_value(const Node& variable, std::uint64_t seed) {
  Tensor value(variable.type.dtype, variable.type.shape);
  Filler(variable, seed, value).fill();
  return value;
}

}  // namespace holdfast
