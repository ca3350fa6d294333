// What a position in a pipeline means: how far it is in its data, and in which order.
#include <algorithm>

#include "base/crc32c.h"
#include "base/saturated.h"
#include "runtime/index_stream.h"
#include "runtime/stage.h"

namespace holdfast {
namespace {

struct Epoch {
  const Stage& stage;
  std::int64_t consumed;  // elements of `stage`

  std::int64_t before(std::int64_t of_input) const { return epoch_of(*stage.input, of_input); }

  std::int64_t operator()(const TableStage&) const { return 0; }
  std::int64_t operator()(const TextStage&) const { return 0; }
  std::int64_t operator()(const GeneratorStage&) const { return 0; }
  std::int64_t operator()(const ConcatenateStage&) const { return 0; }
  std::int64_t operator()(const RepeatStage&) const {
    const std::int64_t size = stage.input->cardinality;
    return size > 0 ? consumed / size : size < 0 ? kUnknownSize : 0;
  }
  std::int64_t operator()(const BatchStage& batch) const {
    return before(saturated_product(consumed, batch.batch_size));
  }
  std::int64_t operator()(const SkipStage& skip) const {
    return before(saturated_sum(consumed, std::max<std::int64_t>(skip.count, 0)));  // -1: all
  }
  std::int64_t operator()(const ShardStage& shard) const {
    return before(saturated_sum(saturated_product(consumed, shard.num_shards), shard.index));
  }
  std::int64_t operator()(const ShuffleStage&) const { return before(consumed); }
  std::int64_t operator()(const TakeStage&) const { return before(consumed); }
  std::int64_t operator()(const MapStage&) const { return before(consumed); }
};

}  // namespace

std::int64_t epoch_of(const Stage& stage, std::int64_t consumed) {
  return std::visit(Epoch{stage, consumed}, stage.what);
}

bool replays(const Stage& stage) {
  if (const auto* generator = std::get_if<GeneratorStage>(&stage.what)) {
    return !generator->resumable;
  }
  return (stage.input && replays(*stage.input)) || (stage.second && replays(*stage.second));
}

PhiloxKey shuffle_key(const ShuffleStage& shuffle, std::uint64_t run_seed) {
  return philox_key(shuffle.seed.value_or(run_seed), "shuffle/" + std::to_string(shuffle.ordinal));
}

std::uint32_t order_key(const Stage& stage, std::uint64_t run_seed) {
  std::uint32_t key = stage.input ? order_key(*stage.input, run_seed) : 0;
  if (stage.second) {
    const std::uint32_t second = order_key(*stage.second, run_seed);
    if (second != 0) key = crc32c(&second, sizeof second, key);
  }
  if (const auto* shuffle = std::get_if<ShuffleStage>(&stage.what)) {
    const std::uint64_t own = shuffle_key(*shuffle, run_seed).value;
    key = crc32c(&own, sizeof own, key);
  }
  return key;
}

}  // namespace holdfast
