#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "base/cpu_count.h"
#include "base/float_mode.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr int kMaxThreads = 1024;
// How long a thread looks for work before it sleeps: about the time that waking it costs.
constexpr std::chrono::microseconds kSpin{50};
constexpr int kPausesPerLook = 32;

// True while this thread runs a part, of any pool.
thread_local bool inside_part = false;

// Counts the forks between the first process and this one. A forked child has no workers and may
// have inherited locked mutexes, so a pool of another generation is replaced, never touched.
std::atomic<std::uint64_t> fork_generation{0};

std::uint64_t current_generation() {
#if defined(__unix__) || defined(__APPLE__)
  static const int registered = pthread_atfork(nullptr, nullptr, [] { ++fork_generation; });
  static_cast<void>(registered);
#endif
  return fork_generation.load(std::memory_order_relaxed);
}

void pause_processor() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Looks at ready() for about kSpin; true as soon as it is.
template <class Ready>
bool spin_until(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (ready()) return true;
      pause_processor();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

int threads_from(const char* variable, const std::string& value) {
  // OMP_NUM_THREADS may be a list, one number for each level of nesting.
  const std::string first = value.substr(0, value.find(','));
  const bool digits =
      !first.empty() && first.size() <= 4 &&
      std::all_of(first.begin(), first.end(), [](char c) { return '0' <= c && c <= '9'; });
  const int threads = digits ? std::stoi(first) : 0;
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(Code::kInvalidArgument,
                std::string(variable) + ": expected a number of threads from 1 to " +
                    std::to_string(kMaxThreads) + ", got \"" + value +
                    "\". Correct it, or unset it to use every processor of this process.",
                {{"expected", "1.." + std::to_string(kMaxThreads)}, {"found", value}});
  }
  return threads;
}

}  // namespace

int default_thread_count() {
  for (const char* variable : {"HOLDFAST_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return threads_from(variable, value);
  }
  const int quota = cgroup_cpus();
  const int cpus = affinity_cpus();
  return std::min(quota > 0 ? std::min(quota, cpus) : cpus, kMaxThreads);
}

struct ThreadPool::Impl {
  explicit Impl(int thread_count) : threads(thread_count) {}
  ~Impl() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stop = true;
      ++round;
    }
    work.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  // The first parallel call pays for the threads. A machine that refuses some runs with fewer.
  void start() {
    workers.reserve(static_cast<std::size_t>(threads - 1));
    try {
      while (static_cast<int>(workers.size()) < threads - 1) {
        const int index = static_cast<int>(workers.size()) + 1;
        workers.emplace_back([this, index] { serve(index); });
      }
    } catch (const std::system_error&) {
      threads = static_cast<int>(workers.size()) + 1;
    }
  }

  void serve(int index) {
    for (std::uint64_t seen = 0;; ++seen) {
      const auto called = [&] { return round.load() != seen; };
      if (!spin_until(called)) {
        std::unique_lock<std::mutex> lock(mutex);
        ++sleepers;
        work.wait(lock, called);
        --sleepers;
      }
      if (stop) return;
      run_parts(index);
      // The caller may sleep by now; taking the mutex closes the gap between its look and its wait.
      if (--pending == 0 && caller_sleeps.load()) {
        {
          const std::lock_guard<std::mutex> lock(mutex);
        }
        done.notify_one();
      }
    }
  }

  // Parts index, index + threads, ...: which thread runs a part is fixed.
  void run_parts(int index) noexcept {
    const ScopedFloatMode as_the_caller(mode);
    inside_part = true;
    for (int p = index; p < parts; p += stride) {
      try {
        part(context, p);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (error == nullptr || p < error_part) {
          error = std::current_exception();
          error_part = p;
        }
      }
    }
    inside_part = false;
  }

  void run(int part_count, Part body, const void* body_context) {
    parts = part_count;
    stride = threads;
    part = body;
    context = body_context;
    mode = FloatMode::current();
    pending.store(threads - 1);
    ++round;  // publishes the fields above
    if (sleepers.load() > 0) {
      {
        const std::lock_guard<std::mutex> lock(mutex);
      }
      work.notify_all();
    }
    run_parts(0);
    const auto finished = [&] { return pending.load() == 0; };
    if (!spin_until(finished)) {
      std::unique_lock<std::mutex> lock(mutex);
      caller_sleeps.store(true);
      done.wait(lock, finished);
      caller_sleeps.store(false);
    }
    if (error != nullptr) std::rethrow_exception(std::exchange(error, nullptr));
  }

  std::atomic<int> threads;  // other callers look at it while start() may lower it
  const std::uint64_t generation = current_generation();
  std::atomic<bool> busy{false};
  std::vector<std::thread> workers;

  // One round of work; written by the caller while no worker runs.
  int parts = 0;
  int stride = 1;
  Part part = nullptr;
  const void* context = nullptr;
  FloatMode mode = FloatMode::current();

  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable done;
  std::exception_ptr error;  // of the lowest part that threw
  int error_part = 0;
  std::atomic<int> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> stop{false};
  // Both are written at every call: each on a cache line of its own.
  alignas(64) std::atomic<std::uint64_t> round{0};
  alignas(64) std::atomic<int> pending{0};
};

ThreadPool::ThreadPool(int threads) {
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(Code::kInvalidArgument, "number of threads: expected 1 to " +
                                            std::to_string(kMaxThreads) + ", got " +
                                            std::to_string(threads) + ".");
  }
  impl_ = new Impl(threads);
}

ThreadPool::~ThreadPool() {
  // In a forked child the workers do not exist and cannot be joined: their memory is given up.
  const Impl* impl = impl_.load();
  if (impl->generation == current_generation()) delete impl;
}

int ThreadPool::threads() const noexcept { return impl_.load()->threads; }

// In a forked child, the first caller puts a pool of the child's in the place of the parent's,
// which is given up as in the destructor; others may be calling at the same time.
ThreadPool::Impl& ThreadPool::of_this_process() {
  Impl* impl = impl_.load();
  if (impl->generation == current_generation()) return *impl;
  auto fresh = std::make_unique<Impl>(impl->threads);
  return impl_.compare_exchange_strong(impl, fresh.get()) ? *fresh.release() : *impl;
}

void ThreadPool::run(int parts, Part part, const void* context) {
  Impl& impl = of_this_process();
  // From inside a part, or while another thread uses the pool: one part after the other.
  if (inside_part || impl.threads == 1 || impl.busy.exchange(true)) {
    for (int p = 0; p < parts; ++p) part(context, p);
    return;
  }
  struct Release {
    std::atomic<bool>& busy;
    ~Release() { busy.store(false); }
  } release{impl.busy};
  if (impl.workers.empty()) impl.start();
  impl.run(parts, part, context);
}

}  // namespace holdfast
