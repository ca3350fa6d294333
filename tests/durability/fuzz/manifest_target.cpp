// The text of a manifest.json. What parses is written again and parses to the same.
#include "base/json.h"
#include "checkpoint_bytes.h"
#include "fuzz/directory_input.h"
#include "fuzz/guard.h"
#include "fuzz/json_mutation.h"
#include "fuzz/targets.h"
#include "io/manifest.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMaxBytes = 2048;

void run(const std::string& input) {
  const Guard guard(input.size());
  io::Manifest manifest;
  if (!succeeds([&] { manifest = io::parse_manifest(input, "fuzzed"); })) return;
  const std::string text = io::encode_manifest(manifest);
  io::Manifest again;
  if (!succeeds([&] { again = io::parse_manifest(text, "written"); }))
    broken_promise("a manifest that was read and written is refused");
  if (!io::same_contents(manifest, again))
    broken_promise("a manifest that was read and written is another one");
}

std::string mutate(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes) {
  return mutate_json(input, seed, kMaxBytes, mutate_bytes);
}

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const Files& files : small_checkpoints()) texts.push_back(files.at(io::kManifestName));
  return texts;
}

}  // namespace

const FuzzTarget kManifestTarget{"manifest", kMaxBytes, run, mutate, seeds};

}  // namespace holdfast::durability
