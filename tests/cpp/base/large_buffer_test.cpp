#include "base/large_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>
#include <utility>

namespace holdfast {
namespace {

TEST(LargeBuffer, HoldsAtLeastWhatWasAskedForAsZerosAtAPage) {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{4096}, std::size_t{5000}, kHugePagesFrom, kHugePagesFrom + 1}) {
    const LargeBuffer buffer(bytes);
    ASSERT_GE(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 4096, 0u);
    for (std::size_t i = 0; i < buffer.size(); ++i) ASSERT_EQ(buffer.data()[i], 0);
    buffer.data()[buffer.size() - 1] = 1;  // all of it is there
  }
}

TEST(LargeBuffer, LargeOnesStartAtAHugePage) {
  const LargeBuffer buffer(kHugePagesFrom);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % (2 << 20), 0u);
}

TEST(LargeBuffer, MovingLeavesOneOwner) {
  LargeBuffer first(10);
  first.data()[3] = 7;
  LargeBuffer second = std::move(first);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT(bugprone-use-after-move): moved-from is empty
  EXPECT_EQ(first.size(), 0u);
  EXPECT_EQ(second.data()[3], 7);
  second = LargeBuffer();
  EXPECT_EQ(second.data(), nullptr);
}

TEST(LargeBuffer, WhatNoMachineHasIsBadAlloc) {
  EXPECT_THROW(LargeBuffer(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  EXPECT_THROW(LargeBuffer(std::size_t{1} << 62), std::bad_alloc);
}

}  // namespace
}  // namespace holdfast
