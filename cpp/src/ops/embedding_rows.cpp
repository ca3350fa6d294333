#include "ops/embedding_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ops/operands.h"

namespace holdfast {
namespace {

double squared_norm(const float* row, std::int64_t cols) {
  double sum = 0;
  for (std::int64_t j = 0; j < cols; ++j) sum += static_cast<double>(row[j]) * row[j];
  return sum;
}

}  // namespace

Combiner combiner_from_name(const std::string& name) {
  if (name == "mean") return Combiner::kMean;
  if (name == "sqrtn") return Combiner::kSqrtn;
  if (name == "sum") return Combiner::kSum;
  throw Error(Code::kInvalidArgument,
              "combiner must be one of 'mean', 'sqrtn' or 'sum'; got \"" + name + "\"");
}

LookupOptions LookupOptions::read(const AttributeReader& attributes) {
  LookupOptions options;
  options.combiner = combiner_from_name(attributes.value_or<std::string>("combiner", "mean"));
  options.max_norm = attributes.number_or("max_norm", 0);
  options.what = attributes.value_or<std::string>("what", "ids");
  options.hint = attributes.value_or<std::string>("hint", "");
  return options;
}

TensorType infer_lookup_of(const InferContext& context, std::size_t table, std::size_t ids) {
  expect_dtype(context, table, kFloat32Only);
  expect_dtype(context, ids, kIds);
  const Shape& rows = context.inputs[table].shape;
  const Shape& cells = context.inputs[ids].shape;
  if (rows.size() != 2) {
    context.fail("table: expected shape [rows, dimension]; got " + shape_text(rows));
  }
  if (cells.empty() || cells.size() > 2) {
    context.fail("ids: expected shape [batch] or [batch, size]; got " + shape_text(cells));
  }
  if (!(context.attributes.number_or("max_norm", 0) >= 0)) {
    context.fail("max_norm: expected a number above 0; got " +
                 std::to_string(context.attributes.number("max_norm")));
  }
  return {DType::kFloat32, {cells[0], rows[1]}};
}

RowIds::RowIds(LookupOptions options, const Buffer& table, const Buffer& ids)
    : options_(std::move(options)),
      ids_(ids),
      table_rows_(table.shape[0]),
      batch_(ids.shape[0]),
      cells_(ids.shape.size() == 1 ? 1 : ids.shape[1]) {
  // Groups of cells are lists of 32-bit numbers, for the sake of the cache.
  if (ids.size > std::numeric_limits<std::int32_t>::max()) {
    throw Error(Code::kUnimplemented, options_.what +
                                          ": expected fewer than 2^31 ids in a batch; "
                                          "got shape " +
                                          shape_text(ids.shape));
  }
}

void RowIds::refuse(std::int64_t cell, std::int64_t id) const {
  const std::string row = std::to_string(cell / cells_);
  const std::string size = std::to_string(table_rows_);
  throw Error(Code::kInvalidArgument,
              options_.what + ": indices[" + std::to_string(cell) + "] = " + std::to_string(id) +
                  " is not in [0, " + size + "): expected an id below " + size + ", got " +
                  std::to_string(id) + " in row " + row + " of the batch" +
                  (options_.hint.empty() ? "" : "; " + options_.hint),
              {{"row", row}, {"found", std::to_string(id)}, {"expected", "0.." + size + " - 1"}});
}

template <typename Id>
void RowIds::read_as(std::int64_t begin, std::int64_t count, std::int64_t* rows) const {
  const Id* ids = ids_.as<Id>() + begin * cells_;
  const std::int64_t n = count * cells_;
  bool good = true;
  for (std::int64_t c = 0; c < n; ++c) {
    rows[c] = ids[c];
    good &= rows[c] < table_rows_;
  }
  if (good) return;
  const std::int64_t* bad =
      std::find_if(rows, rows + n, [this](std::int64_t row) { return row >= table_rows_; });
  refuse(begin * cells_ + (bad - rows), *bad);
}

void RowIds::read(std::int64_t begin, std::int64_t count, std::int64_t* rows) const {
  if (ids_.dtype == DType::kInt32) return read_as<std::int32_t>(begin, count, rows);
  read_as<std::int64_t>(begin, count, rows);
}

void RowIds::scales(const std::int64_t* rows, std::int64_t count, float* scales) const {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t* cells = rows + i * cells_;
    const auto n = static_cast<double>(
        std::count_if(cells, cells + cells_, [](std::int64_t row) { return row >= 0; }));
    double scale = 1;
    if (n > 0 && options_.combiner == Combiner::kMean) scale = 1 / n;
    if (n > 0 && options_.combiner == Combiner::kSqrtn) scale = 1 / std::sqrt(n);
    std::fill_n(scales + i * cells_, cells_, static_cast<float>(scale));
  }
}

double norm_scale(const float* row, std::int64_t cols, double max_norm) {
  const double norm = std::sqrt(squared_norm(row, cols));
  return norm > max_norm ? max_norm / norm : 1;
}

void norm_scale_gradient(const float* row, std::int64_t cols, double max_norm, float* g) {
  const double squares = squared_norm(row, cols);
  const double norm = std::sqrt(squares);
  if (norm < max_norm) return;
  double dot = 0;
  for (std::int64_t j = 0; j < cols; ++j) dot += static_cast<double>(row[j]) * g[j];
  for (std::int64_t j = 0; j < cols; ++j) {
    g[j] = static_cast<float>(max_norm / norm * (g[j] - row[j] * (dot / squares)));
  }
}

int row_parts(std::int64_t elements, int threads) {
  constexpr std::int64_t kElementsPerPart = 8192;  // about 10 us: what waking a thread must earn
  return static_cast<int>(std::clamp<std::int64_t>(elements / kElementsPerPart, 1, threads));
}

}  // namespace holdfast
