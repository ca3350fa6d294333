#include "runtime/index_stream.h"

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

using StreamPtr = std::unique_ptr<IndexStream>;

class TableStream final : public IndexStream {
 public:
  TableStream(int store, std::int64_t size)
      : base_(static_cast<std::int64_t>(store) << kSlotBits), size_(size) {}

  void begin(std::uint64_t) override { at_ = 0; }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    const std::int64_t given = std::min(count, size_ - at_);
    for (std::int64_t i = 0; i < given; ++i) indices[i] = base_ + at_ + i;
    at_ += given;
    return given;
  }
  std::int64_t skip(std::int64_t count) override {
    const std::int64_t passed = std::min(count, size_ - at_);
    at_ += passed;
    return passed;
  }
  std::int64_t size() const override { return size_; }

 private:
  std::int64_t base_;
  std::int64_t size_;
  std::int64_t at_ = 0;
};

class RepeatStream final : public IndexStream {
 public:
  RepeatStream(StreamPtr input, std::int64_t count) : input_(std::move(input)), count_(count) {}

  void begin(std::uint64_t pass) override {
    outer_ = pass;
    ended_ = count_ == 0;
    begin_inner(0);
  }

  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    return advance(count,
                   [&](std::int64_t done) { return input_->next(indices + done, count - done); });
  }

  std::int64_t skip(std::int64_t count) override {
    const std::int64_t size = at_pass_start_ ? input_->size_up_to(count) : input_->size();
    return advance(count, [&](std::int64_t done) {
      std::int64_t passed = 0;
      if (size > 0 && at_pass_start_) {  // whole passes, by arithmetic
        std::int64_t passes = (count - done) / size;
        if (count_ >= 0) {
          passes = std::min(passes, count_ - static_cast<std::int64_t>(inner_));
        }
        if (passes > 0) {
          passed = passes * size;
          inner_ += static_cast<std::uint64_t>(passes);
          if (count_ >= 0 && inner_ == static_cast<std::uint64_t>(count_)) {
            ended_ = true;
            return passed;
          }
          begin_inner(inner_);
        }
      }
      const std::int64_t wanted = count - done - passed;
      return passed + (wanted > 0 ? input_->skip(wanted) : 0);
    });
  }

  std::int64_t size() const override {
    const std::int64_t size = input_->size();
    // Without end, unless it has no elements at all: that is not to be counted on.
    return size == kUnknownSize ? kUnknownSize : repeat_size(size, count_);
  }

 private:
  void begin_inner(std::uint64_t inner) {
    inner_ = inner;
    at_pass_start_ = true;
    if (!ended_) input_->begin(inner_pass(outer_, inner));
  }

  // Calls read(done) until `count` elements are done; read stops short only where a pass ends.
  template <typename Read>
  std::int64_t advance(std::int64_t count, const Read& read) {
    std::int64_t done = 0;
    while (done < count && !ended_) {
      const bool fresh = at_pass_start_;
      const std::int64_t got = read(done);
      done += got;
      if (got > 0) at_pass_start_ = false;
      if (done == count || ended_) break;
      // The input has ended. A pass without elements would go on for ever.
      ended_ =
          (fresh && got == 0) || (count_ >= 0 && inner_ + 1 >= static_cast<std::uint64_t>(count_));
      if (!ended_) begin_inner(inner_ + 1);
    }
    return done;
  }

  StreamPtr input_;
  std::int64_t count_;
  std::uint64_t outer_ = 0;
  std::uint64_t inner_ = 0;
  bool at_pass_start_ = true;
  bool ended_ = false;
};

class TakeStream final : public IndexStream {
 public:
  TakeStream(StreamPtr input, std::int64_t count) : input_(std::move(input)), count_(count) {}

  void begin(std::uint64_t pass) override {
    left_ = count_;
    input_->begin(pass);
  }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    const std::int64_t given = input_->next(indices, std::min(count, left_));
    left_ -= given;
    return given;
  }
  std::int64_t skip(std::int64_t count) override {
    const std::int64_t passed = input_->skip(std::min(count, left_));
    left_ -= passed;
    return passed;
  }
  std::int64_t size() const override { return take_size(input_->size(), count_); }

 private:
  StreamPtr input_;
  std::int64_t count_;
  std::int64_t left_ = 0;
};

class SkipStream final : public IndexStream {
 public:
  SkipStream(StreamPtr input, std::int64_t count) : input_(std::move(input)), count_(count) {}

  void begin(std::uint64_t pass) override {
    input_->begin(pass);
    left_to_skip_ = count_;
  }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    return start() ? input_->next(indices, count) : 0;
  }
  std::int64_t skip(std::int64_t count) override { return start() ? input_->skip(count) : 0; }
  std::int64_t size() const override { return skip_size(input_->size(), count_); }

 private:
  // Passes over the beginning when the first element is wanted, not before. False: nothing is left.
  bool start() {
    if (left_to_skip_ > 0) left_to_skip_ -= input_->skip(left_to_skip_);
    return left_to_skip_ == 0;
  }

  StreamPtr input_;
  std::int64_t count_;
  std::int64_t left_to_skip_ = 0;
};

class ShardStream final : public IndexStream {
 public:
  ShardStream(StreamPtr input, std::int64_t num_shards, std::int64_t index)
      : input_(std::move(input)), num_shards_(num_shards), index_(index) {}

  void begin(std::uint64_t pass) override {
    input_->begin(pass);
    gap_ = index_;
  }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    std::int64_t given = 0;
    while (given < count && pass_gap() && input_->next(indices + given, 1) == 1) {
      gap_ = num_shards_ - 1;
      ++given;
    }
    return given;
  }
  std::int64_t skip(std::int64_t count) override {
    std::int64_t passed = 0;
    while (passed < count && pass_gap() && input_->skip(1) == 1) {
      gap_ = num_shards_ - 1;
      ++passed;
    }
    return passed;
  }
  std::int64_t size() const override { return shard_size(input_->size(), num_shards_, index_); }

 private:
  bool pass_gap() {
    if (gap_ > 0) gap_ -= input_->skip(gap_);
    return gap_ == 0;
  }

  StreamPtr input_;
  std::int64_t num_shards_;
  std::int64_t index_;
  std::int64_t gap_ = 0;  // elements of other shards before the next of ours
};

class ConcatenateStream final : public IndexStream {
 public:
  ConcatenateStream(StreamPtr first, StreamPtr second)
      : first_(std::move(first)), second_(std::move(second)) {}

  void begin(std::uint64_t pass) override {
    in_first_ = true;
    first_->begin(pass);
    second_->begin(pass);
  }
  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    std::int64_t given = 0;
    if (in_first_) {
      given = first_->next(indices, count);
      in_first_ = given == count;
    }
    return given < count ? given + second_->next(indices + given, count - given) : given;
  }
  std::int64_t skip(std::int64_t count) override {
    std::int64_t passed = 0;
    if (in_first_) {
      passed = first_->skip(count);
      in_first_ = passed == count;
    }
    return passed < count ? passed + second_->skip(count - passed) : passed;
  }
  std::int64_t size() const override {
    const std::int64_t first = first_->size();
    return first == kUnknownSize ? kUnknownSize : concatenate_size(first, second_->size());
  }

 private:
  StreamPtr first_;
  StreamPtr second_;
  bool in_first_ = true;
};

}  // namespace

std::uint64_t inner_pass(std::uint64_t outer, std::uint64_t inner) noexcept {
  // The usual case, one repeat() over the source, reads passes 0, 1, 2, ... Deeper ones start at a
  // mixed number: the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA'14).
  if (outer == 0) return inner;
  std::uint64_t z = outer + 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) + inner;
}

StreamPtr table_stream(int store, std::int64_t size) {
  return std::make_unique<TableStream>(store, size);
}
StreamPtr repeat_stream(StreamPtr input, std::int64_t count) {
  return std::make_unique<RepeatStream>(std::move(input), count);
}
StreamPtr take_stream(StreamPtr input, std::int64_t count) {
  if (count < 0) return input;
  return std::make_unique<TakeStream>(std::move(input), count);
}
StreamPtr skip_stream(StreamPtr input, std::int64_t count) {
  if (count < 0) return std::make_unique<TakeStream>(std::move(input), 0);
  return std::make_unique<SkipStream>(std::move(input), count);
}
StreamPtr shard_stream(StreamPtr input, std::int64_t num_shards, std::int64_t index) {
  return std::make_unique<ShardStream>(std::move(input), num_shards, index);
}
StreamPtr concatenate_stream(StreamPtr first, StreamPtr second) {
  return std::make_unique<ConcatenateStream>(std::move(first), std::move(second));
}

}  // namespace holdfast
