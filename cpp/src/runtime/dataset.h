// The input pipeline: what data there is and in which order it comes. A Dataset is a description,
// immutable and safe to share between threads; each Input made from it reads from the beginning.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/graph.h"
#include "runtime/input.h"
#include "runtime/row_store.h"

namespace holdfast {

struct Stage;

// Rows become batches at batch(); what stands before it works on rows, what stands behind it on
// whole batches. Names, defaults and edge cases are those of tf.data.Dataset.
class Dataset {
 public:
  // One component for each column; element i is row i of every column. Columns are shared, not
  // copied. Throws: InvalidArgument unless they are of one length.
  // names: of the columns, as part of the fingerprint; or none.
  static Dataset from_table(std::vector<Tensor> columns, std::vector<std::string> names = {});
  // One component, a string scalar: element i is line i.
  static Dataset from_text(std::shared_ptr<const TextLines> lines);
  // Rows come from `rows`, which is called at the beginning of every pass. Sizes of -1 may differ
  // from row to row, though not within a batch.
  static Dataset from_generator(const RowSource& rows, std::vector<TensorType> components,
                                std::vector<std::string> names = {});
  // The same, and a position is found without reading what is before it.
  static Dataset from_resumable(ResumableRowSource rows, std::vector<TensorType> components,
                                std::vector<std::string> names = {});

  // seed: none means that of the run, given to make_input.
  Dataset shuffle(std::int64_t buffer_size, std::optional<std::uint64_t> seed = std::nullopt,
                  bool reshuffle_each_iteration = true) const;
  Dataset repeat(std::int64_t count = -1) const;  // -1: without end
  // Throws: Unimplemented when the elements are batches already.
  Dataset batch(std::int64_t batch_size, bool drop_remainder = false) const;
  Dataset take(std::int64_t count) const;  // -1: all
  Dataset skip(std::int64_t count) const;  // -1: all are passed over
  Dataset shard(std::int64_t num_shards, std::int64_t index) const;
  // Throws: InvalidArgument unless components agree in dtype and rank, and in the sizes of a row.
  Dataset concatenate(const Dataset& other) const;
  // Applies a function of the element alone. Throws: InvalidArgument, see check_map_function.
  Dataset map(MapFunction function) const;

  // Elements of one pass; kInfinite or kUnknownSize.
  std::int64_t cardinality() const noexcept;
  // Of an element; sizes that differ between elements are -1.
  const std::vector<TensorType>& components() const noexcept;
  // Names the data without its values: names, sizes, dtypes, stages, seeds that were given.
  std::string fingerprint() const;
  // Whether elements can only be passed over by making them: they come from a plain generator.
  bool replays() const;

  // run_seed: of every shuffle() that was given none.
  std::shared_ptr<Input> make_input(std::uint64_t run_seed = 0) const;

 private:
  explicit Dataset(std::shared_ptr<const Stage> stage) : stage_(std::move(stage)) {}
  std::shared_ptr<const Stage> stage_;
};

}  // namespace holdfast
