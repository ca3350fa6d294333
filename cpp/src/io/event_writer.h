// Events on their way to a file: a bounded queue, a thread that empties it, and what became of
// them.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
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
  EventQueue(Io& io, std::string directory, EventWriterOptions options);
  ~EventQueue();  // as close(). Requires: not is_foreign()
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  void add(const Event& event);
  void flush();
  void close();
  const std::string& directory() const noexcept { return directory_; }
  std::string path() const;
  std::int64_t lost_events() const;
  std::vector<std::string> take_warnings();
  // Whether this is a forked child's copy. Its thread is the parent's, and so are the waiters that
  // its condition variables count: destroying them would wait for ever.
  bool is_foreign() const noexcept;

 private:
  // Events in the form of the file. They are encoded by the caller, whose caches hold them: events
  // that wait as objects cost more than the encoding. Under the lock, since then all memory is used
  // again, and nobody waits but the thread.
  struct Records {
    std::string bytes;
    std::size_t count = 0;
    double first_time = 0;
  };

  std::size_t most() const noexcept;
  bool wait_for_room(std::unique_lock<std::mutex>& lock);
  bool much_waits() const noexcept;
  bool start_thread();
  void append_to_queue(const Event& event, double wall_time);
  void work(std::uint64_t turn);  // the thread
  // Holds file_mutex_ alone, so that adding goes on meanwhile.
  void write(const Records& records);
  int open_file();
  bool reopen_file();
  int make_file();
  int append(const std::string& bytes);
  // `what` went wrong, with an errno or 0. Warns of the first loss only.
  void lose(std::size_t events, const char* what, int error_number = 0) noexcept;

  Io& io_;
  const std::string directory_;
  const EventWriterOptions options_;
  const pid_t owner_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable room_;
  Records queue_;
  std::string encoded_;     // the event that add() is at; its memory is used again
  std::uint64_t turn_ = 0;  // close() ends the thread of a turn; a later add() starts the next
  std::thread thread_;
  bool stalled_ = false;  // there was no room for too long, and none since
  bool warned_ = false;
  std::vector<std::string> warnings_;
  std::int64_t lost_ = 0;
  std::string path_;

  std::mutex file_mutex_;  // of the file; taken before mutex_
  Records writing_;        // its memory is used again
  File file_;
  std::uint64_t size_ = 0;
};

}  // namespace holdfast::io
