#include "holdfast/dataset.h"

#include <utility>

#include "holdfast/error.h"
#include "runtime/stage.h"
#include "runtime/text_lines.h"

namespace holdfast {
namespace {

using StagePtr = std::shared_ptr<const Stage>;

[[noreturn]] void fail(const std::string& text) { throw Error(Code::kInvalidArgument, text); }

void require_at_least(std::int64_t least, std::int64_t got, const char* what) {
  if (got < least) {
    fail(std::string(what) + ": expected at least " + std::to_string(least) + "; got " +
         std::to_string(got));
  }
}

void require_names(const std::vector<std::string>& names, std::size_t components,
                   const char* what) {
  if (!names.empty() && names.size() != components) {
    fail(std::string(what) + ": expected a name for each of " + std::to_string(components) +
         " components, or none; got " + std::to_string(names.size()));
  }
}

// The stage behind `input` that differs in `what` and in the number of elements.
template <typename What>
std::shared_ptr<Stage> follow(const StagePtr& input, What what, std::int64_t cardinality) {
  auto stage = std::make_shared<Stage>();
  stage->what = std::move(what);
  stage->input = input;
  stage->components = input->components;
  stage->cardinality = cardinality;
  stage->batched = input->batched;
  stage->shuffles = input->shuffles;
  return stage;
}

StagePtr generator_stage(GeneratorStage generator, std::vector<TensorType> components,
                         std::vector<std::string> names) {
  if (components.empty()) fail("from_generator: expected at least one component; got none");
  require_names(names, components.size(), "from_generator");
  auto stage = std::make_shared<Stage>();
  stage->components = std::move(components);
  stage->cardinality = kUnknownSize;
  stage->what = std::move(generator);
  stage->names = std::move(names);
  return stage;
}

std::string type_text(const TensorType& type) {
  return std::string(dtype_name(type.dtype)) + " " + shape_text(type.shape);
}

// What holds for elements of both: sizes that differ become -1.
TensorType common_type(const TensorType& first, const TensorType& second, std::size_t component) {
  if (first.dtype != second.dtype || first.shape.size() != second.shape.size()) {
    fail("concatenate: component " + std::to_string(component) + ": expected " + type_text(first) +
         ", as in the first dataset; got " + type_text(second) + " in the second");
  }
  TensorType common = first;
  for (std::size_t i = 0; i < common.shape.size(); ++i) {
    if (first.shape[i] != second.shape[i]) common.shape[i] = -1;
  }
  return common;
}

}  // namespace

Dataset Dataset::from_table(std::vector<Tensor> columns, std::vector<std::string> names) {
  if (columns.empty()) fail("from_table: expected at least one column; got none");
  auto stage = std::make_shared<Stage>();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Shape& shape = columns[c].shape();
    if (shape.empty()) {
      fail("from_table: column " + std::to_string(c) +
           ": expected an array with a first dimension; got a scalar");
    }
    if (shape[0] != columns[0].shape()[0]) {
      fail("from_table: column " + std::to_string(c) + ": expected " +
           std::to_string(columns[0].shape()[0]) + " rows, as in column 0; got " +
           std::to_string(shape[0]));
    }
    stage->components.push_back({columns[c].dtype(), Shape(shape.begin() + 1, shape.end())});
  }
  require_names(names, columns.size(), "from_table");
  stage->cardinality = columns[0].shape()[0];
  stage->what = TableStage{std::move(columns)};
  stage->names = std::move(names);
  return Dataset(std::move(stage));
}

Dataset dataset_of_lines(std::shared_ptr<const TextLines> lines) {
  auto stage = std::make_shared<Stage>();
  stage->components = {{DType::kString, {}}};
  stage->cardinality = lines->size();
  stage->what = TextStage{std::move(lines)};
  return Dataset(std::move(stage));
}

Dataset Dataset::from_generator(const RowSource& rows, std::vector<TensorType> components,
                                std::vector<std::string> names) {
  if (!rows) fail("from_generator: expected a function that opens the rows; got an empty one");
  return Dataset(generator_stage({[rows](std::int64_t) { return rows(); }, false},
                                 std::move(components), std::move(names)));
}

Dataset Dataset::from_resumable(ResumableRowSource rows, std::vector<TensorType> components,
                                std::vector<std::string> names) {
  if (!rows) fail("from_resumable: expected a function that opens the rows; got an empty one");
  return Dataset(generator_stage({std::move(rows), true}, std::move(components), std::move(names)));
}

Dataset Dataset::shuffle(std::int64_t buffer_size, std::optional<std::uint64_t> seed,
                         bool reshuffle_each_iteration) const {
  require_at_least(1, buffer_size, "shuffle: buffer_size");
  auto stage =
      follow(stage_, ShuffleStage{buffer_size, seed, reshuffle_each_iteration, stage_->shuffles},
             stage_->cardinality);
  stage->shuffles += 1;
  return Dataset(std::move(stage));
}

Dataset Dataset::repeat(std::int64_t count) const {
  require_at_least(-1, count, "repeat: count");
  return Dataset(follow(stage_, RepeatStage{count}, repeat_size(stage_->cardinality, count)));
}

Dataset Dataset::batch(std::int64_t batch_size, bool drop_remainder) const {
  require_at_least(1, batch_size, "batch: batch_size");
  if (stage_->batched) {
    throw Error(Code::kUnimplemented,
                "batch: the elements are batches already; expected rows. Batches of batches are "
                "not supported: call batch() once");
  }
  auto stage = follow(stage_, BatchStage{batch_size, drop_remainder},
                      batch_size_of(stage_->cardinality, batch_size, drop_remainder));
  stage->batched = true;
  for (TensorType& type : stage->components) {
    type.shape.insert(type.shape.begin(), drop_remainder ? batch_size : -1);
  }
  return Dataset(std::move(stage));
}

Dataset Dataset::take(std::int64_t count) const {
  require_at_least(-1, count, "take: count");
  return Dataset(follow(stage_, TakeStage{count}, take_size(stage_->cardinality, count)));
}

Dataset Dataset::skip(std::int64_t count) const {
  require_at_least(-1, count, "skip: count");
  return Dataset(follow(stage_, SkipStage{count}, skip_size(stage_->cardinality, count)));
}

Dataset Dataset::shard(std::int64_t num_shards, std::int64_t index) const {
  require_at_least(1, num_shards, "shard: num_shards");
  if (index < 0 || index >= num_shards) {
    fail("shard: index: expected 0 to " + std::to_string(num_shards - 1) + "; got " +
         std::to_string(index));
  }
  return Dataset(follow(stage_, ShardStage{num_shards, index},
                        shard_size(stage_->cardinality, num_shards, index)));
}

Dataset Dataset::concatenate(const Dataset& other) const {
  const Stage& second = *other.stage_;
  if (stage_->batched != second.batched) {
    throw Error(Code::kUnimplemented,
                "concatenate: expected two datasets of rows or two of batches; got one of each");
  }
  if (stage_->components.size() != second.components.size()) {
    fail("concatenate: expected " + std::to_string(stage_->components.size()) +
         " components, as in the first dataset; got " + std::to_string(second.components.size()));
  }
  auto stage =
      follow(stage_, ConcatenateStage{}, concatenate_size(stage_->cardinality, second.cardinality));
  stage->second = other.stage_;
  stage->shuffles += second.shuffles;
  for (std::size_t c = 0; c < second.components.size(); ++c) {
    stage->components[c] = common_type(stage_->components[c], second.components[c], c);
  }
  return Dataset(std::move(stage));
}

Dataset Dataset::map(MapFunction function) const {
  check_map_function(function, stage_->components);
  auto components = function.types();
  auto stage = follow(stage_, MapStage{std::move(function)}, stage_->cardinality);
  stage->components = std::move(components);
  return Dataset(std::move(stage));
}

std::int64_t Dataset::cardinality() const noexcept { return stage_->cardinality; }
const std::vector<TensorType>& Dataset::components() const noexcept { return stage_->components; }
std::string Dataset::fingerprint() const { return describe(*stage_); }
bool Dataset::replays() const { return holdfast::replays(*stage_); }
std::shared_ptr<Input> Dataset::make_input(std::uint64_t run_seed) const {
  return open_stages(stage_, run_seed);
}

}  // namespace holdfast
