// Where the rows are that indices name: tables and texts in memory, and rows that a generator
// makes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/dataset.h"
#include "holdfast/graph.h"
#include "runtime/index_stream.h"
#include "runtime/map_function.h"
#include "runtime/text_lines.h"

namespace holdfast {

class RowStore : public IndexedStore {
 public:
  // Makes sure that the rows can be read; called before row_shape and gather.
  virtual void prepare(const std::int64_t* indices, std::int64_t count) = 0;
  virtual int components() const = 0;
  virtual DType dtype(int component) const = 0;
  // Every row has the same shape.
  virtual bool is_uniform() const = 0;
  virtual Shape row_shape(int component, std::int64_t index) const = 0;
  // Copies a component of `count` rows of one shape to `destination`, each `stride` bytes behind
  // the one before.
  virtual void gather(int component, const std::int64_t* indices, std::int64_t count,
                      void* destination, std::int64_t stride) const = 0;

  // Bytes of a component of a row, as gather() lays it out without gaps.
  std::int64_t row_bytes(int component, std::int64_t index) const;
};

// Rows of a table: tensors with the same first dimension.
std::unique_ptr<RowStore> table_rows(std::vector<Tensor> columns);

// The lines of texts: one component, a string scalar.
std::unique_ptr<RowStore> text_rows(std::shared_ptr<const TextLines> lines);

// The `count` rows of a store that keeps them, with functions applied to each row. They have no
// other effect, so the result of a row is computed when it is first wanted, and kept.
std::unique_ptr<RowStore> mapped_rows(std::unique_ptr<RowStore> source, std::int64_t count,
                                      const std::vector<MapFunction>& functions);

// A generator is a store and the stream of its rows in one: rows live from their arrival until they
// are released. Every pass calls the source anew. Every row is checked: InvalidArgument naming row,
// component, what was expected and what came.
class GeneratorRows : public RowStore, public IndexStream {
 public:
  // `resumable`: skipping asks the source to begin further on; else rows are read and dropped, and
  // the source is asked for row 0 alone.
  static std::unique_ptr<GeneratorRows> create(int store, ResumableRowSource source, bool resumable,
                                               std::vector<TensorType> types,
                                               const std::vector<MapFunction>& functions);
};

}  // namespace holdfast
