// "run() allocates nothing": the allocations of the calling thread are counted while it predicts.
#include <gtest/gtest.h>

#include <vector>

#include "holdfast/model.h"
#include "own_malloc.h"

namespace holdfast {
namespace {

const std::string kExports = HOLDFAST_GOLDEN_DIR "/v1/exports/";

template <typename Body>
int allocations_of(const Body& body) {
  const int before = allocations_so_far();
  body();
  return allocations_so_far() - before;
}

TEST(NoAllocations, TheCounterSeesThem) {
  if (!has_own_malloc()) GTEST_SKIP();
  EXPECT_EQ(allocations_of([] { std::vector<int> one(3); }), 1);
  EXPECT_EQ(allocations_of([] { Tensor(DType::kFloat32, {3}); }) > 0, true);
}

// Numbers, and strings shorter than std::string keeps in itself: every class of the model.
TEST(NoAllocations, NoneIsMadeByAPredictor) {
  const Model model = Model::load(kExports + "iris");
  for (const std::int64_t rows : {1, 2, 17, 4096}) {
    Predictor predictor(model, {"", rows, {}, 1});
    const std::size_t inputs = predictor.signature().inputs.size();
    EXPECT_EQ(allocations_of([&] {
                for (int call = 0; call < 50; ++call) {
                  for (std::size_t i = 0; i < inputs; ++i)
                    predictor.input(i).data<float>()[call % rows] = static_cast<float>(call % 8);
                  predictor.run();
                }
              }),
              0)
        << rows << " rows";
  }
}

}  // namespace
}  // namespace holdfast
