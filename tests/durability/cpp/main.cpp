// holdfast_durability COMMAND --size N --seed N --folder DIR: one campaign, one line of JSON.
// holdfast_durability open DIR ..., seal DIR ...: see open_command.h.
// Exit code 0: no violation; 1: some; 2: wrong arguments.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "campaigns.h"
#include "open_command.h"

int main(int argc, char** argv) {
  using namespace holdfast::durability;
  const std::string command = argc > 1 ? argv[1] : "";
  const std::vector<std::string> rest(argv + std::min(argc, 2), argv + argc);
  if (command == "open") return open_command(rest);
  if (command == "seal") return seal_command(rest);
  const auto found = campaigns().find(command);
  if (found == campaigns().end()) {
    std::fprintf(stderr, "holdfast_durability: expected one of these commands:\n");
    for (const auto& entry : campaigns()) std::fprintf(stderr, "  %s\n", entry.first.c_str());
    return 2;
  }
  Setting setting;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--size" && has_value) {
      setting.size = std::atoll(argv[++i]);
    } else if (option == "--seed" && has_value) {
      setting.seed = static_cast<std::uint64_t>(std::atoll(argv[++i]));
    } else if (option == "--folder" && has_value) {
      setting.folder = argv[++i];
    } else {
      setting.more.push_back(option);
    }
  }
  const Outcome outcome = found->second(setting);
  std::printf("%s\n", to_line(outcome).c_str());
  return outcome.violations.empty() ? 0 : 1;
}
