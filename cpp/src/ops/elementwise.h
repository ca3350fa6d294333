// Kernels made from a function of one element, of two or of three, for any family.
//
// A function is a type with `static R apply(A, ...)`. It is inlined into loops that the compiler
// vectorises: one for operands that move together, one for each operand that stands still.
#pragma once

#include <array>
#include <cstdint>

#include "graph/op.h"
#include "ops/broadcast.h"
#include "ops/elementwise_split.h"

namespace holdfast {

template <typename Function, typename In, typename Out>
class UnaryKernel : public OpKernel {
 public:
  explicit UnaryKernel(const KernelContext& context)
      : x_(context.inputs[0].as<In>()),
        y_(context.output.as<Out>()),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    split_.run(context.pool, [this](std::int64_t begin, std::int64_t count) {
      const In* x = x_ + begin;
      Out* y = y_ + begin;
      for (std::int64_t i = 0; i < count; ++i) y[i] = Function::apply(x[i]);
    });
  }

 private:
  const In* x_;
  Out* y_;
  ElementwiseSplit split_;
};

template <typename Function, typename In, typename Out>
void binary_row(const In* a, bool a_moves, const In* b, bool b_moves, Out* y, std::int64_t n) {
  if (a_moves && b_moves) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = Function::apply(a[i], b[i]);
  } else if (a_moves) {
    const In& right = *b;
    for (std::int64_t i = 0; i < n; ++i) y[i] = Function::apply(a[i], right);
  } else if (b_moves) {
    const In& left = *a;
    for (std::int64_t i = 0; i < n; ++i) y[i] = Function::apply(left, b[i]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) y[i] = Function::apply(*a, *b);
  }
}

template <typename Function, typename In, typename Out>
class BinaryKernel : public OpKernel {
 public:
  explicit BinaryKernel(const KernelContext& context)
      : a_(context.inputs[0].as<In>()),
        b_(context.inputs[1].as<In>()),
        y_(context.output.as<Out>()),
        rows_(context.output.shape, {context.inputs[0].shape, context.inputs[1].shape}),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const bool a_moves = rows_.moves(0);
    const bool b_moves = rows_.moves(1);
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      rows_.run(begin, count,
                [&](std::int64_t at, const std::array<std::int64_t, 2>& from, std::int64_t n) {
                  binary_row<Function>(a_ + from[0], a_moves, b_ + from[1], b_moves, y_ + at, n);
                });
    });
  }

 private:
  const In* a_;
  const In* b_;
  Out* y_;
  BroadcastRows<2> rows_;
  ElementwiseSplit split_;
};

// A, B and C are the types of the three operands.
template <typename Function, typename A, typename B, typename C, typename Out>
class TernaryKernel : public OpKernel {
 public:
  explicit TernaryKernel(const KernelContext& context)
      : a_(context.inputs[0].as<A>()),
        b_(context.inputs[1].as<B>()),
        c_(context.inputs[2].as<C>()),
        y_(context.output.as<Out>()),
        rows_(context.output.shape,
              {context.inputs[0].shape, context.inputs[1].shape, context.inputs[2].shape}),
        split_(context.output.size, context.threads) {}

  void run(const RunContext& context) override {
    const std::int64_t da = rows_.moves(0) ? 1 : 0;
    const std::int64_t db = rows_.moves(1) ? 1 : 0;
    const std::int64_t dc = rows_.moves(2) ? 1 : 0;
    split_.run(context.pool, [&](std::int64_t begin, std::int64_t count) {
      rows_.run(begin, count,
                [&](std::int64_t at, const std::array<std::int64_t, 3>& from, std::int64_t n) {
                  const A* a = a_ + from[0];
                  const B* b = b_ + from[1];
                  const C* c = c_ + from[2];
                  Out* y = y_ + at;
                  for (std::int64_t i = 0; i < n; ++i) {
                    y[i] = Function::apply(a[i * da], b[i * db], c[i * dc]);
                  }
                });
    });
  }

 private:
  const A* a_;
  const B* b_;
  const C* c_;
  Out* y_;
  BroadcastRows<3> rows_;
  ElementwiseSplit split_;
};

}  // namespace holdfast
