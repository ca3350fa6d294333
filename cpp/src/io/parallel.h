// Threads that wait for disks. They are not those of base/thread_pool.h, because a thread that
// sleeps in fsync would keep a kernel waiting.
#pragma once

#include <cstddef>
#include <functional>

namespace holdfast::io {

// Calls task(i) for i = 0..count-1 on up to `threads` threads, the calling one included, each
// taking the next i when it is free. After an exception no new task starts; the first one is thrown
// again when all threads have ended.
void run_parallel(int threads, std::size_t count, const std::function<void(std::size_t)>& task);

// The same, each thread taking the next `group` tasks at once and doing them in their order.
void run_parallel(int threads, std::size_t count, std::size_t group,
                  const std::function<void(std::size_t)>& task);

}  // namespace holdfast::io
