// The text of a COMMIT. What parses is exactly what would be written.
#include "base/crc32c.h"
#include "fuzz/guard.h"
#include "fuzz/targets.h"
#include "io/commit.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMaxBytes = 600;  // a little more than the format allows

void run(const std::string& input) {
  const Guard guard(input.size());
  const io::CommitResult result = io::parse_commit(input);
  if (result.state == io::CommitState::kValid) {
    if (io::encode_commit(result.commit) != input) broken_promise("two texts of one COMMIT");
  } else if (result.reason.empty()) {
    broken_promise("a COMMIT that is not valid, without a reason");
  }
}

// The last line gets the checksum of what is before it, three times of four.
std::string mutate(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes) {
  std::string text = input;
  text.resize(kMaxBytes);
  text.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(text.data()), input.size(), kMaxBytes));
  const std::size_t last = text.rfind("\ncrc32c ");
  if (seed % 4 == 0 || last == std::string::npos) return text;
  text.resize(last + 1);
  return text + "crc32c " + io::crc_text(crc32c(text.data(), text.size())) + "\n";
}

std::vector<std::string> seeds() {
  return {io::encode_commit({}), io::encode_commit({{1, 2, 3}, 17, 1200, 18231, 0x8a7b6c5d})};
}

}  // namespace

const FuzzTarget kCommitTarget{"commit", kMaxBytes, run, mutate, seeds};

}  // namespace holdfast::durability
