// An input made of batches that a test lists.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "holdfast/input.h"

namespace holdfast {

class ArrayInput : public Input {
 public:
  // batches[b][c] is component c of element b.
  explicit ArrayInput(std::vector<std::vector<Tensor>> batches) : batches_(std::move(batches)) {}

  int components() const override { return static_cast<int>(batches_[0].size()); }
  TensorType type(int component) const override {
    Tensor first = batches_[0][static_cast<std::size_t>(component)];
    Shape shape = first.shape();
    if (!shape.empty()) shape[0] = -1;
    return {first.dtype(), shape};
  }
  bool advance() override {
    if (at_ + 1 >= static_cast<std::int64_t>(batches_.size())) return false;
    ++at_;
    return true;
  }
  Shape shape(int component) const override { return current(component).shape(); }
  void copy(int component, void* destination) const override {
    std::memcpy(destination, current(component).raw(), current(component).bytes());
  }
  std::int64_t consumed() const override { return at_ + 1; }
  void skip(std::int64_t count) override {
    at_ = std::min(at_ + count, static_cast<std::int64_t>(batches_.size()) - 1);
  }
  std::string fingerprint() const override { return "arrays"; }

 private:
  const Tensor& current(int component) const {
    return batches_[static_cast<std::size_t>(at_)][static_cast<std::size_t>(component)];
  }
  std::vector<std::vector<Tensor>> batches_;
  std::int64_t at_ = -1;
};

inline Tensor floats(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(DType::kFloat32, shape);
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

}  // namespace holdfast
