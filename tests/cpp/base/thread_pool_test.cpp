#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "holdfast/error.h"

namespace holdfast {
namespace {

TEST(ThreadPool, RunsEveryPartOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int parts : {0, 1, 2, 7, 100}) {
      for (int round = 0; round < 20; ++round) {
        std::vector<std::atomic<int>> calls(static_cast<std::size_t>(parts));
        pool.parallel(parts, [&](int part) { ++calls[static_cast<std::size_t>(part)]; });
        for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
      }
    }
  }
}

TEST(ThreadPool, PartZeroRunsOnTheCallerAndPartsStayOnTheirThread) {
  ThreadPool pool(3);
  std::vector<std::thread::id> first(9);
  std::vector<std::thread::id> second(9);
  const auto note = [](std::vector<std::thread::id>* ids) {
    return [ids](int part) { (*ids)[static_cast<std::size_t>(part)] = std::this_thread::get_id(); };
  };
  pool.parallel(9, note(&first));
  pool.parallel(9, note(&second));
  EXPECT_EQ(first[0], std::this_thread::get_id());
  EXPECT_NE(first[1], first[0]);
  EXPECT_EQ(first[3], first[0]);  // 3 threads: parts 0, 3 and 6 are the caller's
  EXPECT_EQ(first, second);
}

TEST(ThreadPool, WakesWorkersThatSleep) {
  ThreadPool pool(4);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than the spin
    std::atomic<int> sum{0};
    pool.parallel(4, [&](int part) {
      if (part == 3) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      sum += part;
    });
    EXPECT_EQ(sum.load(), 6);
  }
}

TEST(ThreadPool, NestedCallRunsItsPartsInOrderOnTheSameThread) {
  ThreadPool pool(2);
  std::atomic<int> right{0};
  pool.parallel(2, [&](int) {
    std::vector<int> order;
    const auto self = std::this_thread::get_id();
    pool.parallel(3, [&](int inner) {
      if (std::this_thread::get_id() == self) order.push_back(inner);
    });
    if (order == std::vector<int>{0, 1, 2}) ++right;
  });
  EXPECT_EQ(right.load(), 2);
}

TEST(ThreadPool, ThrowsTheExceptionOfTheLowestPartAndStaysUsable) {
  ThreadPool pool(4);
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> finished{0};
    try {
      pool.parallel(8, [&](int part) {
        if (part == 3 || part == 6) throw std::runtime_error(std::to_string(part));
        ++finished;
      });
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "3");
    }
    EXPECT_EQ(finished.load(), 6);
    std::atomic<int> calls{0};
    pool.parallel(4, [&](int) { ++calls; });
    EXPECT_EQ(calls.load(), 4);
  }
}

TEST(ThreadPool, CallersAtTheSameTimeBothFinish) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  const auto many = [&] {
    for (int i = 0; i < 200; ++i) pool.parallel(2, [&](int) { ++calls; });
  };
  std::thread other(many);
  many();
  other.join();
  EXPECT_EQ(calls.load(), 800);
}

TEST(ThreadPool, WorksInAForkedChild) {
  ThreadPool pool(3);
  std::atomic<int> calls{0};
  pool.parallel(3, [&](int) { ++calls; });
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::atomic<int> in_child{0};
    pool.parallel(6, [&](int part) { in_child += part; });
    _exit(in_child.load() == 15 ? 0 : 1);  // 0 + 1 + 2 + 3 + 4 + 5
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  pool.parallel(3, [&](int) { ++calls; });
  EXPECT_EQ(calls.load(), 6);
}

// A server forks after loading its model, and the child's threads predict at once.
TEST(ThreadPool, WorksInManyThreadsOfAForkedChild) {
  constexpr int kCallers = 4;
  for (int round = 0; round < 100; ++round) {
    ThreadPool pool(2);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::atomic<int> ready{0};
      std::atomic<int> calls{0};
      std::vector<std::thread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          ++ready;
          while (ready.load() < kCallers) std::this_thread::yield();
          pool.parallel(2, [&](int) { ++calls; });
        });
      }
      for (std::thread& caller : callers) caller.join();
      _exit(calls.load() == 2 * kCallers ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "round " << round;
  }
}

TEST(ThreadPool, RefusesASizeOutOfRange) {
  EXPECT_THROW(ThreadPool(0), Error);
  EXPECT_THROW(ThreadPool(-2), Error);
}

TEST(SplitRange, CoversEverythingInMultiplesOfTheGrain) {
  for (const std::int64_t count : {0, 1, 15, 16, 17, 1000}) {
    for (const int parts : {1, 2, 3, 7}) {
      std::int64_t at = 0;
      for (int part = 0; part < parts; ++part) {
        const Range range = split_range(count, parts, part, 16);
        EXPECT_EQ(range.begin, at);
        EXPECT_TRUE(range.end == count || range.end % 16 == 0);
        at = range.end;
      }
      EXPECT_EQ(at, count);
    }
  }
}

// Sets a variable of the environment for one test; nullptr removes it.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    const char* before = std::getenv(name);
    had_ = before != nullptr;
    if (had_) before_ = before;
    set(value);
  }
  ~ScopedVariable() { set(had_ ? before_.c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      unsetenv(name_);
    } else {
      setenv(name_, value, 1);
    }
  }
  const char* name_;
  bool had_;
  std::string before_;
};

TEST(DefaultThreadCount, FollowsTheVariablesInOrder) {
  const ScopedVariable no_own("HOLDFAST_NUM_THREADS", nullptr);
  const ScopedVariable no_omp("OMP_NUM_THREADS", nullptr);
  EXPECT_GE(default_thread_count(), 1);
  const ScopedVariable omp("OMP_NUM_THREADS", "5,2");  // a list: the outermost level counts
  EXPECT_EQ(default_thread_count(), 5);
  const ScopedVariable own("HOLDFAST_NUM_THREADS", "3");
  EXPECT_EQ(default_thread_count(), 3);
}

TEST(DefaultThreadCount, SaysWhatIsWrongWithAVariable) {
  for (const char* bad : {"0", "-1", "two", "1.5", "99999", "2 "}) {
    const ScopedVariable own("HOLDFAST_NUM_THREADS", bad);
    try {
      default_thread_count();
      FAIL() << bad;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      EXPECT_EQ(text.find("HOLDFAST_NUM_THREADS: expected a number of threads from 1 to 1024, got"),
                0u);
      EXPECT_NE(text.find("got \"" + std::string(bad) + "\""), std::string::npos) << text;
      EXPECT_NE(text.find("unset it"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace holdfast
