#include "base/copy_crc32c.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"

namespace holdfast {
namespace {

constexpr std::uint64_t kFloats = 0x7F8000007F800000;

std::vector<CopyKind> kinds() {
  std::vector<CopyKind> all;
  for (const CopyKind kind : {CopyKind::kPortable, CopyKind::kFolding})
    if (copy_runs_here(kind)) all.push_back(kind);
  return all;
}

std::vector<unsigned char> random_bytes(std::size_t size) {
  std::vector<unsigned char> bytes(size);
  std::uint32_t state = 12345;
  for (unsigned char& byte : bytes)
    byte = static_cast<unsigned char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// Sizes around a folding step of 256 bytes and a block of 16 KiB; starts on and off 32 bytes.
TEST(CopyCrc32c, CopiesAndAgreesWithTheTableAtEverySizeAndAlignment) {
  for (const CopyKind kind : kinds()) {
    for (const CopyTo where : {CopyTo::kCache, CopyTo::kMemory}) {
      for (const std::size_t size :
           {0, 1, 7, 8, 31, 255, 256, 257, 511, 512, 1000, 4096, 16384, 16640, 70001}) {
        for (const std::size_t start : {0, 1, 4, 32}) {
          const std::vector<unsigned char> from = random_bytes(size + start + 1);
          alignas(32) static unsigned char to[80'000];
          std::memset(to, 0xEE, sizeof to);
          const CopyResult result =
              copy_crc32c_with(kind, to + start, from.data() + start, size, 17, kFloats, where);
          EXPECT_EQ(result.crc, crc32c_with(Crc32cKind::kSoftware, from.data() + start, size, 17))
              << size << " from " << start;
          EXPECT_EQ(std::memcmp(to + start, from.data() + start, size), 0);
          EXPECT_EQ(to[start + size], 0xEE);  // not a byte more
        }
      }
    }
  }
}

// RFC 3720, appendix B.4, and the check value of CRC catalogues.
TEST(CopyCrc32c, KnownVectors) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  const std::pair<std::string, std::uint32_t> vectors[] = {{std::string(32, '\0'), 0x8A9136AA},
                                                           {std::string(32, '\xFF'), 0x62A8AB43},
                                                           {ascending, 0x46DD794E},
                                                           {"123456789", 0xE3069283}};
  std::vector<unsigned char> to(64);
  for (const CopyKind kind : kinds())
    for (const auto& [text, crc] : vectors)
      EXPECT_EQ(
          copy_crc32c_with(kind, to.data(), text.data(), text.size(), 0, 0, CopyTo::kCache).crc,
          crc);
}

TEST(CopyCrc32c, FlagsAnElementWhereverItIs) {
  struct Type {
    std::uint64_t flags;
    std::vector<unsigned char> bad;   // an infinity
    std::vector<unsigned char> good;  // the largest number
  };
  const Type types[] = {
      {0x7C007C007C007C00, {0x00, 0x7C}, {0xFF, 0x7B}},
      {0x7F807F807F807F80, {0x80, 0x7F}, {0x7F, 0x7F}},
      {kFloats, {0x00, 0x00, 0x80, 0xFF}, {0xFF, 0xFF, 0x7F, 0xFF}},
      {0x7FF0000000000000,
       {0, 0, 0, 0, 0, 0, 0xF0, 0x7F},
       {255, 255, 255, 255, 255, 255, 0xEF, 255}},
  };
  std::vector<unsigned char> to(1024);
  for (const CopyKind kind : kinds()) {
    for (const Type& type : types) {
      const std::size_t width = type.bad.size();
      for (std::size_t at = 0; at + width <= 600; at += width) {
        std::vector<unsigned char> from(600, 0);
        std::copy(type.good.begin(), type.good.end(), from.begin() + at);
        EXPECT_FALSE(
            copy_crc32c_with(kind, to.data(), from.data(), 600, 0, type.flags, CopyTo::kMemory)
                .flagged);
        std::copy(type.bad.begin(), type.bad.end(), from.begin() + at);
        EXPECT_TRUE(
            copy_crc32c_with(kind, to.data(), from.data(), 600, 0, type.flags, CopyTo::kMemory)
                .flagged)
            << at;
        EXPECT_FALSE(
            copy_crc32c_with(kind, to.data(), from.data(), 600, 0, 0, CopyTo::kMemory).flagged);
      }
    }
  }
}

}  // namespace
}  // namespace holdfast
