// The matrix product behind the three products of a dense layer: cut into blocks that fit the
// caches, packed, and finished tile by tile with an epilogue while the tile is still in the cache.
// Source of the scheme: Goto, van de Geijn, "Anatomy of high-performance matrix multiplication",
// ACM TOMS 34 (2008).
#pragma once

#include "kernels/kernels.h"
#include "kernels/micro_impl.h"
#include "kernels/pack_impl.h"

namespace holdfast::kernels {
namespace {

// A block of A (kMaxRows x kMaxSteps, 300 KB) stays in L2 while a block of B (kMaxSteps x
// kMaxColumns, 1.2 MB) streams from L3 in strips of one tile width (40 KB).
constexpr std::int64_t kMaxSteps = 320;
constexpr std::int64_t kMaxRows = 240;
constexpr std::int64_t kMaxColumns = 1024;
// Up to this many floats (16 KB) an operand is read where it lies.
constexpr std::int64_t kSmallOperand = 4096;

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t to) { return ceil_div(a, to) * to; }

// `count` cut into the fewest parts of at most `most`, as even as they can be.
struct EvenParts {
  std::int64_t parts;
  std::int64_t size;   // of the small parts
  std::int64_t large;  // so many parts, the first ones, are one larger

  EvenParts(std::int64_t count, std::int64_t most)
      : parts(count > 0 ? ceil_div(count, most) : 0),
        size(count > 0 ? count / parts : 0),
        large(count - size * parts) {}
  std::int64_t begin(std::int64_t part) const { return part * size + smaller(part, large); }
  std::int64_t length(std::int64_t part) const { return size + (part < large ? 1 : 0); }
};

// Where a part of C, complete, goes: `tile` holds C[row .. row + rows, column .. column + columns].
struct Tile {
  std::int64_t row;
  std::int64_t column;
  std::int64_t rows;
  std::int64_t columns;
  float* data;
  std::int64_t stride;
};

struct Product {
  Operand a;          // rows x steps
  Operand b;          // columns x steps
  std::int64_t rows;  // of C
  std::int64_t steps;
  std::int64_t columns;  // of C
  float* c;              // partial sums; nullptr where steps <= kMaxSteps and no C is wanted
  std::int64_t c_stride;
  float* workspace;
  void (*epilogue)(const void* context, const Tile& tile);  // nullptr: C is the result
  const void* context;
};

constexpr std::int64_t packed_a_floats(std::int64_t rows, std::int64_t steps) {
  return round_up(smaller(rows, kMaxRows) * smaller(steps, kMaxSteps), 16) + 16;  // pack() overruns
}
constexpr std::int64_t packed_b_floats(std::int64_t steps, std::int64_t columns) {
  return round_up(smaller(columns, kMaxColumns), 16) * smaller(steps, kMaxSteps) + 16;
}

template <class V>
class Multiplication {
 public:
  explicit Multiplication(const Product& product)
      : p_(product),
        // An operand is worth copying when each element is used by several tiles.
        pack_a_(p_.columns > 2 * kTileColumns && p_.rows * p_.steps > kSmallOperand),
        pack_b_(p_.b.lane_stride != 1 ||
                (p_.rows > 2 * V::kTileRows && p_.steps * p_.columns > kSmallOperand)),
        packed_a_(p_.workspace),
        packed_b_(p_.workspace + packed_a_floats(p_.rows, p_.steps)) {}

  void run() {
    const EvenParts steps(p_.steps, kMaxSteps);
    const EvenParts rows(p_.rows, kMaxRows);
    for (std::int64_t column = 0; column < p_.columns; column += kMaxColumns) {
      columns_ = {column, smaller(kMaxColumns, p_.columns - column)};
      for (std::int64_t s = 0; s < steps.parts || s == 0; ++s) {
        steps_ = {s < steps.parts ? steps.begin(s) : 0, s < steps.parts ? steps.length(s) : 0};
        last_ = s + 1 >= steps.parts;
        if (pack_b_) pack_columns();
        for (std::int64_t r = 0; r < rows.parts; ++r) {
          rows_ = {rows.begin(r), rows.length(r)};
          multiply_block();
        }
      }
    }
  }

 private:
  static constexpr int W = V::kWidth;
  static constexpr std::int64_t kTileColumns = V::kTileVectors * W;
  struct Span {
    std::int64_t begin;
    std::int64_t length;
  };

  void pack_columns() {
    for (std::int64_t j = 0; j < columns_.length; j += kTileColumns) {
      const std::int64_t width = smaller(kTileColumns, columns_.length - j);
      pack<V>(p_.b.at(columns_.begin + j, steps_.begin), width, steps_.length, round_up(width, W),
              packed_b_ + j * steps_.length);
    }
  }

  void multiply_block() {
    const EvenParts tiles(rows_.length, V::kTileRows);
    if (pack_a_) {
      for (std::int64_t t = 0; t < tiles.parts; ++t) {
        pack<V>(p_.a.at(rows_.begin + tiles.begin(t), steps_.begin), tiles.length(t), steps_.length,
                tiles.length(t), packed_a_ + tiles.begin(t) * steps_.length);
      }
    }
    for (std::int64_t j = 0; j < columns_.length; j += kTileColumns) multiply_strip(tiles, j);
  }

  // The tiles of one strip of columns: the strip of B stays in the first cache.
  void multiply_strip(const EvenParts& tiles, std::int64_t j) {
    const std::int64_t width = smaller(kTileColumns, columns_.length - j);
    const int vectors = static_cast<int>(ceil_div(width, W));
    const bool masked = width % W != 0;
    const bool rows_contiguous = pack_a_ || p_.a.lane_stride == 1;
    alignas(64) float buffer[V::kTileRows * kTileColumns];

    MicroArgs<V> args;
    args.steps = steps_.length;
    args.b =
        pack_b_ ? packed_b_ + j * steps_.length : p_.b.at(columns_.begin + j, steps_.begin).data;
    args.b_stride = pack_b_ ? vectors * W : p_.b.step_stride;
    args.accumulate = steps_.begin > 0;
    args.tail = V::tail(width - (vectors - 1) * W);
    for (std::int64_t t = 0; t < tiles.parts; ++t) {
      const std::int64_t count = tiles.length(t);
      Tile tile{
          rows_.begin + tiles.begin(t), columns_.begin + j, count, width, buffer, kTileColumns};
      if (p_.c != nullptr) {
        tile.data = p_.c + tile.row * p_.c_stride + tile.column;
        tile.stride = p_.c_stride;
      }
      args.a = pack_a_ ? packed_a_ + tiles.begin(t) * steps_.length
                       : p_.a.at(tile.row, steps_.begin).data;
      args.a_stride = pack_a_ ? count : p_.a.lane_stride * p_.a.step_stride;  // the one not 1
      args.c = tile.data;
      args.c_stride = tile.stride;
      micro_kernel<V>(static_cast<int>(count), vectors, rows_contiguous, masked)(args);
      if (last_ && p_.epilogue != nullptr) p_.epilogue(p_.context, tile);
    }
  }

  const Product& p_;
  const bool pack_a_;
  const bool pack_b_;
  float* const packed_a_;
  float* const packed_b_;
  Span rows_{};
  Span steps_{};
  Span columns_{};
  bool last_ = false;
};

template <class V>
void multiply(const Product& product) {
  if (product.rows > 0 && product.columns > 0) Multiplication<V>(product).run();
}

}  // namespace
}  // namespace holdfast::kernels
