// Programs of one signature, planned for the shapes of earlier calls and lent to one call at a
// time. Lending takes no lock and waits for nobody: a slot is emptied and filled by one exchange.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/program.h"

namespace holdfast {

struct Plan {
  std::vector<TensorType> inputs;  // in the order of the signature
  Program program;
};

// Safe from many threads at once.
class PlanPool {
 public:
  PlanPool() = default;
  ~PlanPool();
  PlanPool(const PlanPool&) = delete;
  PlanPool& operator=(const PlanPool&) = delete;

  // A plan for these inputs that nobody uses; nullptr: make one.
  std::unique_ptr<Plan> take(const std::vector<TensorType>& inputs) noexcept;
  // Keeps it for the next call, in the place of an older one when there are too many.
  void give(std::unique_ptr<Plan> plan) noexcept;

 private:
  // A line of cache for each: threads that have their own slots do not meet.
  struct alignas(64) Slot {
    std::atomic<Plan*> plan{nullptr};
    std::atomic<std::uint64_t> key{0};  // of the shapes last put here: where looking is worth it
  };
  static constexpr std::size_t kSlots = 16;
  std::array<Slot, kSlots> slots_;
};

}  // namespace holdfast
