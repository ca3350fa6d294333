// Bytes from outside as part of a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// The text between quotes. Control characters and bytes that are no UTF-8 become \xNN; what
// is longer than `most` bytes is cut and says how long it is.
std::string quoted(std::string_view text, std::size_t most = 200);

}  // namespace holdfast
