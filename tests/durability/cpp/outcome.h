// What a campaign of this program has seen, and the one line of JSON it prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace holdfast::durability {

struct Outcome {
  std::int64_t cases = 0;
  std::vector<std::string> violations;  // one sentence each, enough to repeat it
  Json details = Json::object();
};

// How much and from which seed; `folder` is an empty directory to work in. size 0: everything.
struct Setting {
  std::int64_t size = 0;
  std::uint64_t seed = 1;
  std::string folder;
  std::vector<std::string> more;  // arguments of one campaign alone
};

inline std::string to_line(const Outcome& outcome) {
  Json violations = Json::array();
  for (const std::string& text : outcome.violations) violations.push_back(Json(text));
  Json line = Json::object();
  line.set("cases", outcome.cases);
  line.set("violations", violations);
  line.set("details", outcome.details);
  return to_text(line);
}

}  // namespace holdfast::durability
