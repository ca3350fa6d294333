// Operations on more than 2^31 elements: see huge_kernels_test.cpp. Bytes where the values do not
// matter, so that results fit any machine.
#include <gtest/gtest.h>

#include "huge/ring_memory.h"
#include "ops/evaluate.h"

namespace holdfast::testing {
namespace {

using reference::RingMemory;

constexpr std::int64_t kHuge = (std::int64_t{1} << 31) + 36;

template <typename T>
Tensor view(DType dtype, const RingMemory<T>& memory, const Shape& shape) {
  return Tensor::borrow(dtype, shape, memory.data(), nullptr);
}

// Zeros but for the last element, which is 3.
struct LastIsThree : RingMemory<float> {
  LastIsThree() : RingMemory<float>(kHuge) { data()[kHuge - 1] = 3; }
  Tensor as(const Shape& shape) const { return view(DType::kFloat32, *this, shape); }
};
// False but for the last element.
struct LastIsTrue : RingMemory<bool> {
  LastIsTrue() : RingMemory<bool>(kHuge) { data()[kHuge - 1] = true; }
  Tensor as(const Shape& shape) const { return view(DType::kBool, *this, shape); }
};

TEST(HugeOps, ReduceToNumbersAndPlaces) {
  const LastIsThree x;
  const Attributes all;
  for (const char* op : {"reduce_sum", "reduce_max"}) {
    EXPECT_EQ(values_of<float>(apply(op, {x.as({kHuge})}, all, false, 2)), (std::vector<float>{3}));
    EXPECT_EQ(values_of<float>(apply(op, {x.as({kHuge / 2, 2})}, {{"axes", Shape{0}}}, false, 2)),
              (std::vector<float>{0, 3}));
  }
  EXPECT_EQ(
      values_of<std::int64_t>(apply("argmax", {x.as({1, kHuge})}, {{"axis", std::int64_t{1}}})),
      (std::vector<std::int64_t>{kHuge - 1}));
  EXPECT_EQ(values_of<std::int64_t>(apply("size_of", {x.as({2, kHuge / 2})})),
            (std::vector<std::int64_t>{kHuge}));
}

// The last elements of a result, which are right when all went by the right number.
void expect_last(const Tensor& result, const std::vector<bool>& expected) {
  ASSERT_EQ(result.size(), kHuge);
  const bool* last = result.data<bool>() + kHuge - static_cast<std::int64_t>(expected.size());
  EXPECT_EQ(std::vector<bool>(last, last + expected.size()), expected);
  EXPECT_FALSE(result.data<bool>()[0]);
}

TEST(HugeOps, ElementByElement) {
  const LastIsThree x;
  const LastIsTrue b;
  expect_last(apply("cast", {x.as({kHuge})}, {{"dtype", std::string("bool")}}, false, 2),
              {false, true});
  expect_last(apply("greater", {x.as({kHuge}), floats({}, {1})}, {}, false, 2), {false, true});
  expect_last(apply("logical_and", {b.as({kHuge}), b.as({kHuge})}, {}, false, 2), {false, true});
  expect_last(apply("where", {b.as({kHuge}), b.as({kHuge}), b.as({kHuge})}, {}, false, 2),
              {false, true});
}

TEST(HugeOps, MoveElements) {
  const LastIsTrue b;
  // [2, n / 2] transposed: the two rows interleave.
  expect_last(apply("transpose", {b.as({2, kHuge / 2})}, {{"perm", Shape{1, 0}}}, false, 2),
              {false, true});
  const RingMemory<bool> half(kHuge / 2);
  const Tensor h = view(DType::kBool, half, {kHuge / 2});
  half.data()[kHuge / 2 - 1] = true;
  expect_last(apply("concat", {h, h}, {{"axis", std::int64_t{0}}}, false, 2), {false, true});
  expect_last(apply("tile", {h}, {{"multiples", Shape{2}}}, false, 2), {false, true});
  const Tensor columns = apply("slice", {b.as({kHuge / 4, 4})},
                               {{"begin", Shape{0, 1}},
                                {"end", Shape{kHuge, 4}},
                                {"stride", Shape{1, 2}},
                                {"drop", Shape{}}});
  EXPECT_EQ(columns.shape(), (Shape{kHuge / 4, 2}));
  EXPECT_TRUE(columns.data<bool>()[kHuge / 2 - 1]);
  EXPECT_FALSE(columns.data<bool>()[kHuge / 2 - 2]);
}

// A row of 2^31 elements by its number, into memory of its size.
TEST(HugeOps, GatherALongRow) {
  const LastIsTrue b;
  const Tensor rows = apply("gather", {b.as({1, kHuge}), ints({1}, {0})});
  expect_last(rows, {false, true});
}

}  // namespace
}  // namespace holdfast::testing
