// Arithmetic of CRC-32C's polynomial, at compile time. Values are reflected: bit 31 is x^0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast::crc32c_math {

constexpr std::uint32_t kPolynomial = 0x82F63B78;

// a * b modulo the polynomial.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t mask = 1u << 31; mask != 0; mask >>= 1) {
    if ((a & mask) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}

// x^exponent modulo the polynomial.
constexpr std::uint32_t power_of_x(std::size_t exponent) {
  std::uint32_t power = 1u << 31;   // x^0
  std::uint32_t square = 1u << 30;  // x^1
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

}  // namespace holdfast::crc32c_math
