// The input pipeline: what data there is and in which order it comes. A Dataset is a description,
// immutable and safe to share between threads; each Input made from it reads from the beginning.
//
//   auto rows = Dataset::from_table({x, y}, {"x", "y"}).shuffle(1000).repeat().batch(100);
//   trainer.set_input(rows.make_input(trainer.seed()), {x_placeholder, y_placeholder});
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/export.h"
#include "holdfast/graph.h"
#include "holdfast/input.h"
#include "holdfast/tensor.h"

namespace holdfast {

struct Stage;
class TextLines;

// Cardinalities that are not numbers; TensorFlow's values.
constexpr std::int64_t kInfinite = -1;
constexpr std::int64_t kUnknownSize = -2;

// One pass over rows that are made while they are read.
class HOLDFAST_API RowReader {
 public:
  virtual ~RowReader() = default;
  // Replaces `row` by the next one, a tensor for each component; false at the end.
  virtual bool next(std::vector<Tensor>& row) = 0;
};
using RowSource = std::function<std::unique_ptr<RowReader>()>;
// A reader of the rows from number `first` on: of none, if there are not so many. Every call reads
// the same rows.
using ResumableRowSource = std::function<std::unique_ptr<RowReader>(std::int64_t first)>;

// A function of an element: a graph without variables. inputs[c] is the placeholder that component
// c is fed to (kNoNode: the function does not use it); the values of `outputs` are the components
// of the result.
struct MapFunction {
  std::shared_ptr<const Graph> graph;
  std::vector<NodeId> inputs;
  std::vector<NodeId> outputs;

  HOLDFAST_API std::vector<TensorType> types() const;  // of the result
};

// Rows become batches at batch(); what stands before it works on rows, what stands behind it on
// whole batches. Names, defaults and edge cases are those of tf.data.Dataset.
class HOLDFAST_API Dataset {
 public:
  // One component for each column; element i is row i of every column. Columns are shared, not
  // copied: write to them no more. names: of the columns, as part of the fingerprint; or none.
  // Throws: InvalidArgument unless columns are of one length, and names as many or none.
  static Dataset from_table(std::vector<Tensor> columns, std::vector<std::string> names = {});
  // Rows come from `rows`, which is called at the beginning of every pass, from the thread that
  // reads the Input. Sizes of -1 may differ from row to row, though not within a batch. Throws:
  // InvalidArgument for no function or components; reading an Input of it does for a row that does
  // not fit, and passes on whatever `rows` throws.
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
  // Applies a function of the element alone. Throws: InvalidArgument unless `inputs` are
  // placeholders that fit the components, and the graph has nothing but the element to depend on.
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
  // One component, a string scalar: element i is line i (runtime/text_lines.h).
  friend Dataset dataset_of_lines(std::shared_ptr<const TextLines> lines);
  explicit Dataset(std::shared_ptr<const Stage> stage) : stage_(std::move(stage)) {}
  std::shared_ptr<const Stage> stage_;
};

}  // namespace holdfast
