// Event files: what TensorBoard shows of a run. A writer that never stops training, and a reader
// that refuses damage.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/export.h"

namespace holdfast {

// A distribution: counts[i] values lie below limits[i] and not below limits[i - 1].
struct HistogramValue {
  double min = 0;
  double max = 0;
  double num = 0;
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> limits;  // ascending, the last at least max
  std::vector<double> counts;  // one for each limit
};

// One value under a tag. kOther: a form that is read but not understood (images, audio, tensors).
struct SummaryValue {
  enum class Kind { kScalar, kHistogram, kText, kOther };
  std::string tag;
  Kind kind = Kind::kScalar;
  float scalar = 0;
  HistogramValue histogram;
  std::string text;  // UTF-8, shown as Markdown
};

// Tells readers of several files of one run what to believe: at kStart, points of earlier files at
// this step or behind it belong to a run that was lost, and are not shown.
struct SessionLog {
  enum class Status { kUnspecified = 0, kStart = 1, kStop = 2, kCheckpoint = 3 };
  Status status = Status::kUnspecified;
  std::string checkpoint_path;
};

// One record of an event file. Members that are empty are not stored.
struct Event {
  double wall_time = 0;  // seconds since 1970
  std::int64_t step = 0;
  std::string file_version;  // of the first event: "brain.Event:2"
  std::string graph_def;     // an encoded GraphDef
  std::vector<SummaryValue> values;
  SessionLog session_log;
};

struct EventWriterOptions {
  double flush_secs = 2;      // events reach the file at the latest so long after they were added
  int queue_size = 4096;      // events that wait; add() waits for room, but no longer than
  double most_wait_secs = 5;  // so long: a disk that answers no more does not stop training
  std::string suffix;         // behind the file's usual name
};

// Appends events to a new file events.out.tfevents.<seconds>.<host>.<pid> of a directory, from a
// thread of its own. Whatever goes wrong never reaches the caller of add(): the first time becomes
// a warning, and what could not be written is counted. Safe from many threads at once. A forked
// child's calls do nothing.
class HOLDFAST_API EventWriter {
 public:
  // Makes the directory when missing. The file appears with the first event. Throws: nothing of the
  // file system's.
  explicit EventWriter(const std::string& directory, const EventWriterOptions& options = {});
  ~EventWriter();  // as close()
  EventWriter(EventWriter&&) noexcept;
  EventWriter& operator=(EventWriter&&) noexcept;

  // Adds an event; a wall_time of 0 becomes the time of the call.
  void add(const Event& event);
  // Returns once everything added before is written to the file (not synced).
  void flush();
  // Flushes, ends the thread and gives the descriptor back. A later add() goes on in the same file,
  // if it is still there as it was left, else in a new one.
  void close();

  const std::string& directory() const noexcept;
  std::string path() const;          // of the file; empty before the first event
  std::int64_t lost_events() const;  // that could not be written
  std::vector<std::string> take_warnings();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The events of one file in order. Not thread-safe.
class HOLDFAST_API EventReader {
 public:
  // Throws: NotFound when there is no such file; UnsafeInputError when it is no plain file.
  explicit EventReader(const std::string& path);
  ~EventReader();
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) noexcept;

  // False at the end of the file; a last record that is cut short, as a crash leaves one, is the
  // end too. Throws: DataLoss for a damaged record, with file, offset, and both CRCs.
  bool next(Event& event);
  // Whether the file ended in the middle of a record.
  bool torn() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
