#include <algorithm>
#include <string>
#include <utility>

#include "base/shape_fits.h"
#include "holdfast/error.h"
#include "runtime/element.h"
#include "runtime/row_store.h"

namespace holdfast {
namespace {

std::string type_text(DType dtype, const Shape& shape) {
  return std::string(dtype_name(dtype)) + " " + shape_text(shape);
}

class Generator final : public GeneratorRows {
 public:
  Generator(int store, ResumableRowSource source, bool resumable, std::vector<TensorType> types,
            const std::vector<MapFunction>& functions)
      : base_(static_cast<std::int64_t>(store) << kSlotBits),
        source_(std::move(source)),
        resumable_(resumable),
        types_(std::move(types)),
        chain_(functions) {
    for (const TensorType& type : kept_types()) {
      uniform_ =
          uniform_ && std::find(type.shape.begin(), type.shape.end(), -1) == type.shape.end();
    }
  }

  void begin(std::uint64_t) override {
    reader_ = nullptr;  // made when the first row is wanted
    ended_ = false;
    arrived_ = 0;
  }

  std::int64_t next(std::int64_t* indices, std::int64_t count) override {
    std::int64_t given = 0;
    for (; given < count && read(); ++given) indices[given] = base_ + keep();
    return given;
  }

  std::int64_t skip(std::int64_t count) override {
    if (resumable_) return jump(count);
    std::int64_t passed = 0;
    while (passed < count && read()) ++passed;
    return passed;
  }

  std::int64_t size() const override { return kUnknownSize; }
  std::int64_t size_up_to(std::int64_t limit) override {
    if (resumable_ && rows_of_pass_ < 0 && !open(limit)->next(row_)) find_size(0, limit);
    return rows_of_pass_;
  }

  void prepare(const std::int64_t*, std::int64_t) override {}
  void release(std::int64_t slot) override {
    rows_[static_cast<std::size_t>(slot)].clear();
    free_.push_back(slot);
  }
  int components() const override { return static_cast<int>(kept_types().size()); }
  DType dtype(int component) const override {
    return kept_types()[static_cast<std::size_t>(component)].dtype;
  }
  bool is_uniform() const override { return uniform_; }
  Shape row_shape(int component, std::int64_t index) const override {
    return value(component, index).shape();
  }
  void gather(int component, const std::int64_t* indices, std::int64_t count, void* destination,
              std::int64_t stride) const override {
    auto* to = static_cast<char*>(destination);
    for (std::int64_t i = 0; i < count; ++i, to += stride) {
      const Tensor& tensor = value(component, indices[i]);
      copy_elements(tensor.dtype(), tensor.raw(), to, tensor.size());
    }
  }

 private:
  const std::vector<TensorType>& kept_types() const {
    return chain_.empty() ? types_ : chain_.types();
  }
  const Tensor& value(int component, std::int64_t index) const {
    return rows_[static_cast<std::size_t>(slot_of(index))][static_cast<std::size_t>(component)];
  }

  std::unique_ptr<RowReader> open(std::int64_t first) {
    auto reader = source_(first);
    if (reader != nullptr) return reader;
    throw Error(Code::kInvalidArgument, "from_generator: expected a reader of the rows from " +
                                            std::to_string(first) +
                                            " on, which may be of none; got a null pointer");
  }

  // Goes on by `count` rows, or to the end of the pass, without reading what is between.
  std::int64_t jump(std::int64_t count) {
    if (ended_ || count <= 0) return 0;
    if (rows_of_pass_ < 0) {
      auto reader = open(arrived_ + count - 1);
      if (reader->next(row_)) {
        arrived_ += count;
        reader_ = std::move(reader);
        return count;
      }
      find_size(arrived_, arrived_ + count - 1);
    }
    const std::int64_t passed = std::min(count, rows_of_pass_ - arrived_);
    arrived_ += passed;
    reader_ = nullptr;  // made anew where the next row is wanted
    ended_ = passed < count;
    return passed;
  }

  // Finds how many rows a pass has, at least and at most so many, by asking for single rows.
  void find_size(std::int64_t at_least, std::int64_t at_most) {
    while (at_least < at_most) {
      const std::int64_t middle = at_least + (at_most - at_least) / 2;
      if (open(middle)->next(row_)) {
        at_least = middle + 1;
      } else {
        at_most = middle;
      }
    }
    rows_of_pass_ = at_least;
  }

  // Reads the next row into row_; false at the end.
  bool read() {
    if (ended_) return false;
    if (!reader_) reader_ = open(resumable_ ? arrived_ : 0);
    if (!reader_->next(row_)) {
      ended_ = true;
      reader_ = nullptr;
      return false;
    }
    check();
    ++arrived_;
    return true;
  }

  void check() const {
    const std::string subject = "from_generator: row " + std::to_string(arrived_);
    if (row_.size() != types_.size()) {
      throw Error(Code::kInvalidArgument, subject + ": expected " + std::to_string(types_.size()) +
                                              " components; got " + std::to_string(row_.size()));
    }
    for (std::size_t c = 0; c < types_.size(); ++c) {
      const Tensor& got = row_[c];
      const TensorType& expected = types_[c];
      if (got.dtype() != expected.dtype || !shape_fits(expected.shape, got.shape())) {
        throw Error(Code::kInvalidArgument,
                    subject + ", component " + std::to_string(c) + ": expected " +
                        type_text(expected.dtype, expected.shape) + "; got " +
                        type_text(got.dtype(), got.shape()) +
                        ". Correct what the generator yields, or output_types and output_shapes");
      }
    }
  }

  // Puts row_, or what the functions make of it, into a slot.
  std::int64_t keep() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::int64_t>(rows_.size()));
      rows_.emplace_back();
    }
    const std::int64_t slot = free_.back();
    std::vector<Tensor>& kept = rows_[static_cast<std::size_t>(slot)];
    if (chain_.empty()) {
      kept = std::move(row_);
    } else {
      const Element& result = chain_.apply(TensorElement(row_));
      for (std::size_t c = 0; c < chain_.types().size(); ++c) {
        Tensor tensor(chain_.types()[c].dtype, result.shape(static_cast<int>(c)));
        result.copy(static_cast<int>(c), tensor.raw());
        kept.push_back(std::move(tensor));
      }
    }
    row_.clear();
    free_.pop_back();
    return slot;
  }

  std::int64_t base_;
  ResumableRowSource source_;
  bool resumable_;
  std::int64_t rows_of_pass_ = kUnknownSize;  // of a resumable source, once it is known
  std::vector<TensorType> types_;
  MapChain chain_;
  bool uniform_ = true;
  std::unique_ptr<RowReader> reader_;
  bool ended_ = true;
  std::int64_t arrived_ = 0;
  std::vector<Tensor> row_;
  std::vector<std::vector<Tensor>> rows_;
  std::vector<std::int64_t> free_;
};

}  // namespace

std::unique_ptr<GeneratorRows> GeneratorRows::create(int store, ResumableRowSource source,
                                                     bool resumable, std::vector<TensorType> types,
                                                     const std::vector<MapFunction>& functions) {
  return std::make_unique<Generator>(store, std::move(source), resumable, std::move(types),
                                     functions);
}

}  // namespace holdfast
