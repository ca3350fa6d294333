#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("relu", "relu"), 0u);
  EXPECT_EQ(edit_distance("relu", "elu"), 1u);        // r deleted
  EXPECT_EQ(edit_distance("relu", "relu6"), 1u);      // 6 inserted
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // k -> s, e -> i, g inserted
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

}  // namespace
}  // namespace holdfast
