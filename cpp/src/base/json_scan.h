// A look at a JSON text before it is parsed: each byte once, nothing built. What exceeds the limits
// costs neither the memory nor the time of parsing it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"

namespace holdfast {

// Lower bounds of what the parser will count; text that is no JSON may pass, and is refused there.
// `stream_key` names the array of the root whose elements are handed on one by one; empty: none.
// Throws: ResourceExhausted for a limit.
void scan_json(std::string_view text, const JsonLimits& limits, std::string_view stream_key);

// What the values, keys and bytes of one parse may take in memory, as the parser counts it.
constexpr std::size_t kJsonBytesOfValue = 2 * sizeof(Json);  // growing a vector holds two of each
constexpr std::size_t kJsonBytesOfKey = sizeof(Json::Member);

[[noreturn]] void json_over_limit(const std::string& what, std::size_t limit);

}  // namespace holdfast
