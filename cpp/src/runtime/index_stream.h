// Streams of indices: what a data pipeline is made of. An index names an element that a store
// holds; shuffling, repeating and batching move indices, and only the rows of the batch that is
// wanted are ever copied.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "holdfast/dataset.h"

namespace holdfast {

// An index is a store's number in the upper 16 bits and a slot of that store below, so that the
// index of a row of the only table is the row's number.
constexpr int kSlotBits = 48;
constexpr std::int64_t kSlotMask = (std::int64_t{1} << kSlotBits) - 1;
constexpr int kMaxStores = 1 << 15;
inline int store_of(std::int64_t index) { return static_cast<int>(index >> kSlotBits); }
inline std::int64_t slot_of(std::int64_t index) { return index & kSlotMask; }

// Where the elements are that indices name.
class IndexedStore {
 public:
  virtual ~IndexedStore() = default;
  // The element of this slot is not needed any more. Tables keep their rows and do nothing.
  virtual void release(std::int64_t slot) = 0;
};

// All stores whose indices flow in one stream.
class StoreSet {
 public:
  // `temporary`: the store gives slots out anew when they are released.
  void add(IndexedStore* store, bool temporary) {
    stores_.push_back(store);
    temporary_ = temporary_ || temporary;
  }
  std::size_t size() const noexcept { return stores_.size(); }
  void release(const std::int64_t* indices, std::int64_t count) const {
    if (!temporary_) return;
    for (std::int64_t i = 0; i < count; ++i) {
      stores_[static_cast<std::size_t>(store_of(indices[i]))]->release(slot_of(indices[i]));
    }
  }

 private:
  std::vector<IndexedStore*> stores_;
  bool temporary_ = false;
};

// Reads the same elements in the same order in every pass of the same number. Every index that
// next() hands out has one owner, who releases it in the end.
class IndexStream {
 public:
  virtual ~IndexStream() = default;

  // Goes to the beginning of pass `pass`. Called before the first next().
  virtual void begin(std::uint64_t pass) = 0;
  // Writes up to `count` indices and returns their number: fewer only at the end of the pass.
  virtual std::int64_t next(std::int64_t* indices, std::int64_t count) = 0;
  // Passes over up to `count` elements and returns their number: fewer only at the end of the pass.
  virtual std::int64_t skip(std::int64_t count) = 0;
  // Elements of a pass that can be counted on, kInfinite, or kUnknownSize.
  virtual std::int64_t size() const = 0;
  // The same; where a pass can tell its size by some searching, and it is not above `limit`, it
  // does. Called at the beginning of a pass.
  virtual std::int64_t size_up_to(std::int64_t limit) {
    static_cast<void>(limit);
    return size();
  }
};

// The number of pass `inner` of a stream that is read again and again within pass `outer` of its
// reader: a function of both, so that any position can be found without what came before it.
std::uint64_t inner_pass(std::uint64_t outer, std::uint64_t inner) noexcept;

// Elements 0 .. size-1 of one store, in order.
std::unique_ptr<IndexStream> table_stream(int store, std::int64_t size);

// `count` passes over the input (kInfinite: without end). An empty pass ends the stream.
std::unique_ptr<IndexStream> repeat_stream(std::unique_ptr<IndexStream> input, std::int64_t count);

// The first `count` elements of the input.
std::unique_ptr<IndexStream> take_stream(std::unique_ptr<IndexStream> input, std::int64_t count);

// All but the first `count` elements of the input (kInfinite: none is left).
std::unique_ptr<IndexStream> skip_stream(std::unique_ptr<IndexStream> input, std::int64_t count);

// Elements index, index + num_shards, ... of the input.
std::unique_ptr<IndexStream> shard_stream(std::unique_ptr<IndexStream> input,
                                          std::int64_t num_shards, std::int64_t index);

// All of `first`, then all of `second`.
std::unique_ptr<IndexStream> concatenate_stream(std::unique_ptr<IndexStream> first,
                                                std::unique_ptr<IndexStream> second);

// Size arithmetic, the same for descriptions and for streams.
std::int64_t repeat_size(std::int64_t size, std::int64_t count);
std::int64_t take_size(std::int64_t size, std::int64_t count);
std::int64_t skip_size(std::int64_t size, std::int64_t count);
std::int64_t shard_size(std::int64_t size, std::int64_t num_shards, std::int64_t index);
std::int64_t concatenate_size(std::int64_t first, std::int64_t second);
std::int64_t batch_size_of(std::int64_t size, std::int64_t batch_size, bool drop_remainder);

}  // namespace holdfast
