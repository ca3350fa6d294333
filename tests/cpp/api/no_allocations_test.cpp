// "run() allocates nothing": the allocations of the calling thread are counted while it predicts.
// The program's own malloc stands before that of the C library, operator new included.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "holdfast/model.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
thread_local int allocations = 0;
}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name):
// the C library's own names
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);
extern "C" void* __libc_memalign(std::size_t, std::size_t);
extern "C" void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* memory, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(memory, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  return __libc_memalign(alignment, size);
}
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
// NOLINTEND(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name)

namespace holdfast {
namespace {

const std::string kExports = HOLDFAST_GOLDEN_DIR "/v1/exports/";

template <typename Body>
int allocations_of(const Body& body) {
  const int before = allocations;
  body();
  return allocations - before;
}

TEST(NoAllocations, TheCounterSeesThem) {
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

#endif
