#include "holdfast/tensor.h"

#include <gtest/gtest.h>

#include "holdfast/error.h"
#include "testing.h"

namespace holdfast {
namespace {

TEST(Tensor, IsZeroAndAlignedWhenCreated) {
  const Tensor tensor(DType::kFloat32, {2, 3});
  EXPECT_EQ(tensor.bytes(), 24u);  // 2 * 3 * 4
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.raw()) % 64, 0u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(tensor.data<float>()[i], 0.0f);
}

TEST(Tensor, ClonesDoNotShareElements) {
  Tensor tensor(DType::kString, {1});
  *tensor.data<std::string>() = "setosa";
  Tensor copy = tensor.clone();
  *copy.data<std::string>() = "virginica";
  EXPECT_EQ(*tensor.data<std::string>(), "setosa");
}

// 2^62 floats are 2^64 bytes, which a 64-bit size would take for none.
TEST(Tensor, RefusesMoreBytesThanCanBeCounted) {
  for (const DType dtype : {DType::kFloat32, DType::kString}) {
    const std::string text = std::string("shape [4611686018427387904]: expected elements of ") +
                             dtype_name(dtype) + " whose bytes fit int64";
    EXPECT_ERROR(Tensor(dtype, {std::int64_t{1} << 62}), Code::kInvalidArgument, text);
    EXPECT_ERROR(Tensor::borrow(dtype, {std::int64_t{1} << 62}, nullptr, nullptr),
                 Code::kInvalidArgument, text);
  }
}

TEST(DType, UnknownNameListsTheKnownOnes) {
  try {
    dtype_from_name("float31");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("float32"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("got \"float31\""), std::string::npos);
  }
}

TEST(Shape, ElementCountRefusesOverflow) {
  EXPECT_EQ(element_count({2, 0, 5}), 0);
  EXPECT_EQ(element_count({}), 1);
  EXPECT_THROW(element_count({std::int64_t{1} << 62, 4}), Error);
}

}  // namespace
}  // namespace holdfast
