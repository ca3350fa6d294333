#include "api/text_files.h"

#include <gtest/gtest.h>

#include "holdfast/error.h"
#include "io/testing_io.h"

namespace holdfast {
namespace {

using io::TemporaryFolder;
using io::TestIo;

std::string error_of(const std::string& path, io::Io& io, Code code) {
  try {
    read_text_files({path}, {}, io);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.details().at("path"), path);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(TextFiles, AreReadInOrderThroughTheSeam) {
  const TemporaryFolder folder;
  io::write_file(folder / "a.txt", "1\n2");
  io::write_file(folder / "b.txt", "3");
  std::filesystem::create_symlink(folder / "b.txt", folder / "link.txt");
  TestIo io;
  const auto lines = read_text_files({folder / "a.txt", folder / "link.txt"}, {}, io);
  EXPECT_EQ(lines->size(), 3);
  EXPECT_EQ(lines->line(2), "3");
  EXPECT_EQ(lines->describe(), "lines[3](a.txt: 3 bytes, link.txt: 1 bytes)");
  EXPECT_FALSE(io.calls.empty());
}

TEST(TextFiles, EveryFailingCallIsAnErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.txt";
  io::write_file(path, "1\n");
  TestIo all;
  read_text_files({path}, {}, all);
  for (std::size_t n = 1; n <= all.calls.size(); ++n) {
    SCOPED_TRACE(all.calls[n - 1]);
    TestIo io;
    io.fail_at = n;
    if (all.calls[n - 1].rfind("close", 0) == 0) {
      EXPECT_EQ(read_text_files({path}, {}, io)->size(), 1);  // nothing was written: no harm
      continue;
    }
    EXPECT_NE(error_of(path, io, Code::kUnavailable).find("got: Input/output error"),
              std::string::npos);
  }
}

TEST(TextFiles, RefuseWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of(folder.path(), io::system_io(), Code::kInvalidArgument),
            "data file \"" + folder.path() +
                "\": expected a file; got a directory. Name the files in it");
  EXPECT_EQ(error_of(folder / "no", io::system_io(), Code::kNotFound),
            "data file \"" + (folder / "no") +
                "\": expected a file that can be read; got: No such file or directory. Relative "
                "names start in the directory that the program runs in");
  EXPECT_THROW(read_text_files({}, {}), Error);
}

}  // namespace
}  // namespace holdfast
