// Checks of text that comes from files and callers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// The offset of the first byte that is not well-formed UTF-8 (overlong forms, surrogates and
// values past U+10FFFF included), or text.size(). Source: Unicode 15, table 3-7.
std::size_t invalid_utf8_at(std::string_view text) noexcept;

inline bool is_utf8(std::string_view text) noexcept { return invalid_utf8_at(text) == text.size(); }

// The text for a message, as valid UTF-8 on one line: bytes that are not, and control characters,
// become "\x00". What was read from a file may be anything.
std::string printable(std::string_view text);

}  // namespace holdfast
