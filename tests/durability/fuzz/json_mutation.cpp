#include "fuzz/json_mutation.h"

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace holdfast::durability {
namespace {

using Random = std::minstd_rand;

// [begin, end) of a value: a number, a string with its quotes, or all of an array or object.
struct Span {
  std::size_t begin;
  std::size_t end;
};

// Around the limits of integers, sizes and alignments of the format.
const std::array<const char*, 26> kNumbers = {"0",
                                              "1",
                                              "2",
                                              "3",
                                              "7",
                                              "8",
                                              "63",
                                              "64",
                                              "65",
                                              "128",
                                              "4095",
                                              "4096",
                                              "4097",
                                              "65536",
                                              "262145",
                                              "1048576",
                                              "4194305",
                                              "4294967295",
                                              "4294967296",
                                              "9007199254740991",
                                              "9007199254740992",
                                              "9223372036854775807",
                                              "18446744073709551616",
                                              "-1",
                                              "1.0",
                                              "1e9"};
const std::array<const char*, 20> kStrings = {"\"\"",
                                              "\"bool\"",
                                              "\"int8\"",
                                              "\"bfloat16\"",
                                              "\"float32\"",
                                              "\"int64\"",
                                              "\"complex128\"",
                                              "\"string\"",
                                              "\"global_step\"",
                                              "\"slot\"",
                                              "\"variable\"",
                                              "\"00000000\"",
                                              "\"\\u0000\"",
                                              "\"\\ud800\"",
                                              "\"\xC3\xA9\"",
                                              "null",
                                              "true",
                                              "[]",
                                              "{}",
                                              "[0]"};

struct Tokens {
  std::vector<Span> numbers;
  std::vector<Span> strings;
  std::vector<Span> containers;  // inner ones first
};

bool is_number_char(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.' || c == 'e'; }

std::size_t end_of_string(const std::string& text, std::size_t begin) {
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

Tokens tokens_of(const std::string& text) {
  Tokens tokens;
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const std::size_t end = end_of_string(text, at);
      tokens.strings.push_back({at, end});
      at = end;
      continue;
    }
    if ((c >= '0' && c <= '9') || c == '-') {
      const std::size_t begin = at;
      while (at < text.size() && is_number_char(text[at])) ++at;
      tokens.numbers.push_back({begin, at});
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      open.push_back(at - 1);
    } else if ((c == '}' || c == ']') && !open.empty()) {
      tokens.containers.push_back({open.back(), at});
      open.pop_back();
    }
  }
  return tokens;
}

template <typename List>
const auto& any_of(const List& list, Random& random) {
  return list[random() % list.size()];
}

std::string of(const std::string& text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
}

std::string other_number(const std::string& text, const Tokens& tokens, Span span, Random& random) {
  const std::string old = of(text, span);
  if (random() % 3 == 0) return any_of(kNumbers, random);
  if (random() % 2 == 0) return of(text, any_of(tokens.numbers, random));
  if (old.size() > 15 || old.find_first_not_of("0123456789") != std::string::npos) return "0";
  const unsigned long long value = std::stoull(old);
  const unsigned long long near[] = {value + 1, value - 1, value + 64, value * 2, value / 2};
  return std::to_string(near[random() % 5]);
}

// Doubles it, or leaves it out with the comma beside it.
void repeat_or_drop(std::string& text, Span span, Random& random) {
  if (random() % 2 == 0) {
    text.insert(span.end, "," + of(text, span));
    return;
  }
  if (span.end < text.size() && text[span.end] == ',') {
    ++span.end;
  } else if (span.begin > 0 && text[span.begin - 1] == ',') {
    --span.begin;
  }
  text.erase(span.begin, span.end - span.begin);
}

void mutate_once(std::string& text, Random& random) {
  const Tokens tokens = tokens_of(text);
  const std::size_t draw = random() % 8;
  if (draw < 4 && !tokens.numbers.empty()) {
    const Span span = any_of(tokens.numbers, random);
    text.replace(span.begin, span.end - span.begin, other_number(text, tokens, span, random));
  } else if (draw < 6 && !tokens.strings.empty()) {
    const Span span = any_of(tokens.strings, random);
    const std::string with = random() % 2 == 0 ? std::string(any_of(kStrings, random))
                                               : of(text, any_of(tokens.strings, random));
    text.replace(span.begin, span.end - span.begin, with);
  } else if (!tokens.containers.empty()) {
    const Span span = any_of(tokens.containers, random);
    const Span other = any_of(tokens.containers, random);
    if (draw == 6) {
      repeat_or_drop(text, span, random);
    } else {
      text.replace(span.begin, span.end - span.begin, of(text, other));
    }
  }
}

}  // namespace

std::string mutate_json(const std::string& text, std::uint64_t seed, std::size_t max,
                        MutateBytes mutate_bytes) {
  Random random(static_cast<Random::result_type>(seed * 2 + 1));
  std::string changed = text;
  if (random() % 4 == 0) {
    changed.resize(max);
    changed.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(changed.data()),
                                std::min(text.size(), max), max));
    return changed;
  }
  for (std::size_t count = 1 + random() % 3; count > 0; --count) mutate_once(changed, random);
  changed.resize(std::min(changed.size(), max));
  return changed;
}

}  // namespace holdfast::durability
