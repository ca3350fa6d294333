#include "fuzz/replay.h"

#include <algorithm>
#include <filesystem>
#include <random>

#include "fuzz/targets.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

std::minstd_rand byte_random;  // of mutate_bytes, whose signature has no room for it

// A stand-in for LLVMFuzzerMutate: one small change anywhere.
std::size_t mutate_bytes(std::uint8_t* data, std::size_t size, std::size_t max) {
  auto& random = byte_random;
  if (size == 0) return 0;
  const std::size_t at = random() % size;
  switch (random() % 5) {
    case 0:
      data[at] = static_cast<std::uint8_t>(data[at] ^ (1u << random() % 8));
      return size;
    case 1:
      data[at] = static_cast<std::uint8_t>(random());
      return size;
    case 2:
      std::copy(data + at + 1, data + size, data + at);
      return size - 1;
    case 3:
      if (size == max) return at;
      std::copy_backward(data + at, data + size, data + size + 1);
      return size + 1;
    default:
      return at;  // cut
  }
}

std::vector<std::string> inputs_of(const std::string& folder) {
  std::vector<std::string> inputs;
  for (const std::string& name : io::names_of(folder))
    inputs.push_back(io::read_file(folder + "/" + name));
  return inputs;
}

}  // namespace

Outcome replay_corpus(const Setting& setting) {
  Outcome outcome;
  const auto at = std::find(setting.more.begin(), setting.more.end(), "--corpus");
  if (setting.more.end() - at < 2) {
    outcome.violations.push_back("expected --corpus DIR");
    return outcome;
  }
  for (const FuzzTarget* target : fuzz_targets()) {
    std::vector<std::string> inputs = inputs_of(*(at + 1) + "/" + target->name);
    for (const std::string& input : inputs) target->run(input);
    outcome.details.set(std::string(target->name) + "_corpus",
                        static_cast<std::int64_t>(inputs.size()));
    outcome.cases += static_cast<std::int64_t>(inputs.size());
    std::minstd_rand random(static_cast<unsigned>(setting.seed));
    byte_random.seed(static_cast<unsigned>(setting.seed));
    for (std::int64_t i = 0; i < setting.size; ++i, ++outcome.cases) {
      // A few generations away from the corpus.
      std::string input = inputs[random() % inputs.size()];
      for (std::size_t times = 1 + random() % 3; times > 0; --times)
        input = target->mutate(input, random(), mutate_bytes);
      target->run(input);
    }
  }
  return outcome;
}

Outcome write_seeds(const Setting& setting) {
  Outcome outcome;
  for (const FuzzTarget* target : fuzz_targets()) {
    const std::string folder = setting.folder + "/" + target->name;
    std::filesystem::create_directories(folder);
    for (const std::string& input : target->seeds())
      io::write_file(folder + "/seed-" + std::to_string(outcome.cases++), input);
  }
  return outcome;
}

}  // namespace holdfast::durability
