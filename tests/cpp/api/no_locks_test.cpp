// "Const calls take no lock": the locks of the calling thread are counted while it predicts. The
// program's own pthread_mutex_lock stands before that of the C library.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "holdfast/model.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

thread_local int locks_taken = 0;

// Counts a lock, and takes it as the C library does.
template <typename Lock>
int count_and_lock(int (*&function)(Lock*), const char* name, Lock* lock) {
  ++locks_taken;
  if (function == nullptr)  // NOLINTNEXTLINE(*-reinterpret-cast): what dlsym returns
    function = reinterpret_cast<int (*)(Lock*)>(::dlsym(RTLD_NEXT, name));
  return function(lock);
}

}  // namespace

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static thread_local int (*next)(pthread_mutex_t*) = nullptr;
  return count_and_lock(next, "pthread_mutex_lock", mutex);
}
extern "C" int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static thread_local int (*next)(pthread_rwlock_t*) = nullptr;
  return count_and_lock(next, "pthread_rwlock_rdlock", lock);
}
extern "C" int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static thread_local int (*next)(pthread_rwlock_t*) = nullptr;
  return count_and_lock(next, "pthread_rwlock_wrlock", lock);
}

namespace holdfast {
namespace {

const std::string kExports = HOLDFAST_GOLDEN_DIR "/v1/exports/";

constexpr int kThreads = 8;
constexpr int kCalls = 500;  // of each thread

template <typename Body>
int locks_of(const Body& body) {
  const int before = locks_taken;
  body();
  return locks_taken - before;
}

TEST(NoLocks, TheCounterSeesLocks) {
  std::mutex mutex;
  std::shared_mutex shared;
  EXPECT_EQ(locks_of([&] { const std::lock_guard<std::mutex> held(mutex); }), 1);
  EXPECT_EQ(locks_of([&] { const std::shared_lock<std::shared_mutex> held(shared); }), 1);
  EXPECT_EQ(locks_of([&] { const std::lock_guard<std::shared_mutex> held(shared); }), 1);
}

TensorMap one_row(const Model& model) {
  TensorMap inputs;
  for (const SignatureTensor& input : model.signature().inputs)
    inputs.emplace(input.name, Tensor(input.dtype, {1}));
  return inputs;
}

// Locks of eight threads at once, after a first call of each.
template <typename MakeCall>
int locks_of_eight_threads(const MakeCall& make_call) {
  std::atomic<int> locks{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      auto call = make_call();
      call();
      locks += locks_of([&] {
        for (int i = 0; i < kCalls; ++i) call();
      });
    });
  for (std::thread& thread : threads) thread.join();
  return locks;
}

TEST(NoLocks, NoneIsTakenByPredictors) {
  const Model model = Model::load(kExports + "iris");
  const auto make_call = [&] {
    return [predictor = std::make_shared<Predictor>(model)] { predictor->run(); };
  };
  EXPECT_EQ(locks_of_eight_threads(make_call), 0);
}

// A plan may be another thread's when it is wanted: then one more is made, which takes a lock that
// nobody else knows. There are never more than sixteen (api/plan_pool.h).
TEST(NoLocks, NoneIsTakenByPredictionsButWhilePlanning) {
  const Model model = Model::load(kExports + "iris");
  const TensorMap inputs = one_row(model);
  const auto make_call = [&] { return [&] { model.predict(inputs); }; };
  EXPECT_LE(locks_of_eight_threads(make_call), 16);  // of 8 x kCalls calls
}

}  // namespace
}  // namespace holdfast

#endif
