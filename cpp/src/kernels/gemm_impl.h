// The matrix product behind the three products of a dense layer: cut into blocks that fit the
// caches, packed, and finished tile by tile with an epilogue while the tile is still in the cache.
// Source of the scheme: Goto, van de Geijn, "Anatomy of high-performance matrix multiplication",
// ACM TOMS 34 (2008).
#pragma once

#include "kernels/even_parts.h"
#include "kernels/kernels.h"
#include "kernels/micro_impl.h"
#include "kernels/pack_impl.h"

namespace holdfast::kernels {
namespace {

// Sizes of what is copied and of what is worked on between two looks at main memory. A tile's strip
// of B (kMaxSteps x 16 floats, 64 KB) and the rows of A that meet it (kRowsFloats, 384 KB) stay in
// L2; a block of B (kColumnsFloats, 2 MB) streams from L3. Sums are cut after as many steps as fit:
// each cut is a pass over C, which costs more than reading both operands from L2 rather than L1
// (kernels_bench, square 1024: 8 % between 512 steps and 1024).
constexpr std::int64_t kMaxSteps = 1024;
constexpr std::int64_t kRowsFloats = 96 * kMaxSteps;
constexpr std::int64_t kColumnsFloats = 512 * kMaxSteps;
// Up to this many floats (16 KB) an operand is read where it lies.
constexpr std::int64_t kSmallOperand = 4096;

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
  // Holds partial sums where k is cut; nullptr where it is not and no C is wanted.
  float* c;
  std::int64_t c_stride;
  float* workspace;
  // Done to C while its sums are in registers.
  Finish finish;
  const float* bias;  // of C's columns
  Nearby below;
  // Called once for each tile that has not been finished there; nullptr: the tile goes to C.
  void (*epilogue)(const void* context, const Tile& tile);
  const void* context;
  bool transposed;  // C is the transpose of what the epilogue wants
  // What the epilogue reads and writes at the place of a tile: asked for while the tile is
  // computed.
  Nearby nearby[kMostNearby];
};

// Rows and columns of a block, for the number of steps of a product.
constexpr std::int64_t block_rows(std::int64_t steps) {
  return kRowsFloats / (steps < 1 ? 1 : smaller(steps, kMaxSteps));
}
constexpr std::int64_t block_columns(std::int64_t steps) {
  return kColumnsFloats / (steps < 1 ? 1 : smaller(steps, kMaxSteps)) / 16 * 16;
}

// Room for packed blocks, whatever the size of a tile: each of its panels may be followed by 16
// floats that pack() overwrites.
constexpr std::int64_t packed_a_floats(std::int64_t rows, std::int64_t steps) {
  const std::int64_t block = smaller(rows, block_rows(steps)) + 16;
  return round_up(block * smaller(steps, kMaxSteps) + 16 * block, 16);
}
constexpr std::int64_t packed_b_floats(std::int64_t steps, std::int64_t columns) {
  return round_up(smaller(columns, block_columns(steps)), 16) * smaller(steps, kMaxSteps) + 16;
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
  for (std::int64_t r = 0; r < rows; ++r) {
    __builtin_prefetch(first + r * stride, 1);
    __builtin_prefetch(first + r * stride + columns - 1, 1);
  }
}

template <class V>
class Multiplication {
 public:
  explicit Multiplication(const Product& product)
      : p_(product),
        // Rows whose steps are contiguous are read as fast where they lie.
        pack_a_(p_.a.lane_stride == 1 && p_.columns > 2 * kTileColumns &&
                p_.rows * p_.steps > kSmallOperand),
        // An operand is worth copying when each element is used by several tiles.
        pack_b_(p_.b.lane_stride != 1 ||
                (p_.rows > 2 * V::kTileRows && p_.steps * p_.columns > kSmallOperand)),
        packed_a_(p_.workspace),
        packed_b_(pack_b_ ? p_.workspace + packed_a_floats(p_.rows, p_.steps) : nullptr) {}

  void run() {
    const EvenParts steps(p_.steps, kMaxSteps);
    const EvenParts rows(p_.rows, block_rows(p_.steps) / V::kTileRows * V::kTileRows);
    const std::int64_t most_columns = block_columns(p_.steps);
    for (std::int64_t column = 0; column < p_.columns; column += most_columns) {
      columns_ = {column, smaller(most_columns, p_.columns - column)};
      for (std::int64_t s = 0; s < steps.parts || s == 0; ++s) {
        steps_ = {s < steps.parts ? steps.begin(s) : 0, s < steps.parts ? steps.length(s) : 0};
        last_ = s + 1 >= steps.parts;
        if (pack_b_) pack_strips<V>(b_block(), columns_.length, steps_.length, packed_b_);
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
  static constexpr int kTileFloats = V::kTileRows * V::kTileVectors * W;
  struct Span {
    std::int64_t begin;
    std::int64_t length;
  };

  Operand b_block() const { return p_.b.at(columns_.begin, steps_.begin); }

  void multiply_block() {
    const EvenParts tiles(rows_.length, V::kTileRows);
    if (pack_a_) {
      pack_panels<V>(p_.a.at(rows_.begin, steps_.begin), tiles, steps_.length, packed_a_);
    }
    // Few rows leave registers for more columns.
    const std::int64_t width =
        pack_b_ ? kTileColumns : max_vectors<V>(static_cast<int>(tiles.length(0))) * W;
    for (std::int64_t j = 0; j < columns_.length; j += width) {
      multiply_strip(tiles, j, smaller(width, columns_.length - j));
    }
  }

  // The tiles of one strip of columns, one below the other.
  void multiply_strip(const EvenParts& tiles, std::int64_t j, std::int64_t width) {
    const int vectors = static_cast<int>(ceil_div(width, W));
    const bool masked = !pack_b_ && width % W != 0;
    const bool rows_contiguous = p_.a.lane_stride == 1;
    alignas(64) float buffer[kTileFloats];

    MicroArgs<V> args{};
    args.steps = steps_.length;
    args.b = pack_b_ ? packed_b_ + j * steps_.length : b_block().at(j, 0).data;
    args.b_stride = pack_b_ ? vectors * W : p_.b.step_stride;
    args.accumulate = steps_.begin > 0;
    args.tail = V::tail(width - (vectors - 1) * W);
    const bool cut = width % W != 0;
    // Partial sums are loaded as whole vectors, for which a row of C may have no room.
    const bool finishes = last_ && p_.finish != Finish::kStore && !(args.accumulate && cut);
    // A masked store followed by a load of the same place stalls, too.
    const bool buffered = !finishes && (p_.c == nullptr || cut);
    if (finishes) {
      args.finish = p_.finish;
      args.c_is_cut = cut;
      args.bias = p_.bias + columns_.begin + j;
      args.below_stride = p_.below.stride;
    }
    for (std::int64_t t = 0; t < tiles.parts; ++t) {
      const std::int64_t count = tiles.length(t);
      Tile tile{
          rows_.begin + tiles.begin(t), columns_.begin + j, count, width, buffer, vectors * W};
      float* const c = p_.c + tile.row * p_.c_stride + tile.column;
      if (!buffered) {
        tile.data = c;
        tile.stride = p_.c_stride;
      } else if (args.accumulate) {
        copy_tile<V>(tile, c, p_.c_stride, buffer, tile.stride);
      }
      if (args.accumulate && t + 1 < tiles.parts) {
        prefetch_rows(c + count * p_.c_stride, p_.c_stride, tiles.length(t + 1), width);
      }
      if (last_ && steps_.length >= kPrefetchSteps) place_nearby(tile, &args);
      args.a = pack_a_ ? packed_a_ + t * panel_floats<V>(steps_.length)
                       : p_.a.at(tile.row, steps_.begin).data;
      args.a_stride = pack_a_ ? count : p_.a.lane_stride * p_.a.step_stride;  // the one not 1
      args.c = tile.data;
      args.c_stride = tile.stride;
      args.below = p_.below.data + tile.row * p_.below.stride + tile.column;
      micro_kernel<V>(static_cast<int>(count), vectors, rows_contiguous, masked)(args);
      if (finishes) continue;
      if (last_ && p_.transposed) {
        hand_over_transposed(tile);
      } else if (last_ && p_.epilogue != nullptr) {
        p_.epilogue(p_.context, tile);
      } else if (buffered) {
        copy_tile<V>(tile, buffer, tile.stride, c, p_.c_stride);
      }
    }
  }

  void hand_over_transposed(const Tile& tile) const {
    alignas(64) float turned[kTileFloats + 16];  // whole vectors are read from it
    for (std::int64_t c = 0; c < tile.columns; ++c) {
      for (std::int64_t r = 0; r < tile.rows; ++r) {
        turned[c * tile.rows + r] = tile.data[r * tile.stride + c];
      }
    }
    p_.epilogue(p_.context, {tile.column, tile.row, tile.columns, tile.rows, turned, tile.rows});
  }

  void place_nearby(const Tile& tile, MicroArgs<V>* args) const {
    for (int i = 0; i < kMostNearby && p_.nearby[i].data != nullptr; ++i) {
      const std::int64_t stride = p_.nearby[i].stride;
      args->nearby[i] = {p_.nearby[i].data + tile.row * stride + tile.column, stride};
    }
    args->nearby_columns = tile.columns;
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
