// Which table this process uses: the best one of this machine, or the one HOLDFAST_ISA names.
#include <atomic>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "kernels/kernels.h"
#include "kernels/tables.h"

namespace holdfast::kernels {
namespace {

struct Runnable {
  const KernelTable* tables[3];
  int count;
};

Runnable find_runnable() noexcept {
  Runnable found{{&kScalarTable, nullptr, nullptr}, 1};
  const CpuFeatures features = cpu_features();
#if defined(__x86_64__)
  if (features.avx2_fma) found.tables[found.count++] = &kAvx2Table;
  if (features.avx512) found.tables[found.count++] = &kAvx512Table;
#elif defined(__aarch64__)
  if (features.neon) found.tables[found.count++] = &kNeonTable;
#endif
  return found;
}

const KernelTable* find_table(const std::string& isa) {
  const TableList list = runnable_tables();
  std::vector<std::string> names;
  for (int i = 0; i < list.count; ++i) {
    if (isa == list.tables[i]->isa) return list.tables[i];
    names.emplace_back(list.tables[i]->isa);
  }
  throw_unknown_isa(isa, names);
}

const KernelTable* default_table() {
  const std::string requested = requested_isa();
  if (!requested.empty()) return find_table(requested);
  const TableList list = runnable_tables();
  return list.tables[list.count - 1];
}

std::atomic<const KernelTable*> chosen{nullptr};

}  // namespace

TableList runnable_tables() noexcept {
  static const Runnable found = find_runnable();
  return {found.tables, found.count};
}

const KernelTable& table() {
  const KernelTable* current = chosen.load(std::memory_order_acquire);
  if (current == nullptr) {
    // Threads that get here together all find the same table; choose_table() in between wins.
    const KernelTable* best = default_table();
    if (chosen.compare_exchange_strong(current, best, std::memory_order_acq_rel)) current = best;
  }
  return *current;
}

void choose_table(const char* isa) { chosen.store(find_table(isa), std::memory_order_release); }

}  // namespace holdfast::kernels
