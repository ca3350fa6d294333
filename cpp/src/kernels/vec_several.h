// A vector type of N registers of another one. Every operation is done to each of them before the
// next: chains of N vectors run side by side, so that their latencies overlap.
#pragma once

#include <cstdint>

namespace holdfast::kernels {
namespace {

template <class V, int N>
struct Several {
  static constexpr int kWidth = N * V::kWidth;
  struct F {
    typename V::F v[N];
  };
  struct I {
    typename V::I v[N];
  };
  struct M {
    typename V::M v[N];
  };

  static F load(const float* p) {
    return make<F>([&](int k) { return V::load(p + k * W); });
  }
  static void store(float* p, const F& a) {
    each([&](int k) { V::store(p + k * W, a.v[k]); });
  }
  static void stream(float* p, const F& a) {
    each([&](int k) { V::stream(p + k * W, a.v[k]); });
  }
  static F zero() { return set(0.0f); }
  static F set(float a) {
    return make<F>([&](int) { return V::set(a); });
  }

  template <class At>
  static F lanes(const At& at) {
    return make<F>([&](int k) { return V::lanes([&](int l) { return at(k * W + l); }); });
  }

  static F add(const F& a, const F& b) {
    return make<F>([&](int k) { return V::add(a.v[k], b.v[k]); });
  }
  static F sub(const F& a, const F& b) {
    return make<F>([&](int k) { return V::sub(a.v[k], b.v[k]); });
  }
  static F mul(const F& a, const F& b) {
    return make<F>([&](int k) { return V::mul(a.v[k], b.v[k]); });
  }
  static F div(const F& a, const F& b) {
    return make<F>([&](int k) { return V::div(a.v[k], b.v[k]); });
  }
  static F sqrt(const F& a) {
    return make<F>([&](int k) { return V::sqrt(a.v[k]); });
  }
  static F fma(const F& a, const F& b, const F& c) {
    return make<F>([&](int k) { return V::fma(a.v[k], b.v[k], c.v[k]); });
  }
  static F fnma(const F& a, const F& b, const F& c) {
    return make<F>([&](int k) { return V::fnma(a.v[k], b.v[k], c.v[k]); });
  }
  static F max(const F& a, const F& b) {
    return make<F>([&](int k) { return V::max(a.v[k], b.v[k]); });
  }
  static F min(const F& a, const F& b) {
    return make<F>([&](int k) { return V::min(a.v[k], b.v[k]); });
  }
  static F abs(const F& a) {
    return make<F>([&](int k) { return V::abs(a.v[k]); });
  }
  static F copysign(const F& magnitude, const F& sign) {
    return make<F>([&](int k) { return V::copysign(magnitude.v[k], sign.v[k]); });
  }

  static M gt(const F& a, const F& b) {
    return make<M>([&](int k) { return V::gt(a.v[k], b.v[k]); });
  }
  static M lt(const F& a, const F& b) {
    return make<M>([&](int k) { return V::lt(a.v[k], b.v[k]); });
  }
  static M ge(const F& a, const F& b) {
    return make<M>([&](int k) { return V::ge(a.v[k], b.v[k]); });
  }
  static M eq(const F& a, const F& b) {
    return make<M>([&](int k) { return V::eq(a.v[k], b.v[k]); });
  }
  static F select(const M& m, const F& yes, const F& no) {
    return make<F>([&](int k) { return V::select(m.v[k], yes.v[k], no.v[k]); });
  }

  static bool any(const M& m) {
    if constexpr (N == 1) return V::any(m.v[0]);
    if constexpr (N == 2) return V::any(V::either(m.v[0], m.v[1]));
    if constexpr (N == 4) {
      return V::any(V::either(V::either(m.v[0], m.v[1]), V::either(m.v[2], m.v[3])));
    }
  }
  static F select_negative(const F& sign, const F& yes, const F& no) {
    return make<F>([&](int k) { return V::select_negative(sign.v[k], yes.v[k], no.v[k]); });
  }
  static M igt(const I& a, const I& b) {
    return make<M>([&](int k) { return V::igt(a.v[k], b.v[k]); });
  }

  static I bits(const F& a) {
    return make<I>([&](int k) { return V::bits(a.v[k]); });
  }
  static F from_bits(const I& a) {
    return make<F>([&](int k) { return V::from_bits(a.v[k]); });
  }
  static I set_bits(std::uint32_t a) {
    return make<I>([&](int) { return V::set_bits(a); });
  }
  static I iadd(const I& a, const I& b) {
    return make<I>([&](int k) { return V::iadd(a.v[k], b.v[k]); });
  }
  static I isub(const I& a, const I& b) {
    return make<I>([&](int k) { return V::isub(a.v[k], b.v[k]); });
  }
  static I iand(const I& a, const I& b) {
    return make<I>([&](int k) { return V::iand(a.v[k], b.v[k]); });
  }
  template <int Bits>
  static I shift_left(const I& a) {
    return make<I>([&](int k) { return V::template shift_left<Bits>(a.v[k]); });
  }
  template <int Bits>
  static I shift_right(const I& a) {
    return make<I>([&](int k) { return V::template shift_right<Bits>(a.v[k]); });
  }
  template <int Bits>
  static I shift_right_unsigned(const I& a) {
    return make<I>([&](int k) { return V::template shift_right_unsigned<Bits>(a.v[k]); });
  }
  static F to_float(const I& a) {
    return make<F>([&](int k) { return V::to_float(a.v[k]); });
  }

 private:
  static constexpr int W = V::kWidth;
  static_assert(N == 1 || N == 2 || N == 4);
  // Written out, not a loop: an array indexed by constants stays in registers.
  template <class R, class Body>
  static R make(const Body& body) {
    if constexpr (N == 1) {
      return R{{body(0)}};
    } else if constexpr (N == 2) {
      return R{{body(0), body(1)}};
    } else {
      return R{{body(0), body(1), body(2), body(3)}};
    }
  }
  template <class Body>
  static void each(const Body& body) {
    body(0);
    if constexpr (N >= 2) body(1);
    if constexpr (N == 4) {
      body(2);
      body(3);
    }
  }
};

}  // namespace
}  // namespace holdfast::kernels
