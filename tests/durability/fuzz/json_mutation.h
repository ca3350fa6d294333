// Changes a JSON text by its tokens, so that most results are JSON still.
#pragma once

#include <cstdint>
#include <string>

#include "fuzz/targets.h"

namespace holdfast::durability {

// A number becomes another one, a string another, an element is doubled, left out or moved; one
// time of four `mutate_bytes` changes it as bytes. At most `max` bytes.
std::string mutate_json(const std::string& text, std::uint64_t seed, std::size_t max,
                        MutateBytes mutate_bytes);

}  // namespace holdfast::durability
