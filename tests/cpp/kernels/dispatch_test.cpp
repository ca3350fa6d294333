#include <gtest/gtest.h>

#include <string>

#include "holdfast/error.h"
#include "kernels/kernels.h"
#include "reference.h"

namespace holdfast::kernels {
namespace {

TEST(Dispatch, ChoosesEveryRunnableTableByName) {
  const std::string before = table().isa;
  for (const KernelTable* runnable : reference::tables()) {
    choose_table(runnable->isa);
    EXPECT_EQ(&table(), runnable);
  }
  choose_table(before.c_str());
  EXPECT_STREQ(reference::tables()[0]->isa, "scalar");
}

TEST(Dispatch, UnknownNameListsWhatThisMachineCanRun) {
  try {
    choose_table("sse9");
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_NE(text.find("HOLDFAST_ISA"), std::string::npos) << text;
    EXPECT_NE(text.find("got \"sse9\""), std::string::npos) << text;
    for (const KernelTable* runnable : reference::tables()) {
      EXPECT_NE(text.find(runnable->isa), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace holdfast::kernels
