// The names of signatures or tensors, as messages list them.
#pragma once

#include <string>

namespace holdfast {

// "a, b", or "none".
template <typename Items>
std::string names_of(const Items& items) {
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : ", ") + item.name;
  return names.empty() ? "none" : names;
}

}  // namespace holdfast
