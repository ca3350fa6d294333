// Arithmetic of one pair of numbers where C++'s own is undefined or differs from Python's.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace holdfast {

// Two's complement: integers wrap on overflow, as NumPy's and TF's do; floats as they are.
template <typename T>
T wrapping_add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}
template <typename T>
T wrapping_subtract(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  } else {
    return a - b;
  }
}
template <typename T>
T wrapping_multiply(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  } else {
    return a * b;
  }
}

// Python's a // b and a % b: the quotient is rounded down, the remainder has the divisor's sign.
// Requires: b != 0 for integers.
template <typename T>
T python_mod(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == -1) return 0;  // the smallest integer % -1 overflows in C++
    const T remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
  } else {
    const T remainder = std::fmod(a, b);
    if (remainder == 0) return std::copysign(T{0}, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  }
}

template <typename T>
T python_floordiv(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == -1) return wrapping_subtract(T{0}, a);
    const T quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
  } else {
    // NumPy's rule, through the exact remainder: a / b alone may round up to the next integer.
    if (b == 0) return a / b;
    const T remainder = std::fmod(a, b);
    T quotient = (a - remainder) / b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(T{0}, a / b);
    const T floored = std::floor(quotient);
    return quotient - floored > T(0.5) ? floored + 1 : floored;
  }
}

}  // namespace holdfast
