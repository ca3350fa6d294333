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

// A block of A (kMaxRows x kMaxSteps, 480 KB) stays in L2 while a block of B (kMaxSteps x
// kMaxColumns, 2 MB) streams from L3 in strips of one tile width (64 KB). Longer steps mean fewer
// passes over C, which costs more than reading both strips from L2 (kernels_bench, square 1024:
// 5 % between 320 and 512 steps).
constexpr std::int64_t kMaxSteps = 512;
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

// A finished part of C, C[row .. row + rows, column .. column + columns]. Where `columns` does not
// fill the last vector of a row, `data` is a buffer with room for it.
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
  // Holds partial sums while k is cut; nullptr where steps <= kMaxSteps and no C is wanted.
  float* c;
  std::int64_t c_stride;
  float* workspace;
  // Called once for each tile when it is done; nullptr: the tile goes to C.
  void (*epilogue)(const void* context, const Tile& tile);
  const void* context;
  // What the epilogue reads and writes at the place of a tile: asked for while the tile is
  // computed.
  const float* nearby[2];
  std::int64_t nearby_stride;
};

constexpr std::int64_t packed_a_floats(std::int64_t rows, std::int64_t steps) {
  return round_up(smaller(rows, kMaxRows) * smaller(steps, kMaxSteps), 16) + 16;  // pack() overruns
}
constexpr std::int64_t packed_b_floats(std::int64_t steps, std::int64_t columns) {
  return round_up(smaller(columns, kMaxColumns), 16) * smaller(steps, kMaxSteps) + 16;
}

// body(row, column, WholeVector or PartVector) for every vector of a tile.
template <class V>
struct WholeVector {
  typename V::F load(const float* p) const { return V::load(p); }
  void store(float* p, typename V::F value) const { V::store(p, value); }
};
template <class V>
struct PartVector {
  typename V::Tail tail;
  typename V::F load(const float* p) const { return V::load_tail(p, tail); }
  void store(float* p, typename V::F value) const { V::store_tail(p, tail, value); }
};
template <class V, class Body>
void for_each_vector(const Tile& tile, const Body& body) {
  constexpr int W = V::kWidth;
  const std::int64_t full = tile.columns / W * W;
  const auto rest = V::tail(tile.columns - full);
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    for (std::int64_t c = 0; c < full; c += W) body(r, c, WholeVector<V>{});
    if (full < tile.columns) body(r, full, PartVector<V>{rest});
  }
}

template <class V>
void copy_tile(const Tile& tile, const float* from, std::int64_t from_stride, float* to,
               std::int64_t to_stride) {
  for_each_vector<V>(tile, [&](std::int64_t r, std::int64_t c, auto lanes) {
    lanes.store(to + r * to_stride + c, lanes.load(from + r * from_stride + c));
  });
}

void prefetch_rows(const float* first, std::int64_t stride, std::int64_t rows,
                   std::int64_t columns) {
  constexpr std::int64_t kLineFloats = 16;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; c += kLineFloats) {
      __builtin_prefetch(first + r * stride + c, 1);
    }
  }
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

  // The tiles of one strip of columns, one below the other.
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
      float* const c = p_.c + tile.row * p_.c_stride + tile.column;
      // A masked store followed by a load of the same place stalls; C has no room for whole
      // vectors.
      const bool buffered = p_.c == nullptr || masked;
      if (!buffered) {
        tile.data = c;
        tile.stride = p_.c_stride;
      } else if (args.accumulate) {
        copy_tile<V>(tile, c, p_.c_stride, buffer, kTileColumns);
      }
      if (steps_.length >= kPrefetchSteps) prefetch(tile, tiles, t);
      args.a = pack_a_ ? packed_a_ + tiles.begin(t) * steps_.length
                       : p_.a.at(tile.row, steps_.begin).data;
      args.a_stride = pack_a_ ? count : p_.a.lane_stride * p_.a.step_stride;  // the one not 1
      args.c = tile.data;
      args.c_stride = tile.stride;
      micro_kernel<V>(static_cast<int>(count), vectors, rows_contiguous, masked)(args);
      if (last_ && p_.epilogue != nullptr) {
        p_.epilogue(p_.context, tile);
      } else if (buffered) {
        copy_tile<V>(tile, buffer, kTileColumns, c, p_.c_stride);
      }
    }
  }

  // What a tile needs when its sums are done, and the partial sums the next one starts from.
  void prefetch(const Tile& tile, const EvenParts& tiles, std::int64_t t) const {
    if (last_) {
      for (const float* array : p_.nearby) {
        if (array == nullptr) continue;
        prefetch_rows(array + tile.row * p_.nearby_stride + tile.column, p_.nearby_stride,
                      tile.rows, tile.columns);
      }
    }
    if (p_.c != nullptr && t + 1 < tiles.parts) {
      prefetch_rows(p_.c + (tile.row + tile.rows) * p_.c_stride + tile.column, p_.c_stride,
                    tiles.length(t + 1), tile.columns);
    }
  }

  static constexpr std::int64_t kPrefetchSteps = 64;  // below, a tile is done before they arrive

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
