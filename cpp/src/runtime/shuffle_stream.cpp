#include "runtime/shuffle_stream.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

// The choices of one pass, in order.
class Choices {
 public:
  // One 32-bit word chooses among n <= 2^16 slots with a bias below 2^-16 of 1/n; more slots take
  // two words.
  Choices(PhiloxKey key, std::int64_t buffer_size)
      : key_(key), two_words_(buffer_size > (std::int64_t{1} << 16)) {}

  void begin(std::uint64_t pass) {
    pass_ = pass;
    drawn_ = 0;
  }

  // Uniform in [0, n).
  std::int64_t next(std::int64_t n) {
    const std::size_t at = drawn_ % kWords;
    if (at == 0) draw();
    drawn_ += two_words_ ? 2 : 1;
    const auto range = static_cast<std::uint64_t>(n);
    if (!two_words_) return static_cast<std::int64_t>((words_[at] * range) >> 32);
    // The integer part of (64-bit fraction) * n, for n < 2^32.
    const std::uint64_t high = (words_[at] * range);
    const std::uint64_t low = (words_[at + 1] * range) >> 32;
    return static_cast<std::int64_t>((high + low) >> 32);
  }

 private:
  static constexpr std::size_t kWords = 32;

  // Several blocks one after the other, since each alone is a chain of ten rounds.
  void draw() {
    for (std::size_t i = 0; i < kWords; i += 4) {
      const std::array<std::uint32_t, 4> block = philox(key_, (drawn_ + i) / 4, pass_);
      std::copy(block.begin(), block.end(), words_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  PhiloxKey key_;
  bool two_words_;
  std::uint64_t pass_ = 0;
  std::uint64_t drawn_ = 0;  // words
  std::array<std::uint32_t, kWords> words_{};
};

class ShuffleStream final : public IndexStream {
 public:
  ShuffleStream(std::unique_ptr<IndexStream> input, const ShuffleOptions& options,
                const StoreSet& stores)
      : input_(std::move(input)),
        options_(options),
        stores_(stores),
        choices_(options.key, options.buffer_size) {}

  void begin(std::uint64_t pass) override {
    stores_.release(buffer_.data(), held_);
    held_ = 0;
    filled_ = false;
    input_ended_ = false;
    given_ = 0;
    choices_.begin(options_.reshuffle_each_iteration ? pass : 0);
    input_->begin(pass);
  }

  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    if (!filled_) fill();
    const std::int64_t refills = refill(count);
    std::int64_t given = 0;
    for (; given < count && held_ > 0; ++given) {
      std::int64_t& chosen = buffer_[static_cast<std::size_t>(choices_.next(held_))];
      indices[given] = chosen;
      if (given < refills) {
        chosen = refill_[static_cast<std::size_t>(given)];
      } else {
        chosen = buffer_[static_cast<std::size_t>(--held_)];
      }
    }
    given_ += given;
    return given;
  }

  std::int64_t skip(std::int64_t count) override {
    const std::int64_t size = input_->size();
    if (size >= 0 && count >= size - given_) return skip_rest(size);
    std::int64_t passed = 0;
    while (passed < count) {
      std::int64_t dropped[256];
      const std::int64_t wanted = std::min<std::int64_t>(count - passed, 256);
      const std::int64_t got = next(dropped, wanted);
      stores_.release(dropped, got);
      passed += got;
      if (got < wanted) break;
    }
    return passed;
  }

  std::int64_t size() const override { return input_->size(); }
  std::int64_t size_up_to(std::int64_t limit) override { return input_->size_up_to(limit); }

 private:
  void fill() {
    filled_ = true;
    // Grows with what the input really has: a buffer_size far above it costs nothing.
    std::int64_t have = 0;
    while (have < options_.buffer_size && !input_ended_) {
      const std::int64_t wanted =
          std::min(options_.buffer_size - have, std::max<std::int64_t>(have, 1024));
      if (static_cast<std::int64_t>(buffer_.size()) < have + wanted) {
        buffer_.resize(static_cast<std::size_t>(have + wanted));
      }
      const std::int64_t got = input_->next(buffer_.data() + have, wanted);
      input_ended_ = got < wanted;
      have += got;
    }
    held_ = have;
  }

  // Reads what replaces the next `count` elements handed out; returns how many there are.
  std::int64_t refill(std::int64_t count) {
    if (input_ended_) return 0;
    if (static_cast<std::int64_t>(refill_.size()) < count) {
      refill_.resize(static_cast<std::size_t>(count));
    }
    const std::int64_t got = input_->next(refill_.data(), count);
    input_ended_ = got < count;
    return got;
  }

  std::int64_t skip_rest(std::int64_t size) {
    const std::int64_t passed = size - given_;
    stores_.release(buffer_.data(), held_);
    held_ = 0;
    filled_ = true;
    input_ended_ = true;
    given_ = size;
    return passed;
  }

  std::unique_ptr<IndexStream> input_;
  ShuffleOptions options_;
  const StoreSet& stores_;
  Choices choices_;
  std::vector<std::int64_t> buffer_;  // the first held_ are; the rest is room, kept over passes
  std::int64_t held_ = 0;
  std::vector<std::int64_t> refill_;
  std::int64_t given_ = 0;
  bool filled_ = false;
  bool input_ended_ = false;
};

}  // namespace

std::unique_ptr<IndexStream> shuffle_stream(std::unique_ptr<IndexStream> input,
                                            const ShuffleOptions& options, const StoreSet& stores) {
  return std::make_unique<ShuffleStream>(std::move(input), options, stores);
}

}  // namespace holdfast
