#include "base/cpu_count.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace holdfast {
namespace {

int at_least_one(unsigned count) noexcept { return count == 0 ? 1 : static_cast<int>(count); }

// quota / period, rounded up; 0 for no quota.
int whole_cpus(double quota, double period) {
  if (quota <= 0 || period <= 0) return 0;
  const int whole = static_cast<int>(quota / period);
  return whole * period < quota ? whole + 1 : whole;
}

// Version 2: cpu.max holds "max 100000" or "150000 100000", in microseconds.
int quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  double quota = 0;
  double period = 0;
  return file >> quota >> period ? whole_cpus(quota, period) : 0;
}

// Version 1: two files; a quota of -1 is none.
int quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  return quota_file >> quota && period_file >> period ? whole_cpus(quota, period) : 0;
}

// The smallest quota of root + path and of the folders above it, down to root. In a container the
// path may be one of the host, which is not mounted: then only the root says something.
int smallest_quota(const std::string& root, std::string path, int (*quota)(const std::string&)) {
  int least = 0;
  while (true) {
    const int here = quota(root + (path == "/" ? "" : path));
    if (here > 0 && (least == 0 || here < least)) least = here;
    const std::size_t slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) return least;
    path.resize(slash);
  }
}

bool has_controller(const std::string& list, const std::string& name) {
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    if (item == name) return true;
  }
  return false;
}

}  // namespace

int affinity_cpus() noexcept {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return at_least_one(static_cast<unsigned>(CPU_COUNT(&set)));
  }
#endif
  return at_least_one(std::thread::hardware_concurrency());
}

int cgroup_cpus(const std::string& root, const std::string& membership) {
  int least = 0;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    // hierarchy-id:controllers:path; version 2 has id 0 and no controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    int found = 0;
    if (controllers.empty()) {
      found = smallest_quota(root, path, &quota_v2);
    } else if (has_controller(controllers, "cpu")) {
      found = smallest_quota(root + "/cpu", path, &quota_v1);
      if (found == 0) found = smallest_quota(root + "/" + controllers, path, &quota_v1);
    }
    if (found > 0 && (least == 0 || found < least)) least = found;
  }
  return least;
}

int cgroup_cpus() {
  std::ifstream file("/proc/self/cgroup");
  const std::string membership((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
  return cgroup_cpus("/sys/fs/cgroup", membership);
}

}  // namespace holdfast
