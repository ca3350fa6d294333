// Events on their way to a file: a bounded queue, a thread that empties it, and what became of
// them.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "holdfast/summary.h"
#include "io/file.h"

namespace holdfast::io {

// Behind holdfast::EventWriter. `io` outlives it.
class EventQueue {
 public:
  EventQueue(Io& io, std::string directory, const EventWriterOptions& options);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  void add(Event event);
  void flush();
  void close();
  const std::string& directory() const noexcept { return directory_; }
  std::string path() const;
  std::int64_t lost_events() const;
  std::vector<std::string> take_warnings();

 private:
  void work(std::uint64_t turn);  // the thread
  // Encodes and appends; holds file_mutex_ alone, so that adding goes on meanwhile.
  void write(std::deque<Event> events);
  int open_file();
  int append(const std::string& bytes);
  void lose(std::size_t events, const char* call, int error_number);

  Io& io_;
  const std::string directory_;
  const EventWriterOptions options_;
  const pid_t owner_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable room_;
  std::deque<Event> queue_;
  std::uint64_t turn_ = 0;  // close() ends the thread of a turn; a later add() starts the next
  std::thread thread_;
  std::vector<std::string> warnings_;
  std::int64_t lost_ = 0;
  std::string path_;

  std::mutex file_mutex_;  // of the file; taken before mutex_
  File file_;
  std::uint64_t size_ = 0;
  bool warned_ = false;
};

}  // namespace holdfast::io
