// How many processors the operating system lets this process use.
#pragma once

#include <string>

namespace holdfast {

// Processors in the affinity mask of this process; at least 1.
int affinity_cpus() noexcept;

// The CPU quota of a control group in processors, rounded up; 0 when there is none. The smallest
// quota from the group up to the root counts, as the kernel enforces each of them.
//   root: where the cgroup file systems are mounted, "/sys/fs/cgroup" on every usual machine.
//   membership: the text of /proc/self/cgroup. Versions 1 and 2 are understood.
int cgroup_cpus(const std::string& root, const std::string& membership);

// The same for this process; 0 when the files cannot be read.
int cgroup_cpus();

}  // namespace holdfast
