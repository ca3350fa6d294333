// Decimal text as numbers. No locale takes part.
#pragma once

#include <charconv>
#include <string_view>
#include <type_traits>

namespace holdfast {

// The text without what may surround a number: spaces, and a plus sign, which from_chars does not
// know.
inline std::string_view number_part(std::string_view text) noexcept {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return plus ? text.substr(1) : text;
}

// The whole text, a number_part, is a number of T; false otherwise, `value` then being anything.
template <typename T>
bool parse_number(std::string_view text, T& value) noexcept {
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if constexpr (std::is_same_v<T, float>) {
    double wide = 0;  // too large or too small for float: infinity or zero, as a cast makes it
    if (status == std::errc::result_out_of_range && parse_number(text, wide)) {
      value = static_cast<float>(wide);
      return true;
    }
  }
  return status == std::errc() && stop == end;
}

}  // namespace holdfast
