#include <gtest/gtest.h>

#include <memory>

#include "io/checkpoint_dir.h"
#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

using Names = std::vector<std::string>;

// The first element of "w" in the latest checkpoint.
float value_of_latest(const std::string& model_dir) {
  const auto opened = open_latest(system_io(), model_dir);
  for (const TensorEntry& tensor : opened->manifest().tensors)
    if (tensor.name == "w") return *opened->read(tensor).data<float>();
  return -1;
}

// Calls that change or sync something.
Names writes_of(const Names& calls) {
  Names writes;
  for (const std::string& call : calls) {
    const std::string verb = call.substr(0, call.find(' '));
    if (verb != "open" && verb != "pread" && verb != "list" &&
        (verb != "close" ||
         (call.substr(6, 5) == ".tmp-" && call.find('/') != std::string::npos)) &&
        (writes.empty() || writes.back() != call))
      writes.push_back(call);
  }
  return writes;
}

TEST(Save, CallsComeInTheOrderOfTheCommitProtocol) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  io.calls.clear();
  writer.save(tiny(7));
  const std::string tmp = ".tmp-model.ckpt-7/";
  const std::string shard = tmp + "data-00000-of-00001.bin";
  EXPECT_EQ(writes_of(io.calls),
            (Names{"mkdir .tmp-model.ckpt-7",                                   // W1
                   "create " + shard, "fallocate " + shard, "pwrite " + shard,  // W2
                   "fsync " + shard, "close " + shard,                          // W3
                   "create " + tmp + "manifest.json", "pwrite " + tmp + "manifest.json",
                   "fsync " + tmp + "manifest.json", "close " + tmp + "manifest.json",  // W4
                   "create " + tmp + "COMMIT", "pwrite " + tmp + "COMMIT",
                   "fsync " + tmp + "COMMIT", "close " + tmp + "COMMIT",  // W5
                   "fsync .tmp-model.ckpt-7",                             // W6
                   "rename .tmp-model.ckpt-7 model.ckpt-7 noreplace",     // W7
                   "fsync ."}));                                          // W8
}

TEST(Save, ProcessDurabilityLeavesOutEverySyncAndKeepsTheOrder) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {false, 1});
  writer.save(tiny(7));
  writer.save(tiny(7, 9));
  writer.write_bookkeeping(R"({"all":[]})");
  for (const std::string& call : io.calls) EXPECT_NE(call.substr(0, 5), "fsync") << call;
  EXPECT_EQ(value_of_latest(folder.path()), 9);
}

TEST(Save, SyncsEveryDirectoryThatItCreates) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder / "a/b", {});
  EXPECT_EQ(std::count(io.calls.begin(), io.calls.end(), "fsync ."), 1);
  EXPECT_EQ(std::count(io.calls.begin(), io.calls.end(), "fsync a"), 1);
}

TEST(Save, EqualContentsOfTheSameStepWriteNothing) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  const std::string path = writer.save(tiny(7));
  const std::string before = read_file(path + "/manifest.json");
  io.calls.clear();
  EXPECT_EQ(writer.save(tiny(7)), path);
  EXPECT_EQ(writes_of(io.calls), Names{});
  EXPECT_EQ(read_file(path + "/manifest.json"), before);
}

TEST(Save, AnEqualOlderCheckpointOfTheStepIsReplacedSoThatTheSaveIsTheLatest) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  writer.save(tiny(7));
  writer.save(tiny(8));
  EXPECT_EQ(writer.save(tiny(7)), folder / "model.ckpt-7");
  EXPECT_EQ(*latest(system_io(), folder.path()), folder / "model.ckpt-7");
}

TEST(Save, OtherContentsOfTheSameStepAreSwappedInWithOrWithoutExchange) {
  for (const bool no_flags : {false, true}) {
    const TemporaryFolder folder;
    TestIo io(folder.path());
    io.no_rename_flags = no_flags;
    ModelDirWriter writer(io, folder.path(), {});
    writer.save(tiny(7, 1));
    writer.save(tiny(7, 2));
    EXPECT_EQ(value_of_latest(folder.path()), 2);
    EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-7"});
    EXPECT_EQ(writer.take_warnings(), Names{});
  }
}

TEST(Save, ADamagedCheckpointOfTheStepIsPutAside) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  const std::string path = writer.save(tiny(7));
  std::string commit = read_file(path + "/COMMIT");
  commit[30] ^= 1;
  write_file(path + "/COMMIT", commit);
  writer.save(tiny(7, 3));
  EXPECT_EQ(names_of(folder.path()), (Names{"model.ckpt-7", "model.ckpt-7.corrupt"}));
  ASSERT_EQ(writer.take_warnings().size(), 1u);
  EXPECT_EQ(value_of_latest(folder.path()), 3);
}

// Every call of a save fails once, for each error: the earlier checkpoint stays, the next save
// works.
TEST(Save, AnErrorAtAnyCallLeavesTheEarlierCheckpointAndTheNextSaveWorks) {
  for (const bool no_flags : {false, true}) {
    for (const std::int64_t step : {7, 8}) {  // saved over, and beside
      for (const int error : {EIO, ENOSPC, EACCES, 0}) {
        for (const bool persistent : {false, true}) {
          if (persistent && error != EIO) continue;
          if (no_flags && step == 8) continue;  // no name is taken
          for (std::size_t n = 1;; ++n) {
            const TemporaryFolder folder;
            TestIo io(folder.path());
            io.no_rename_flags = no_flags;
            auto writer = std::make_unique<ModelDirWriter>(io, folder.path(), WriterOptions{});
            writer->save(tiny(7, 1));
            io.calls.clear();
            io.fail_at = n;
            io.fail_errno = error;
            io.short_write = error == 0;
            io.from_then_on = persistent;
            bool failed = false;
            try {
              writer->save(tiny(step, 2));
            } catch (const Error& caught) {
              failed = true;
              EXPECT_EQ(caught.kind(), "CheckpointSaveError") << caught.what();
            }
            const bool reached = io.calls.size() >= n;
            EXPECT_FALSE(io.synced_again);
            EXPECT_FALSE(failed && error == 0) << "a short write is no failure";
            const float value = value_of_latest(folder.path());
            EXPECT_TRUE(failed ? value == 1 || value == 2 : value == 2) << value;
            io.fail_at = 0;
            writer->save(tiny(9, 3));
            EXPECT_EQ(value_of_latest(folder.path()), 3);
            writer.reset();
            ModelDirWriter again(system_io(), folder.path(), {});
            for (const std::string& name : names_of(folder.path()))
              EXPECT_EQ(name.substr(0, 11), "model.ckpt-") << io.calls[n - 1];
            if (!reached) break;
          }
        }
      }
    }
  }
}

TEST(Save, AFullDiskSaysWhatIsMissing) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  io.fail_calls["fallocate .tmp-model.ckpt-7/data-00000-of-00001.bin"] = ENOSPC;
  EXPECT_ERROR(writer.save(tiny(7)), Code::kResourceExhausted,
               "No space left on device; needs 144 bytes, 12345 are free. Earlier checkpoints are "
               "untouched. Free space, or keep fewer checkpoints with keep_checkpoint_max.");
  EXPECT_EQ(names_of(folder.path()), Names{});
}

TEST(Save, AFailedSyncOfTheDirectoryAfterPublishingIsNotDurable) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  io.fail_calls["fsync ."] = EIO;
  EXPECT_ERROR(writer.save(tiny(7)), Code::kUnavailable, "whole but not known to be durable");
  EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-7"});
  io.fail_calls["fsync ."] = EINVAL;  // a file system that cannot
  EXPECT_NO_THROW(writer.save(tiny(8)));
  EXPECT_NE(writer.take_warnings().at(0).find("best-effort"), std::string::npos);
}

TEST(Save, ACheckpointThatMayNotBeDurableIsWrittenAnew) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  io.fail_calls["fsync ."] = EIO;
  EXPECT_ERROR(writer.save(tiny(7)), Code::kUnavailable, "not known to be durable");
  io.fail_calls.clear();
  io.calls.clear();
  writer.save(tiny(7));  // equal contents are there; it would be wrong to call them saved
  EXPECT_EQ(std::count(io.calls.begin(), io.calls.end(), "fsync ."), 1);
  EXPECT_EQ(list(system_io(), folder.path()).at(0).commit_seq, 2);
  EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-7"});
}

TEST(Save, TooManyOpenFilesAreNoFullDisk) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  io.calls.clear();
  io.fail_at = 6;
  for (const int number : {EMFILE, ENOSPC, EDQUOT, EFBIG}) {
    io.fail_errno = number;
    io.calls.clear();
    const bool full = number != EMFILE;
    EXPECT_ERROR(writer.save(tiny(7)), full ? Code::kResourceExhausted : Code::kUnavailable,
                 full ? "keep_checkpoint_max" : "Save again");
  }
}

TEST(Save, WrongContentsAreNamed) {
  const TemporaryFolder folder;
  ModelDirWriter writer(system_io(), folder.path(), {});
  CheckpointContents contents = tiny(1);
  contents.tensors.push_back(contents.tensors.front());
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "got \"w\" twice");
  contents.tensors = {contents.tensors.front()};
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "role global_step; got none");
  contents = tiny(-1);
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "got -1");
  contents = tiny(1);
  contents.state_json = "{";
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "expected state_json");
  contents.state_json = "[]";
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "to be a JSON object");
  contents = tiny(1);
  contents.tensors[0].name = "a\nb";
  EXPECT_ERROR(writer.save(contents), Code::kInvalidArgument, "without control characters");
  EXPECT_EQ(names_of(folder.path()), Names{});
}

TEST(Recovery, RemovesLeftoversOnlyAndRestoresWhatWasPutAside) {
  const TemporaryFolder folder;
  { ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7)); }
  const std::string digits = "0123456789abcdef";
  for (const std::string& name :
       {".tmp-model.ckpt-9-" + digits, ".trash-model.ckpt-1-" + digits, std::string("model.ckpt-3"),
        std::string("model.ckpt-4"), std::string("mine")}) {
    std::filesystem::create_directory(folder / name);
    write_file(folder / (name + "/manifest.json"), "{}");
  }
  write_file(folder / "model.ckpt-4/notes.txt", "mine");
  std::filesystem::rename(folder / "model.ckpt-7", folder / (".old-model.ckpt-7-" + digits));
  EXPECT_EQ(*latest(system_io(), folder.path()), folder / (".old-model.ckpt-7-" + digits));
  ModelDirWriter writer(system_io(), folder.path(), {});
  EXPECT_EQ(names_of(folder.path()), (Names{"mine", "model.ckpt-4", "model.ckpt-7"}));
  EXPECT_NE(writer.take_warnings().at(0).find("other files stand in it"), std::string::npos);
}

TEST(Recovery, WhatIsNotWholeStaysWhereNothingIsWhole) {
  const TemporaryFolder folder;
  { ModelDirWriter(system_io(), folder.path(), {}).save(tiny(7)); }
  std::filesystem::remove(folder / "model.ckpt-7/COMMIT");
  { const ModelDirWriter writer(system_io(), folder.path(), {}); }
  EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-7"});
  { ModelDirWriter(system_io(), folder.path(), {}).save(tiny(8)); }
  WriterOptions keeping;
  keeping.keep_unfinished = true;
  { const ModelDirWriter writer(system_io(), folder.path(), keeping); }
  EXPECT_EQ(names_of(folder.path()), (Names{"model.ckpt-7", "model.ckpt-8"}));
  { const ModelDirWriter writer(system_io(), folder.path(), {}); }
  EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-8"});
}

TEST(Recovery, AModelDirThatIsAFileIsRefused) {
  const TemporaryFolder folder;
  write_file(folder / "file", "x");
  EXPECT_ERROR(ModelDirWriter(system_io(), folder / "file", {}), Code::kFailedPrecondition,
               "expected a directory, got a file");
}

// An error of the file system says nothing of the checkpoint: it may be whole and the newest.
TEST(Unreadable, ACheckpointIsNeitherPassedOverNorRenamedNorItsNumberGivenAgain) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  auto writer = std::make_unique<ModelDirWriter>(io, folder.path(), WriterOptions{});
  writer->save(tiny(7, 1));
  writer->save(tiny(8, 2));
  for (const char* call : {"open model.ckpt-8/COMMIT", "pread model.ckpt-8/COMMIT"}) {
    io.fail_calls = {{call, EIO}};
    const std::string text =
        "model.ckpt-8: expected one that can be read, got Input/output error. "
        "It may be the newest, so no other is used in its place.";
    EXPECT_ERROR(latest(io, folder.path()), Code::kUnavailable, text);
    EXPECT_ERROR(list(io, folder.path()), Code::kUnavailable, text);
    EXPECT_ERROR(open_latest(io, folder.path()), Code::kUnavailable, text);
    EXPECT_ERROR(writer->save(tiny(8, 3)), Code::kUnavailable, "Earlier checkpoints are untouched");
    EXPECT_EQ(names_of(folder.path()), (Names{"model.ckpt-7", "model.ckpt-8"}));
    EXPECT_EQ(problems(io, folder.path()).size(), 1u);
  }
  io.fail_calls = {{"open model.ckpt-8", EMFILE}};
  EXPECT_ERROR(writer->save(tiny(8, 3)), Code::kUnavailable, "Too many open files");
  writer.reset();
  EXPECT_ERROR(ModelDirWriter(io, folder.path(), {}), Code::kResourceExhausted, "can be read");
  io.fail_calls.clear();
  EXPECT_EQ(value_of_latest(folder.path()), 2);
}

TEST(Remove, TakesOneCheckpointThroughTrash) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  writer.save(tiny(7));
  const std::string path = writer.save(tiny(8));
  io.calls.clear();
  writer.remove(path + "/");
  const Names calls = writes_of(io.calls);
  EXPECT_EQ(calls.at(0), "rename model.ckpt-8 .trash-model.ckpt-8");
  EXPECT_EQ(calls.at(1), "fsync .");
  EXPECT_EQ(names_of(folder.path()), Names{"model.ckpt-7"});
  EXPECT_ERROR(writer.remove("/tmp/model.ckpt-7"), Code::kInvalidArgument, "expected the path");
  EXPECT_ERROR(writer.remove(folder / "mine"), Code::kInvalidArgument, "expected the path");
}

TEST(SetAside, RenamesDurablyAndNothingTouchesItAfterwards) {
  const TemporaryFolder folder;
  TestIo io(folder.path());
  ModelDirWriter writer(io, folder.path(), {});
  writer.save(tiny(7));
  const std::string path = writer.save(tiny(8));
  io.calls.clear();
  EXPECT_EQ(writer.set_aside(path, Aside::kCorrupt), folder / "model.ckpt-8.corrupt");
  EXPECT_EQ(writes_of(io.calls), (Names{"rename model.ckpt-8 model.ckpt-8.corrupt", "fsync ."}));
  EXPECT_EQ(*latest(io, folder.path()), folder / "model.ckpt-7");
  // An equal save of the step below: still the latest, so nothing is written.
  EXPECT_EQ(writer.save(tiny(7)), folder / "model.ckpt-7");
  EXPECT_EQ(list(io, folder.path()).back().commit_seq, 1);
  // The same step again: the name is taken, and no number is given twice.
  writer.save(tiny(8));
  EXPECT_EQ(list(io, folder.path()).back().commit_seq, 3);
  const std::string second = writer.set_aside(path, Aside::kCorrupt);
  EXPECT_EQ(second.rfind(folder / "model.ckpt-8.corrupt-", 0), 0u) << second;
  const std::string rejected = writer.set_aside(folder / "model.ckpt-7", Aside::kRejected);
  EXPECT_EQ(rejected.rfind(folder / ".rejected-model.ckpt-7-", 0), 0u) << rejected;
  EXPECT_FALSE(latest(io, folder.path()));
  EXPECT_ERROR(writer.set_aside(folder / "mine", Aside::kCorrupt), Code::kInvalidArgument,
               "expected the path");
}

TEST(SetAside, StaysThroughRecovery) {
  const TemporaryFolder folder;
  Names names;
  {
    ModelDirWriter writer(system_io(), folder.path(), {});
    for (const std::int64_t step : {7, 8, 9}) writer.save(tiny(step));
    writer.set_aside(folder / "model.ckpt-7", Aside::kRejected);
    writer.set_aside(folder / "model.ckpt-8", Aside::kCorrupt);
    names = names_of(folder.path());
  }
  const ModelDirWriter writer(system_io(), folder.path(), {});
  EXPECT_EQ(names_of(folder.path()), names);
  EXPECT_EQ(names.size(), 3u);
}

TEST(Bookkeeping, IsWrittenWholeAndKeepsSequenceNumbers) {
  const TemporaryFolder folder;
  {
    ModelDirWriter writer(system_io(), folder.path(), {});
    const std::string path = writer.save(tiny(7));
    writer.write_bookkeeping(
        R"({"all":[{"name":"model.ckpt-7","step":7,"commit_seq":1,"created_unix_ms":5,"keep":[]}]})");
    writer.remove(path);
    EXPECT_ERROR(writer.write_bookkeeping("{}"), Code::kInvalidArgument, "\"all\"");
  }
  ModelDirWriter(system_io(), folder.path(), {}).save(tiny(8));
  EXPECT_EQ(list(system_io(), folder.path()).at(0).commit_seq, 2);  // 1 is never used again
}

}  // namespace
}  // namespace holdfast::io
