// Opens a tree of stages: streams of indices over stores, and the Input that copies what the
// indices of the current element name.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "holdfast/error.h"
#include "runtime/batch_stream.h"
#include "runtime/element.h"
#include "runtime/shuffle_stream.h"
#include "runtime/stage.h"

namespace holdfast {
namespace {

using StreamPtr = std::unique_ptr<IndexStream>;

// Everything that indices of the open pipeline refer to. Stays at its address.
struct Stores {
  std::vector<std::unique_ptr<RowStore>> owned_rows;
  std::vector<RowStore*> rows;
  StoreSet row_set;

  struct Batches {
    BatchStream* stream;
    MapChain functions;
  };
  std::vector<Batches> batches;
  StoreSet batch_set;
};

// Makes the streams, from the last stage down to the sources. Functions travel down with it: those
// behind batch() to the batches, the others to the source whose rows they are applied to.
class Opener {
 public:
  Opener(Stores& stores, std::uint64_t run_seed) : stores_(stores), run_seed_(run_seed) {}

  StreamPtr open(const Stage& stage, std::vector<MapFunction> functions) {
    return std::visit([&](const auto& what) { return open(stage, what, std::move(functions)); },
                      stage.what);
  }

 private:
  using Functions = std::vector<MapFunction>;

  StreamPtr open(const Stage& stage, const TableStage& table, const Functions& functions) {
    return open(new_row_store(), table_rows(table.columns), stage.cardinality, functions);
  }
  StreamPtr open(const Stage& stage, const TextStage& text, const Functions& functions) {
    return open(new_row_store(), text_rows(text.lines), stage.cardinality, functions);
  }
  StreamPtr open(int number, std::unique_ptr<RowStore> rows, std::int64_t count,
                 const Functions& functions) {
    stores_.owned_rows.push_back(
        functions.empty() ? std::move(rows) : mapped_rows(std::move(rows), count, functions));
    add_rows(stores_.owned_rows.back().get(), false);
    return table_stream(number, count);
  }
  StreamPtr open(const Stage& stage, const GeneratorStage& generator, const Functions& functions) {
    auto rows = GeneratorRows::create(new_row_store(), generator.rows, generator.resumable,
                                      stage.components, functions);
    add_rows(rows.get(), true);
    return rows;
  }
  StreamPtr open(const Stage& stage, const ShuffleStage& shuffle, Functions functions) {
    ShuffleOptions options;
    options.buffer_size = shuffle.buffer_size;
    options.key = shuffle_key(shuffle, run_seed_);
    options.reshuffle_each_iteration = shuffle.reshuffle_each_iteration;
    return shuffle_stream(open(*stage.input, std::move(functions)), options,
                          stage.batched ? stores_.batch_set : stores_.row_set);
  }
  StreamPtr open(const Stage& stage, const RepeatStage& repeat, Functions functions) {
    return repeat_stream(open(*stage.input, std::move(functions)), repeat.count);
  }
  StreamPtr open(const Stage& stage, const BatchStage& batch, const Functions& functions) {
    auto input = open(*stage.input, {});
    auto stream =
        std::make_unique<BatchStream>(static_cast<int>(stores_.batches.size()), std::move(input),
                                      batch.batch_size, batch.drop_remainder, stores_.row_set);
    stores_.batches.push_back({stream.get(), MapChain(functions)});
    stores_.batch_set.add(stream.get(), true);
    return stream;
  }
  StreamPtr open(const Stage& stage, const TakeStage& take, Functions functions) {
    return take_stream(open(*stage.input, std::move(functions)), take.count);
  }
  StreamPtr open(const Stage& stage, const SkipStage& skip, Functions functions) {
    return skip_stream(open(*stage.input, std::move(functions)), skip.count);
  }
  StreamPtr open(const Stage& stage, const ShardStage& shard, Functions functions) {
    return shard_stream(open(*stage.input, std::move(functions)), shard.num_shards, shard.index);
  }
  StreamPtr open(const Stage& stage, const ConcatenateStage&, const Functions& functions) {
    auto first = open(*stage.input, functions);
    return concatenate_stream(std::move(first), open(*stage.second, functions));
  }
  StreamPtr open(const Stage& stage, const MapStage& map, Functions functions) {
    functions.insert(functions.begin(), map.function);
    return open(*stage.input, std::move(functions));
  }

  int new_row_store() const {
    if (stores_.rows.size() >= static_cast<std::size_t>(kMaxStores)) {
      throw Error(Code::kInvalidArgument,
                  "concatenate: expected at most " + std::to_string(kMaxStores) + " sources");
    }
    return static_cast<int>(stores_.rows.size());
  }
  void add_rows(RowStore* rows, bool temporary) {
    stores_.rows.push_back(rows);
    stores_.row_set.add(rows, temporary);
  }

  Stores& stores_;
  std::uint64_t run_seed_;
};

// A row, or the rows of a batch, before the functions behind batch().
class Rows final : public Element {
 public:
  Rows(const Stores& stores, bool batched) : stores_(stores), batched_(batched) {}

  // Requires: count > 0; `indices` stay until the next call.
  void point_to(const std::int64_t* indices, std::int64_t count) {
    const RowStore* const store_before = one_store_ && indices_ != nullptr ? &first() : nullptr;
    const std::int64_t count_before = count_;
    indices_ = indices;
    count_ = count;
    one_store_ = true;
    for (std::int64_t i = 1; stores_.rows.size() > 1 && i < count; ++i) {
      one_store_ = one_store_ && store_of(indices[i]) == store_of(indices[0]);
    }
    shapes_changed_ = true;
    if (one_store_) {
      first().prepare(indices, count);
      if (first().is_uniform()) {
        shapes_changed_ = &first() != store_before || count != count_before;
        return;
      }
    } else {
      for (std::int64_t i = 0; i < count; ++i) store(i).prepare(indices + i, 1);
    }
    check_shapes();
  }

  Shape shape(int component) const override {
    Shape shape = first().row_shape(component, indices_[0]);
    if (batched_) shape.insert(shape.begin(), count_);
    return shape;
  }

  void copy(int component, void* destination) const override {
    copy_rows(component, 0, count_, destination, first().row_bytes(component, indices_[0]));
  }

  void copy_rows(int component, std::int64_t begin, std::int64_t count, void* destination,
                 std::int64_t stride) const {
    if (one_store_) {
      first().gather(component, indices_ + begin, count, destination, stride);
      return;
    }
    auto* to = static_cast<char*>(destination);
    for (std::int64_t i = begin; i < begin + count; ++i, to += stride) {
      store(i).gather(component, indices_ + i, 1, to, stride);
    }
  }

  // Whether the shapes may differ from those of the call before.
  bool shapes_changed() const { return shapes_changed_; }

 private:
  RowStore& store(std::int64_t i) const {
    return *stores_.rows[static_cast<std::size_t>(store_of(indices_[i]))];
  }
  RowStore& first() const { return store(0); }

  void check_shapes() const {
    for (int c = 0; c < first().components(); ++c) {
      const Shape expected = first().row_shape(c, indices_[0]);
      for (std::int64_t i = 1; i < count_; ++i) {
        const Shape got = store(i).row_shape(c, indices_[i]);
        if (got == expected) continue;
        throw Error(Code::kInvalidArgument,
                    "batch: component " + std::to_string(c) + ": expected rows of shape " +
                        shape_text(expected) + ", as the first of the batch; got " +
                        shape_text(got) + " in row " + std::to_string(i) +
                        " of the batch. Bring the rows to one shape before batch()");
      }
    }
  }

  const Stores& stores_;
  bool batched_;
  const std::int64_t* indices_ = nullptr;
  std::int64_t count_ = 0;
  bool one_store_ = true;
  bool shapes_changed_ = true;
};

class DatasetInput final : public Input {
 public:
  DatasetInput(std::shared_ptr<const Stage> stage, std::uint64_t run_seed)
      : stage_(std::move(stage)),
        order_key_(order_key(*stage_, run_seed)),
        stream_(Opener(stores_, run_seed).open(*stage_, {})),
        rows_(stores_, stage_->batched) {
    stream_->begin(0);
  }

  int components() const override { return static_cast<int>(stage_->components.size()); }
  TensorType type(int component) const override {
    return stage_->components[static_cast<std::size_t>(component)];
  }

  bool advance() override {
    leave();
    if (!has_next()) return false;
    current_ = std::exchange(upcoming_, kNone);
    ++consumed_;
    mapped_before_ = mapped_;
    mapped_ = false;
    element_ = &rows_;
    if (!stage_->batched) {
      rows_.point_to(&current_, 1);
      return true;
    }
    Stores::Batches& batches = stores_.batches[static_cast<std::size_t>(store_of(current_))];
    const std::vector<std::int64_t>& batch = batches.stream->batch(slot_of(current_));
    rows_.point_to(batch.data(), static_cast<std::int64_t>(batch.size()));
    if (!batches.functions.empty()) {
      element_ = &batches.functions.apply(rows_);
      mapped_ = true;
    }
    return true;
  }

  Shape shape(int component) const override { return element().shape(component); }
  bool shapes_changed() const override {
    return element_ != &rows_ || mapped_before_ || rows_.shapes_changed();
  }
  void copy(int component, void* destination) const override {
    element().copy(component, destination);
  }
  bool copies_rows() const override { return stage_->batched && element_ == &rows_; }
  void copy_rows(int component, std::int64_t first, std::int64_t count, void* destination,
                 std::int64_t stride) const override {
    rows_.copy_rows(component, first, count, destination, stride);
  }

  bool has_next() override {
    if (upcoming_ == kNone && !ended_) ended_ = stream_->next(&upcoming_, 1) == 0;
    return upcoming_ != kNone;
  }

  std::int64_t consumed() const override { return consumed_; }
  std::int64_t epoch() const override { return epoch_of(*stage_, consumed_); }
  std::uint32_t order() const override { return order_key_; }
  void skip(std::int64_t count) override {
    leave();
    if (count > 0 && upcoming_ != kNone) {
      current_ = std::exchange(upcoming_, kNone);
      leave();
      ++consumed_;
      --count;
    }
    if (ended_ || count <= 0) return;
    const std::int64_t passed = stream_->skip(count);
    consumed_ += passed;
    ended_ = passed < count;
  }
  std::string fingerprint() const override { return describe(*stage_); }

 private:
  // Gives back the current element, if there is one.
  void leave() {
    if (current_ == kNone) return;
    (stage_->batched ? stores_.batch_set : stores_.row_set).release(&current_, 1);
    current_ = kNone;
    element_ = nullptr;
  }

  const Element& element() const {
    if (element_ == nullptr) {
      throw Error(Code::kFailedPrecondition,
                  "input: there is no current element; expected advance() to have returned true");
    }
    return *element_;
  }

  static constexpr std::int64_t kNone = -1;

  std::shared_ptr<const Stage> stage_;
  std::uint32_t order_key_;
  Stores stores_;
  StreamPtr stream_;
  Rows rows_;
  std::int64_t current_ = kNone;
  std::int64_t upcoming_ = kNone;  // read ahead by has_next()
  const Element* element_ = nullptr;
  bool mapped_ = false;  // the element is what a function made of the rows
  bool mapped_before_ = false;
  std::int64_t consumed_ = 0;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Input> open_stages(std::shared_ptr<const Stage> stage, std::uint64_t run_seed) {
  return std::make_shared<DatasetInput>(std::move(stage), run_seed);
}

}  // namespace holdfast
