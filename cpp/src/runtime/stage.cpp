#include "runtime/stage.h"

namespace holdfast {
namespace {

std::string types_text(const Stage& stage) {
  std::string text = "(";
  for (std::size_t c = 0; c < stage.components.size(); ++c) {
    const TensorType& type = stage.components[c];
    if (c > 0) text += ", ";
    text += std::string(dtype_name(type.dtype)) + " " + shape_text(type.shape);
    if (c < stage.names.size()) text += " " + stage.names[c];
  }
  return text + ")";
}

struct Describe {
  const Stage& stage;

  std::string operator()(const TableStage&) const {
    return "table[" + std::to_string(stage.cardinality) + "]" + types_text(stage);
  }
  std::string operator()(const TextStage& text) const { return text.lines->describe(); }
  std::string operator()(const GeneratorStage& generator) const {
    return (generator.resumable ? "resumable" : "generator") + types_text(stage);
  }
  std::string operator()(const ShuffleStage& shuffle) const {
    std::string text = "shuffle(" + std::to_string(shuffle.buffer_size);
    if (shuffle.seed) text += ", seed=" + std::to_string(*shuffle.seed);
    if (!shuffle.reshuffle_each_iteration) text += ", once";
    return text + ")";
  }
  std::string operator()(const RepeatStage& repeat) const {
    return "repeat(" + std::to_string(repeat.count) + ")";
  }
  std::string operator()(const BatchStage& batch) const {
    return "batch(" + std::to_string(batch.batch_size) +
           (batch.drop_remainder ? ", drop_remainder)" : ")");
  }
  std::string operator()(const TakeStage& take) const {
    return "take(" + std::to_string(take.count) + ")";
  }
  std::string operator()(const SkipStage& skip) const {
    return "skip(" + std::to_string(skip.count) + ")";
  }
  std::string operator()(const ShardStage& shard) const {
    return "shard(" + std::to_string(shard.num_shards) + ", " + std::to_string(shard.index) + ")";
  }
  std::string operator()(const ConcatenateStage&) const {
    return "concatenate(" + describe(*stage.second) + ")";
  }
  std::string operator()(const MapStage&) const { return "map" + types_text(stage); }
};

}  // namespace

std::string describe(const Stage& stage) {
  const std::string text = std::visit(Describe{stage}, stage.what);
  return stage.input ? describe(*stage.input) + "|" + text : text;
}

}  // namespace holdfast
