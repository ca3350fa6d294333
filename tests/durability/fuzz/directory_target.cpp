// A whole directory. `verify` and a full restore agree on it, and one tensor read alone is the one
// of the restore.
#include "checkpoint_bytes.h"
#include "fuzz/directory_input.h"
#include "fuzz/guard.h"
#include "fuzz/json_mutation.h"
#include "fuzz/targets.h"
#include "io/opened.h"
#include "reading.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMaxBytes = 3072;

void run(const std::string& input) {
  const Guard guard(input.size());
  const Files files = unpack(input);
  MemoryIo io(files);
  succeeds([&] {
    const io::OpenedCheckpoint opened(io, "fuzzed");
    const bool verified = succeeds([&] { opened.verify(1); });
    std::vector<Tensor> values;
    const bool restored = succeeds([&] { values = opened.read_all(1); });
    if (verified != restored) broken_promise("verify and restore disagree");
    const auto& tensors = opened.manifest().tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      Tensor alone;
      const bool read = succeeds([&] { alone = opened.read(tensors[i]); });
      if (restored && (!read || !same_tensor(alone, values[i])))
        broken_promise("a tensor read alone differs from the restored one");
    }
  });
}

// One file is changed; seven times of eight COMMIT is made to agree, two times of eight all is.
std::string mutate(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes) {
  Files files = unpack(input);
  const std::uint64_t draw = seed / 8 % 8;
  if (draw < 5) {
    std::string& text = files[io::kManifestName];
    text = mutate_json(text, seed / 64, kMaxBytes, mutate_bytes);
  } else {
    auto file = files.begin();
    std::advance(file, seed / 64 % files.size());
    std::string& bytes = file->second;
    const std::size_t size = bytes.size();
    bytes.resize(kMaxBytes);
    bytes.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(bytes.data()),
                              std::min(size, kMaxBytes), kMaxBytes));
  }
  if (seed % 8 >= 6) repair(files);
  if (seed % 8 != 0) seal(files);
  return pack(files);
}

std::vector<std::string> seeds() {
  std::vector<std::string> inputs;
  for (const Files& files : small_checkpoints()) inputs.push_back(pack(files));
  return inputs;
}

}  // namespace

const FuzzTarget kDirectoryTarget{"directory", kMaxBytes, run, mutate, seeds};

}  // namespace holdfast::durability
