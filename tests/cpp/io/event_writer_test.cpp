#include "io/event_writer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>

#include "io/event.h"
#include "io/record_file.h"
#include "io/testing_io.h"
#include "own_malloc.h"
#include "testing.h"

namespace holdfast::io {
namespace {

Event loss(std::int64_t step) {
  Event event;
  event.step = step;
  event.values.resize(1);
  event.values[0].tag = "loss";
  event.values[0].scalar = static_cast<float>(step);
  return event;
}

// The disk is full, or broken, from outside while a test wants it.
struct FailingIo : TestIo {
  using TestIo::TestIo;
  std::atomic<int> write_error{0};
  std::atomic<int> truncate_error{0};
  std::atomic<bool> half{false};   // what fails has written half of it before
  std::atomic<bool> hangs{false};  // writing does not come back

  std::int64_t pwrite(int f, const void* data, std::size_t size, std::uint64_t offset) override {
    while (hangs) ::usleep(1000);
    if (write_error == 0) return TestIo::pwrite(f, data, size, offset);
    if (half) TestIo::pwrite(f, data, size / 2, offset);
    return -write_error;
  }
  int truncate(int f, std::uint64_t size) override {
    return truncate_error != 0 ? -truncate_error : TestIo::truncate(f, size);
  }
};

class EventWriterTest : public ::testing::Test {
 protected:
  // Flushes when told to only.
  EventWriterOptions options() const {
    EventWriterOptions options;
    options.flush_secs = 1000;
    return options;
  }
  std::vector<std::string> files() const { return names_of(folder_.path()); }
  // The steps of the events of a file, without that of the version; checks the latter.
  std::vector<std::int64_t> steps(const std::string& name) {
    RecordReader reader(system_io(), folder_ / name);
    std::vector<std::int64_t> found;
    std::string payload;
    bool first = true;
    while (reader.next(payload)) {
      const Event event = parse_event(payload);
      EXPECT_EQ(event.file_version, first ? kEventFileVersion : "");
      if (!first) found.push_back(event.step);
      first = false;
    }
    EXPECT_FALSE(reader.torn());
    return found;
  }

  using Steps = std::vector<std::int64_t>;
  TemporaryFolder folder_;
  FailingIo io_{folder_.path()};  // whose clock stands still
};

TEST_F(EventWriterTest, TheFileAppearsWithTheFirstEventUnderTensorFlowsName) {
  EventQueue queue(io_, folder_.path(), options());
  queue.flush();
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(queue.path(), "");
  queue.add(loss(1));
  queue.add(loss(2));
  queue.flush();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(files()[0].rfind("events.out.tfevents.1790000000.", 0), 0u) << files()[0];
  EXPECT_EQ(queue.path(), folder_ / files()[0]);
  EXPECT_EQ(steps(files()[0]), (Steps{1, 2}));
}

TEST_F(EventWriterTest, EventsWithoutATimeGetThatOfTheCall) {
  EventQueue queue(io_, folder_.path(), options());
  queue.add(loss(1));
  queue.close();
  RecordReader reader(system_io(), queue.path());
  std::string payload;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader.next(payload));
    EXPECT_EQ(parse_event(payload).wall_time, 1790000000.0);
  }
}

TEST_F(EventWriterTest, TheThreadWritesWithoutBeingAsked) {
  EventWriterOptions often = options();
  often.flush_secs = 0.01;
  EventQueue queue(io_, folder_.path(), often);
  queue.add(loss(1));
  for (int i = 0; i < 5000 && files().empty(); ++i) ::usleep(1000);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(EventWriterTest, AShortQueueLosesNothing) {
  EventWriterOptions small = options();
  small.queue_size = 2;
  Steps expected;
  {
    EventQueue queue(io_, folder_.path(), small);
    for (std::int64_t step = 0; step < 500; ++step) {
      queue.add(loss(step));
      expected.push_back(step);
    }
  }
  EXPECT_EQ(steps(files().at(0)), expected);
}

TEST_F(EventWriterTest, MakesTheDirectoriesItNeeds) {
  EventQueue queue(io_, folder_ / "a/b/eval", options());
  queue.add(loss(1));
  queue.close();
  EXPECT_EQ(names_of(folder_ / "a/b/eval").size(), 1u);
  EXPECT_TRUE(queue.take_warnings().empty());
}

TEST_F(EventWriterTest, GoesOnInItsFileAfterClose) {
  EventQueue queue(io_, folder_.path(), options());
  queue.add(loss(1));
  queue.close();
  queue.add(loss(2));
  queue.close();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(steps(files()[0]), (Steps{1, 2}));
}

TEST_F(EventWriterTest, BeginsAnotherFileWhenTheFirstIsGoneOrTouched) {
  EventQueue queue(io_, folder_.path(), options());
  queue.add(loss(1));
  queue.close();
  const std::string first = files().at(0);
  std::ofstream(folder_ / first, std::ios::app) << "x";
  queue.add(loss(2));
  queue.close();
  ASSERT_EQ(files().size(), 2u);
  EXPECT_EQ(steps(files()[1]), (Steps{2}));
  std::filesystem::remove_all(folder_.path());
  queue.add(loss(3));
  queue.close();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(steps(files()[0]), (Steps{3}));
  EXPECT_EQ(queue.lost_events(), 0);
}

// TensorBoard reads them in the order of their names, whatever the clock did.
TEST_F(EventWriterTest, ALaterWritersFileComesBehindInTheSameSecond) {
  std::vector<std::string> in_order;
  for (std::int64_t run = 0; run < 12; ++run) {
    EventQueue queue(io_, folder_.path(), options());
    queue.add(loss(run));
    queue.close();
    in_order.push_back(split_path(queue.path()).name);
  }
  EXPECT_EQ(files(), in_order);
}

TEST_F(EventWriterTest, ASuffixStandsBehindTheName) {
  EventWriterOptions with = options();
  with.suffix = ".v2";
  EventQueue queue(io_, folder_.path(), with);
  queue.add(loss(1));
  queue.close();
  EXPECT_EQ(files().at(0).substr(files().at(0).size() - 3), ".v2");
}

TEST_F(EventWriterTest, AFullDiskIsOneWarningAndACount) {
  EventQueue queue(io_, folder_.path(), options());
  queue.add(loss(1));
  queue.flush();
  io_.write_error = ENOSPC;
  io_.half = true;
  for (std::int64_t step = 2; step < 5; ++step) {
    queue.add(loss(step));
    queue.flush();
  }
  EXPECT_EQ(queue.lost_events(), 3);
  EXPECT_EQ(queue.take_warnings(),
            (std::vector<std::string>{
                "event file in " + folder_.path() +
                ": pwrite: No space left on device; training goes on, and what TensorBoard would "
                "show of this time is lost"}));
  io_.write_error = 0;  // somebody has made room
  queue.add(loss(5));
  queue.close();
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(steps(files()[0]), (Steps{1, 5}));  // the halves of records are gone
  EXPECT_TRUE(queue.take_warnings().empty());
}

TEST_F(EventWriterTest, AFirstWriteThatFailsStillGetsItsVersionLater) {
  EventQueue queue(io_, folder_.path(), options());
  io_.write_error = ENOSPC;
  queue.add(loss(1));
  queue.flush();
  io_.write_error = 0;
  queue.add(loss(2));
  queue.close();
  EXPECT_EQ(steps(files().at(0)), (Steps{2}));
}

TEST_F(EventWriterTest, AFileThatCannotBeMendedIsLeftForAnother) {
  EventQueue queue(io_, folder_.path(), options());
  queue.add(loss(1));
  queue.flush();
  io_.write_error = EIO;
  io_.truncate_error = EIO;
  io_.half = true;
  queue.add(loss(2));
  queue.flush();
  io_.write_error = 0;
  queue.add(loss(3));
  queue.close();
  ASSERT_EQ(files().size(), 2u);
  EXPECT_EQ(steps(files()[1]), (Steps{3}));
  EXPECT_EQ(queue.lost_events(), 1);
}

TEST_F(EventWriterTest, ADirectoryThatCannotBeMadeIsAWarning) {
  write_file(folder_ / "file", "");
  EventQueue queue(io_, folder_ / "file/eval", options());
  queue.add(loss(1));
  queue.close();
  EXPECT_EQ(queue.lost_events(), 1);
  EXPECT_NE(queue.take_warnings().at(0).find("open: Not a directory"), std::string::npos);
}

TEST_F(EventWriterTest, MemoryThatIsUsedUpIsALossThatTheNextOneTells) {
  if (!has_own_malloc()) GTEST_SKIP();
  EventQueue queue(system_io(), folder_.path(), options());
  queue.add(loss(1));
  {
    const ScopedNoMemory no_memory;
    queue.flush();  // throws nothing: the thread of the queue calls it, too
  }
  EXPECT_EQ(queue.lost_events(), 1);
  EXPECT_TRUE(queue.take_warnings().empty());  // there was no memory for its words
  queue.add(loss(2));
  queue.close();
  EXPECT_EQ(steps(files().at(0)), Steps{2});
}

TEST_F(EventWriterTest, ADiskThatAnswersNoMoreDoesNotStopAnybody) {
  EventWriterOptions small = options();
  small.queue_size = 4;
  small.most_wait_secs = 0.05;
  EventQueue queue(io_, folder_.path(), small);
  io_.hangs = true;
  for (std::int64_t step = 0; step < 2000; ++step) queue.add(loss(step));  // waits once
  EXPECT_GT(queue.lost_events(), 1900);
  EXPECT_NE(queue.take_warnings().at(0).find("the disk is too slow, 4 events wait"),
            std::string::npos);
  io_.hangs = false;
  queue.flush();
  queue.add(loss(7777));
  queue.close();
  EXPECT_EQ(steps(files().at(0)).back(), 7777);
}

TEST(EventWriter, AForkedChildAddsNothingAndEnds) {
  const TemporaryFolder folder;
  auto writer = std::make_unique<EventWriter>(folder.path());
  writer->add(loss(1));
  ::usleep(20'000);  // the thread waits by now
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);  // destroying what the parent's thread waits for would hang
    writer->add(loss(2));
    writer->flush();
    writer.reset();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  writer->close();
  EventReader reader(writer->path());
  Event event;
  int events = 0;
  while (reader.next(event)) ++events;
  EXPECT_EQ(events, 2);  // version and loss(1)
}

TEST(EventReader, NamesTheRecordThatIsNoEvent) {
  const TemporaryFolder folder;
  std::string bytes;
  append_record(bytes, "");
  append_record(bytes, "\x08");
  write_file(folder / "e", bytes);
  EventReader reader(folder / "e");
  Event event;
  ASSERT_TRUE(reader.next(event));
  EXPECT_ERROR(reader.next(event), Code::kDataLoss,
               "event file " + (folder / "e") +
                   ", record at byte 16: protobuf message: expected the rest of a varint");
}

}  // namespace
}  // namespace holdfast::io
