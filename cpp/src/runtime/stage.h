// The description behind a Dataset: a tree of stages, each a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/philox.h"
#include "holdfast/graph.h"
#include "holdfast/input.h"
#include "runtime/map_function.h"
#include "runtime/row_store.h"

namespace holdfast {

struct TableStage {
  std::vector<Tensor> columns;
};
struct TextStage {
  std::shared_ptr<const TextLines> lines;
};
struct GeneratorStage {
  ResumableRowSource rows;
  bool resumable;
};
struct ShuffleStage {
  std::int64_t buffer_size;
  std::optional<std::uint64_t> seed;
  bool reshuffle_each_iteration;
  int ordinal;  // shuffles before this one: two with the same seed make different choices
};
struct RepeatStage {
  std::int64_t count;
};
struct BatchStage {
  std::int64_t batch_size;
  bool drop_remainder;
};
struct TakeStage {
  std::int64_t count;
};
struct SkipStage {
  std::int64_t count;
};
struct ShardStage {
  std::int64_t num_shards;
  std::int64_t index;
};
struct ConcatenateStage {};
struct MapStage {
  MapFunction function;
};

struct Stage {
  std::variant<TableStage, TextStage, GeneratorStage, ShuffleStage, RepeatStage, BatchStage,
               TakeStage, SkipStage, ShardStage, ConcatenateStage, MapStage>
      what;
  std::shared_ptr<const Stage> input;   // nullptr: a source
  std::shared_ptr<const Stage> second;  // of ConcatenateStage only
  std::vector<TensorType> components;
  std::vector<std::string> names;  // of the components of a source, for recognising it; or none
  std::int64_t cardinality = 0;
  bool batched = false;
  int shuffles = 0;  // in this stage and before it
};

// "table[120](float32 [] SepalLength, int64 [])|shuffle(1000)|repeat(-1)|batch(100)"
std::string describe(const Stage& stage);

// Whether elements can only be passed over by making them: they come from a plain generator.
bool replays(const Stage& stage);
// The passes that lie behind `consumed` elements, over what the last repeat() repeats; kUnknownSize
// if their size is not known. 0 where nothing is repeated.
std::int64_t epoch_of(const Stage& stage, std::int64_t consumed);
// A number for the order that all shuffles make with the keys they have; 0 without a shuffle.
std::uint32_t order_key(const Stage& stage, std::uint64_t run_seed);
// The key of the random choices of a shuffle.
PhiloxKey shuffle_key(const ShuffleStage& shuffle, std::uint64_t run_seed);

// Reads what the stages describe, from the beginning.
std::shared_ptr<Input> open_stages(std::shared_ptr<const Stage> stage, std::uint64_t run_seed);

}  // namespace holdfast
