// What one element of a data pipeline looks like to its readers.
#pragma once

#include <vector>

#include "holdfast/tensor.h"

namespace holdfast {

// The components of one element, wherever they are kept.
class Element {
 public:
  virtual ~Element() = default;
  virtual Shape shape(int component) const = 0;  // all sizes known
  // Copies a component to `destination` (std::string* for kString).
  virtual void copy(int component, void* destination) const = 0;
};

// An element whose components are tensors.
class TensorElement final : public Element {
 public:
  explicit TensorElement(const std::vector<Tensor>& components) : components_(components) {}
  Shape shape(int component) const override { return at(component).shape(); }
  void copy(int component, void* destination) const override;

 private:
  const Tensor& at(int component) const { return components_[static_cast<std::size_t>(component)]; }
  const std::vector<Tensor>& components_;
};

// Copies `count` elements of a dtype; ranges do not overlap.
void copy_elements(DType dtype, const void* from, void* to, std::int64_t count);

}  // namespace holdfast
