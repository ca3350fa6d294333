// Functions applied to the elements of a data pipeline: graphs without variables.
#pragma once

#include <memory>
#include <vector>

#include "holdfast/dataset.h"
#include "holdfast/graph.h"
#include "runtime/element.h"

namespace holdfast {

// Throws: InvalidArgument unless `inputs` are placeholders that fit the component types and the
// graph has nothing but the elements' values to depend on.
void check_map_function(const MapFunction& function, const std::vector<TensorType>& components);

// Applies functions one after the other. Keeps a planned program for each shape it has seen lately.
// Not thread-safe.
class MapChain {
 public:
  explicit MapChain(const std::vector<MapFunction>& functions);
  ~MapChain();
  MapChain(MapChain&&) noexcept;

  bool empty() const noexcept { return runners_.empty(); }
  const std::vector<TensorType>& types() const noexcept { return types_; }
  // Requires: not empty. The result is valid until the next call.
  const Element& apply(const Element& element);

 private:
  class Runner;
  std::vector<std::unique_ptr<Runner>> runners_;
  std::vector<TensorType> types_;
};

}  // namespace holdfast
