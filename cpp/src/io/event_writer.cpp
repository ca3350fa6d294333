#include "io/event_writer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "io/event.h"
#include "io/names.h"
#include "io/record_file.h"

namespace holdfast::io {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

int make_directories(Io& io, const std::string& path) {
  int made = io.mkdir(kCurrentDirectory, path);
  const SplitPath split = split_path(path);
  if (made == -ENOENT && split.directory != path) {
    made = make_directories(io, split.directory);
    if (made == 0) made = io.mkdir(kCurrentDirectory, path);
  }
  return made == -EEXIST ? 0 : made;
}

// Files of a directory are read in the order of their names, which begin with seconds: a run that
// starts in the second in which the last one died comes behind it all the same.
std::int64_t seconds_after(const std::vector<std::string>& names, std::int64_t now) {
  for (const std::string& name : names)
    if (const auto seconds = parse_event_file_seconds(name)) now = std::max(now, *seconds + 1);
  return now;
}

}  // namespace

EventQueue::EventQueue(Io& io, std::string directory, const EventWriterOptions& options)
    : io_(io), directory_(std::move(directory)), options_(options), owner_(::getpid()) {}

EventQueue::~EventQueue() {
  if (owner_ != ::getpid()) {
    // A forked child: the thread is the parent's, and so is what waits to be written.
    if (thread_.joinable()) thread_.detach();
    return;
  }
  close();
}

void EventQueue::add(Event event) {
  if (owner_ != ::getpid()) return;
  if (event.wall_time == 0) event.wall_time = static_cast<double>(io_.now_unix_ms()) / 1000;
  std::unique_lock<std::mutex> lock(mutex_);
  if (!thread_.joinable()) {
    thread_ = std::thread([this, turn = turn_] { work(turn); });
  }
  const auto most = static_cast<std::size_t>(std::max(options_.queue_size, 1));
  room_.wait(lock, [&] { return queue_.size() < most; });
  queue_.push_back(std::move(event));
  if (queue_.size() >= (most + 1) / 2) wake_.notify_one();
}

void EventQueue::work(std::uint64_t turn) {
  const auto pause = std::chrono::duration<double>(std::max(options_.flush_secs, 0.01));
  const auto most = static_cast<std::size_t>(std::max(options_.queue_size, 1));
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, pause, [&] { return turn_ != turn || queue_.size() >= (most + 1) / 2; });
    const bool last = turn_ != turn;
    lock.unlock();
    flush();
    lock.lock();
    if (last) return;
  }
}

void EventQueue::flush() {
  if (owner_ != ::getpid()) return;
  const std::lock_guard<std::mutex> one_writer(file_mutex_);
  std::deque<Event> events;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    events.swap(queue_);
  }
  room_.notify_all();
  if (!events.empty()) write(std::move(events));
}

void EventQueue::close() {
  if (owner_ != ::getpid()) return;
  std::thread ending;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++turn_;
    ending.swap(thread_);
  }
  wake_.notify_all();
  if (ending.joinable()) ending.join();
  flush();
  const std::lock_guard<std::mutex> one_writer(file_mutex_);
  const bool open = file_.is_open();
  const int closed = file_.close();
  if (open && closed < 0) lose(0, "close", -closed);
  size_ = 0;
}

void EventQueue::write(std::deque<Event> events) {
  if (!file_.is_open()) {
    const int opened = open_file();
    if (opened < 0) return lose(events.size(), "open", -opened);
    Event version;
    version.wall_time = events.front().wall_time;
    version.file_version = kEventFileVersion;
    events.push_front(std::move(version));
  }
  std::string bytes;
  for (const Event& event : events) append_record(bytes, encode_event(event));
  const int written = append(bytes);
  if (written < 0) lose(events.size(), "pwrite", -written);
}

int EventQueue::open_file() {
  const int made = make_directories(io_, directory_);
  if (made < 0) return made;
  const int descriptor = io_.open(kCurrentDirectory, directory_, OpenMode::kDirectoryFollow);
  if (descriptor < 0) return descriptor;
  const File directory(io_, descriptor);
  std::vector<std::string> names;
  static_cast<void>(io_.list(descriptor, names));
  std::int64_t seconds = seconds_after(names, io_.now_unix_ms() / 1000);
  for (int attempt = 0; attempt < 100; ++attempt, ++seconds) {
    const std::string name = event_file_name(seconds, host_name(), owner_, options_.suffix);
    const int opened = io_.open(descriptor, name, OpenMode::kGrow);
    if (opened == -EEXIST) continue;
    if (opened < 0) return opened;
    file_ = File(io_, opened);
    size_ = 0;
    const std::lock_guard<std::mutex> lock(mutex_);
    path_ = join_path(directory_, name);
    return 0;
  }
  return -EEXIST;
}

// All or nothing: what a failed write has left is cut off, so that the next one continues a whole
// record.
int EventQueue::append(const std::string& bytes) {
  const int written = write_all(io_, file_.get(), bytes.data(), bytes.size(), size_);
  if (written == 0) {
    size_ += bytes.size();
    return 0;
  }
  if (io_.truncate(file_.get(), size_) < 0) {
    // The file cannot be mended: later events go to a new one.
    static_cast<void>(file_.close());
  }
  return written;
}

void EventQueue::lose(std::size_t events, const char* call, int error_number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lost_ += static_cast<std::int64_t>(events);
  if (std::exchange(warned_, true)) return;
  warnings_.push_back("event file in " + directory_ + ": " + call + ": " +
                      errno_text(error_number) +
                      "; training goes on, and what TensorBoard would show of this time is lost");
}

std::string EventQueue::path() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return path_;
}

std::int64_t EventQueue::lost_events() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return lost_;
}

std::vector<std::string> EventQueue::take_warnings() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(warnings_, {});
}

}  // namespace holdfast::io
