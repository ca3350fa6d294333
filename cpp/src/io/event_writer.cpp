#include "io/event_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "base/host_name.h"
#include "io/event.h"
#include "io/names.h"
#include "io/record_file.h"

namespace holdfast::io {
namespace {

constexpr std::size_t kMuch = std::size_t{256} << 10;  // bytes: written while caches hold them
constexpr int kMostNames = 100;  // tried, when other writers take them at the same time

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

EventQueue::EventQueue(Io& io, std::string directory, EventWriterOptions options)
    : io_(io), directory_(std::move(directory)), options_(std::move(options)), owner_(::getpid()) {}

EventQueue::~EventQueue() { close(); }

bool EventQueue::is_foreign() const noexcept { return owner_ != ::getpid(); }

std::size_t EventQueue::most() const noexcept {
  return static_cast<std::size_t>(std::max(options_.queue_size, 1));
}

void EventQueue::add(const Event& event) {
  if (is_foreign()) return;
  const double wall_time =
      event.wall_time == 0 ? static_cast<double>(io_.now_unix_ms()) / 1000 : event.wall_time;
  try {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool has_thread = start_thread();
    if (has_thread && !wait_for_room(lock)) return;
    append_to_queue(event, wall_time);
    if (has_thread && !much_waits()) return;
    lock.unlock();
    if (has_thread) return wake_.notify_one();
    flush();  // here and now
  } catch (const std::bad_alloc& error) {
    lose(1, error.what());
  }
}

// Holds mutex_. All or nothing.
void EventQueue::append_to_queue(const Event& event, double wall_time) {
  encoded_.clear();
  append_event(encoded_, event, wall_time);
  const std::size_t before = queue_.bytes.size();
  try {
    append_record(queue_.bytes, encoded_);
  } catch (const std::bad_alloc&) {
    queue_.bytes.resize(before);
    throw;
  }
  if (queue_.count == 0) queue_.first_time = wall_time;
  ++queue_.count;
}

// Holds mutex_. False when no more threads are to be had.
bool EventQueue::start_thread() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this, turn = turn_] { work(turn); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

bool EventQueue::much_waits() const noexcept {
  return queue_.count >= (most() + 1) / 2 || queue_.bytes.size() >= kMuch;
}

// False when there is none, and the event is lost.
bool EventQueue::wait_for_room(std::unique_lock<std::mutex>& lock) {
  const auto longest = std::chrono::duration<double>(stalled_ ? 0 : options_.most_wait_secs);
  if (room_.wait_for(lock, longest, [&] { return queue_.count < most(); })) return true;
  stalled_ = true;
  lock.unlock();
  lose(1, ("the disk is too slow, " + std::to_string(most()) + " events wait").c_str());
  return false;
}

void EventQueue::work(std::uint64_t turn) {
  const auto pause = std::chrono::duration<double>(std::max(options_.flush_secs, 0.01));
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, pause, [&] { return turn_ != turn || much_waits(); });
    const bool last = turn_ != turn;
    lock.unlock();
    flush();
    lock.lock();
    if (last) return;
  }
}

void EventQueue::flush() {
  if (is_foreign()) return;
  const std::lock_guard<std::mutex> one_writer(file_mutex_);
  writing_.bytes.clear();
  writing_.count = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(queue_, writing_);
    stalled_ = false;
  }
  room_.notify_all();
  if (writing_.count == 0) return;
  try {
    write(writing_);
  } catch (const std::exception& error) {  // memory
    lose(writing_.count, error.what());
  }
}

void EventQueue::close() {
  if (is_foreign()) return;
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
  if (!file_.is_open()) return;
  const int closed = file_.close();
  if (closed < 0) lose(0, "close", -closed);
}

void EventQueue::write(const Records& records) {
  if (!file_.is_open()) {
    const int opened = open_file();
    if (opened < 0) return lose(records.count, "open", -opened);
  }
  std::string with_version;
  if (size_ == 0) {
    Event version;
    version.wall_time = records.first_time;
    version.file_version = kEventFileVersion;
    append_record(with_version, encode_event(version));
    with_version += records.bytes;
  }
  const int written = append(size_ == 0 ? with_version : records.bytes);
  if (written < 0) lose(records.count, "pwrite", -written);
}

int EventQueue::open_file() { return reopen_file() ? 0 : make_file(); }

// After close(): the same file, unless somebody has taken it away or touched it.
bool EventQueue::reopen_file() {
  const std::string path = this->path();
  if (path.empty()) return false;
  const int opened = io_.open(kCurrentDirectory, path, OpenMode::kGrowMore);
  if (opened < 0) return false;
  File file(io_, opened);
  FileStat stat;
  if (io_.fstat(opened, stat) < 0 || stat.kind != FileKind::kRegular || stat.bytes != size_)
    return false;
  file_ = std::move(file);
  return true;
}

int EventQueue::make_file() {
  const int made = make_directories(io_, directory_);
  if (made < 0) return made;
  const int descriptor = io_.open(kCurrentDirectory, directory_, OpenMode::kDirectoryFollow);
  if (descriptor < 0) return descriptor;
  const File directory(io_, descriptor);
  std::vector<std::string> names;
  static_cast<void>(io_.list(descriptor, names));
  std::int64_t seconds = seconds_after(names, io_.now_unix_ms() / 1000);
  for (int attempt = 0; attempt < kMostNames; ++attempt, ++seconds) {
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
    const std::lock_guard<std::mutex> lock(mutex_);
    path_.clear();
  }
  return written;
}

// Called where memory is short as well, and on the thread, where nobody would catch.
void EventQueue::lose(std::size_t events, const char* what, int error_number) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  lost_ += static_cast<std::int64_t>(events);
  if (warned_) return;
  try {
    const std::string reason = error_number == 0 ? "" : ": " + errno_text(error_number);
    warnings_.push_back("event file in " + directory_ + ": " + what + reason +
                        "; training goes on, and what TensorBoard would show of this time is lost");
    warned_ = true;
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next loss says so
  }
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
