#include "base/cpu_count.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace holdfast {
namespace {

class CgroupCpus : public testing::Test {
 protected:
  CgroupCpus()
      : root_(std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~CgroupCpus() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  int cpus(const std::string& membership) const { return cgroup_cpus(root_.string(), membership); }

 private:
  std::filesystem::path root_;
};

TEST_F(CgroupCpus, AreNoneWithoutFilesOrQuota) {
  EXPECT_EQ(cpus(""), 0);
  EXPECT_EQ(cpus("0::/job\n"), 0);
  write("job/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus("0::/job\n"), 0);
}

TEST_F(CgroupCpus, OfVersion2RoundUpAndTakeTheSmallestAbove) {
  write("job/step/cpu.max", "350000 100000\n");
  EXPECT_EQ(cpus("0::/job/step\n"), 4);  // 3.5
  write("job/cpu.max", "200000 100000\n");
  EXPECT_EQ(cpus("0::/job/step\n"), 2);
  write("cpu.max", "50000 100000\n");  // what a container sees of its own group
  EXPECT_EQ(cpus("0::/job/step\n"), 1);
  EXPECT_EQ(cpus("0::/\n"), 1);
}

TEST_F(CgroupCpus, OfVersion1ReadBothFilesOfTheCpuController) {
  const std::string membership = "11:memory:/job\n4:cpu,cpuacct:/job\n0::/\n";
  write("cpu/job/cpu.cfs_quota_us", "-1\n");
  write("cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus(membership), 0);
  write("cpu/job/cpu.cfs_quota_us", "300000\n");
  EXPECT_EQ(cpus(membership), 3);
}

TEST_F(CgroupCpus, OfVersion1AreFoundUnderTheListOfControllersToo) {
  write("cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
  write("cpu,cpuacct/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(cpus("4:cpu,cpuacct:/docker/abc\n"), 2);
}

TEST_F(CgroupCpus, SurviveNonsense) {
  write("job/cpu.max", "lots of them\n");
  EXPECT_EQ(cpus("no colons\n0::\n::\n0::/job\n"), 0);
}

TEST(AffinityCpus, IsAtLeastOne) { EXPECT_GE(affinity_cpus(), 1); }

}  // namespace
}  // namespace holdfast
