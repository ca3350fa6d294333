#include "io/pins.h"

#include <gtest/gtest.h>

#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

using Names = std::vector<std::string>;

TEST(Pins, APinnedCheckpointIsNotRemovedUntilItIsUnpinned) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  const std::string path = writer.save(tiny(7));
  pin(system_io(), path);
  pin(system_io(), path);  // twice is once
  EXPECT_EQ(pinned(system_io(), folder.path()), Names{"model.ckpt-7"});
  EXPECT_ERROR(writer.remove(path), Code::kFailedPrecondition, "not pinned");
  EXPECT_EQ(names_of(folder.path()), (Names{".pin-model.ckpt-7", "model.ckpt-7"}));
  unpin(system_io(), path + "/");
  unpin(system_io(), path);
  writer.remove(path);
  EXPECT_EQ(names_of(folder.path()), Names{});
}

TEST(Pins, APinIsDurableOnReturn) {
  const TemporaryFolder folder;
  const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7));
  TestIo io(folder.path());
  pin(io, path);
  const auto made = std::find(io.calls.begin(), io.calls.end(), "create .pin-model.ckpt-7");
  const auto synced = std::find(made, io.calls.end(), "fsync .pin-model.ckpt-7");
  EXPECT_NE(std::find(synced, io.calls.end(), "fsync ."), io.calls.end());
  io.calls.clear();
  unpin(io, path);
  EXPECT_EQ(io.calls[io.calls.size() - 2], "fsync .");
}

TEST(Pins, TheNextWriterLeavesPinsAlone) {
  const TemporaryFolder folder;
  pin(system_io(), ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7)));
  ModelDirWriter(system_io(), folder.path(), {}).save(tiny(10));
  EXPECT_EQ(names_of(folder.path()), (Names{".pin-model.ckpt-7", "model.ckpt-10", "model.ckpt-7"}));
}

TEST(Pins, OnlyACheckpointCanBePinned) {
  const TemporaryFolder folder;
  EXPECT_ERROR(pin(system_io(), folder / "model.ckpt-7"), Code::kNotFound, "model.ckpt-7");
  EXPECT_ERROR(pin(system_io(), folder / "no/model.ckpt-7"), Code::kNotFound, "no such directory");
  EXPECT_ERROR(pin(system_io(), folder / "COMMIT"), Code::kInvalidArgument, "model.ckpt-<step>");
  EXPECT_EQ(names_of(folder.path()), Names{});
  EXPECT_EQ(pinned(system_io(), folder / "no"), Names{});
}

TEST(Pins, AnErrorNamesCallAndPath) {
  const TemporaryFolder folder;
  const std::string path = ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7));
  TestIo io(folder.path());
  io.fail_calls["fsync ."] = EIO;
  EXPECT_ERROR(pin(io, path), Code::kUnavailable, "fsync " + folder.path());
}

}  // namespace
}  // namespace holdfast::io
