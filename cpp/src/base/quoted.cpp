#include "base/quoted.h"

#include <algorithm>

#include "base/utf8.h"

namespace holdfast {

std::string quoted(std::string_view text, std::size_t most) {
  constexpr const char* kHex = "0123456789abcdef";
  const std::size_t shown = std::min(text.size(), most);
  std::string result = "\"";
  std::size_t valid_until = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i >= valid_until) valid_until = i + invalid_utf8_at(text.substr(i, shown - i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (i >= valid_until || byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    } else {
      result += text[i];
    }
  }
  result += '"';
  if (shown < text.size()) {
    result += "... (" + std::to_string(text.size()) + " bytes)";
  }
  return result;
}

}  // namespace holdfast
