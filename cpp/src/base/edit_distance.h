// How far two names are apart, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace holdfast {

// The fewest characters to insert, delete or replace that turn a into b. O(|a| |b|).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace holdfast
