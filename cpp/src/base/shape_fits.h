// Whether a value can stand where a shape is declared.
#pragma once

#include <cstddef>

#include "holdfast/tensor.h"

namespace holdfast {

// Where `declared` says -1, any size fits, and one that is not known yet.
inline bool shape_fits(const Shape& declared, const Shape& given) noexcept {
  if (declared.size() != given.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (declared[i] >= 0 && declared[i] != given[i]) return false;
  }
  return true;
}

}  // namespace holdfast
