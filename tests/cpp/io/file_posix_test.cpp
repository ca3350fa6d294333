#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <new>

#include "io/testing_io.h"
#include "own_malloc.h"

namespace holdfast::io {
namespace {

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(PosixIo, ListLeavesNothingOpenWhenMemoryIsUsedUp) {
  if (!has_own_malloc()) GTEST_SKIP();
  const TemporaryFolder folder;
  write_file(folder / "a", "");
  const File directory(
      system_io(), system_io().open(kCurrentDirectory, folder.path(), OpenMode::kDirectoryFollow));
  std::vector<std::string> names;
  const std::ptrdiff_t before = open_files();
  bool thrown = false;
  try {
    const ScopedNoMemory no_memory(1);  // enough for the stream, not for the names
    system_io().list(directory.get(), names);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace holdfast::io
