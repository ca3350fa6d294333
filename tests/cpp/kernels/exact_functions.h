// The functions of KernelTable::unary in double precision, with the error each may have.
#pragma once

#include <cmath>

#include "reference.h"

namespace holdfast::reference {

struct ExactFunction {
  const char* name;
  kernels::Unary op;
  double (*exact)(double);
  double most_ulp;
};

inline constexpr ExactFunction kExactFunctions[] = {
    {"exp", kernels::Unary::kExp, [](double x) { return std::exp(x); }, 2},
    {"log", kernels::Unary::kLog, [](double x) { return std::log(x); }, 2},
    {"tanh", kernels::Unary::kTanh, [](double x) { return std::tanh(x); }, 2},
    {"sigmoid", kernels::Unary::kSigmoid, [](double x) { return act(Activation::kSigmoid, 0, x); },
     2},
    {"softplus", kernels::Unary::kSoftplus,
     [](double x) { return act(Activation::kSoftplus, 0, x); }, 2},
    {"sqrt", kernels::Unary::kSqrt, [](double x) { return std::sqrt(x); }, 0.5},
};

}  // namespace holdfast::reference
