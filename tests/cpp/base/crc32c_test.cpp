#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast {
namespace {

const Crc32cKind kKinds[] = {Crc32cKind::kSoftware, Crc32cKind::kSse42, Crc32cKind::kArmv8};

std::vector<unsigned char> noise(std::size_t size) {
  std::vector<unsigned char> bytes(size);
  std::uint32_t state = 1;
  for (unsigned char& byte : bytes) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    byte = static_cast<unsigned char>(state >> 24);
  }
  return bytes;
}

// RFC 3720, B.4, and the check value of the catalogue of parametrised CRC algorithms.
TEST(Crc32c, GivesTheVectorsOfRfc3720OnEveryImplementation) {
  std::string ascending;
  std::string descending;
  for (char c = 0; c < 32; ++c) {
    ascending += c;
    descending += static_cast<char>(31 - c);
  }
  const std::pair<std::string, std::uint32_t> vectors[] = {{std::string(32, '\0'), 0x8A9136AA},
                                                           {std::string(32, '\xFF'), 0x62A8AB43},
                                                           {ascending, 0x46DD794E},
                                                           {descending, 0x113FDB5C},
                                                           {"123456789", 0xE3069283},
                                                           {"", 0}};
  for (const Crc32cKind kind : kKinds) {
    if (!crc32c_runs_here(kind)) continue;
    for (const auto& [text, crc] : vectors)
      EXPECT_EQ(crc32c_with(kind, text.data(), text.size()), crc) << text.size();
  }
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
}

TEST(Crc32c, ImplementationsAgreeAtEverySizeAndAlignment) {
  // Around 3 * 256 and 3 * 8192 bytes, where the hardware's streams begin, and twice that.
  const auto bytes = noise(3 * 8192 * 2 + 1024);
  for (const std::size_t size :
       {0, 1, 7, 8, 9, 255, 767, 768, 769, 1535, 24575, 24576, 24577, 49153}) {
    for (std::size_t shift = 0; shift < 9; ++shift) {
      const std::uint32_t expected =
          crc32c_with(Crc32cKind::kSoftware, bytes.data() + shift, size, 0x1234);
      for (const Crc32cKind kind : kKinds) {
        if (!crc32c_runs_here(kind)) continue;
        EXPECT_EQ(crc32c_with(kind, bytes.data() + shift, size, 0x1234), expected) << size;
      }
    }
  }
}

TEST(Crc32c, ContinuesAcrossAnyCut) {
  const auto bytes = noise(2000);
  const std::uint32_t whole = crc32c(bytes.data(), bytes.size());
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 13)
    EXPECT_EQ(crc32c(bytes.data() + cut, bytes.size() - cut, crc32c(bytes.data(), cut)), whole);
}

}  // namespace
}  // namespace holdfast
