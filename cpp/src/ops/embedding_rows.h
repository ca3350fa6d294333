// What a lookup in an embedding table is told, and the rows that the ids of a batch name: the part
// that its forward pass, its gradient and its updates share.
#pragma once

#include <cstdint>
#include <string>

#include "graph/op.h"

namespace holdfast {

enum class Combiner : std::int32_t {
  kSum,    // of the rows of a batch row's ids
  kMean,   // the sum, divided by their number n
  kSqrtn,  // the sum, divided by sqrt(n)
};

// Throws InvalidArgument, in TF's words, for another name than sum, mean or sqrtn.
Combiner combiner_from_name(const std::string& name);

// Of one lookup.
struct LookupOptions {
  Combiner combiner = Combiner::kMean;
  double max_norm = 0;  // rows of a larger L2 norm are scaled down to it; 0: none is
  std::string what;     // subject of a message about an id
  std::string hint;     // its last words

  // From the attributes combiner="mean", max_norm (absent: none), what="ids", hint="".
  static LookupOptions read(const AttributeReader& attributes);
  static constexpr const char* kAttributes = "combiner, max_norm, what, hint";
};

// table: float32 [rows, dimension], ids: int32 or int64 [batch] or [batch, cells]. Gives the type
// of the value, float32 [batch, dimension].
TensorType infer_lookup_of(const InferContext& context, std::size_t table, std::size_t ids);

// The ids of a batch. A negative one is missing: it names no row.
class RowIds {
 public:
  RowIds(LookupOptions options, const Buffer& table, const Buffer& ids);

  std::int64_t batch() const noexcept { return batch_; }
  // Ids of a batch row; 0 only where there are none at all.
  std::int64_t cells() const noexcept { return cells_; }
  // Whether scales() are all 1.
  bool unscaled() const noexcept { return options_.combiner == Combiner::kSum || cells_ <= 1; }
  const LookupOptions& options() const noexcept { return options_; }

  // rows[c - first cell] = the row of every cell c of batch rows begin .. begin + count - 1.
  // Throws: InvalidArgument naming subject, batch row, id and range for an id past the table.
  void read(std::int64_t begin, std::int64_t count, std::int64_t* rows) const;
  // What each cell's row is multiplied with: 1, 1 / n or 1 / sqrt(n).
  void scales(const std::int64_t* rows, std::int64_t count, float* scales) const;

 private:
  template <typename Id>
  void read_as(std::int64_t begin, std::int64_t count, std::int64_t* rows) const;
  [[noreturn]] void refuse(std::int64_t cell, std::int64_t id) const;

  LookupOptions options_;
  Buffer ids_;
  std::int64_t table_rows_;
  std::int64_t batch_;
  std::int64_t cells_;
};

// What max_norm multiplies a row of the table with: max_norm / |row| where |row| > max_norm,
// else 1.
double norm_scale(const float* row, std::int64_t cols, double max_norm);

// g, the gradient of the scaled row, becomes that of the row itself. With n = |row| >= m =
// max_norm:
//   g = m / n * (g - row * (row . g) / n^2)
void norm_scale_gradient(const float* row, std::int64_t cols, double max_norm, float* g);

// Parts worth a thread: a row from anywhere in memory costs several times one that is streamed.
int row_parts(std::int64_t elements, int threads);

}  // namespace holdfast
