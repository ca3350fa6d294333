// Batches: lists of indices of rows. Stages behind batch() move the numbers of these lists.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/index_stream.h"

namespace holdfast {

// A store of batches and the stream of them in one: a list lives from its making until its release,
// which releases its rows to `rows`.
class BatchStream final : public IndexStream, public IndexedStore {
 public:
  // `store`: the number of this store. `rows` outlives the stream.
  BatchStream(int store, std::unique_ptr<IndexStream> input, std::int64_t batch_size,
              bool drop_remainder, const StoreSet& rows);

  void begin(std::uint64_t pass) override { input_->begin(pass); }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override;
  std::int64_t skip(std::int64_t count) override;
  std::int64_t size() const override;

  void release(std::int64_t slot) override;
  const std::vector<std::int64_t>& batch(std::int64_t slot) const {
    return batches_[static_cast<std::size_t>(slot)];
  }

 private:
  std::int64_t base_;
  std::unique_ptr<IndexStream> input_;
  std::int64_t batch_size_;
  bool drop_remainder_;
  const StoreSet& rows_;
  std::vector<std::vector<std::int64_t>> batches_;
  std::vector<std::int64_t> free_;
};

}  // namespace holdfast
