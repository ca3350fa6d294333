#include "io/writer_lock.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <vector>

#include "base/json.h"
#include "holdfast/error.h"
#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

constexpr std::size_t kMostBytes = 4096;  // of the line; a longer one is not ours

// Every lock of the process, for the fork handlers. Never destroyed: a process may fork, or end,
// while other threads hold locks.
struct Registry {
  std::mutex mutex;
  std::vector<WriterLock*> locks;
};
Registry& registry() {
  static auto* held = new Registry;
  return *held;
}

// flock belongs to the open file, which a forked child shares: unless the child closes it, the lock
// would outlive the parent.
void install_fork_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::pthread_atfork([] { registry().mutex.lock(); }, [] { registry().mutex.unlock(); },
                     [] {
                       for (WriterLock* lock : registry().locks) lock->disown();
                       registry().locks.clear();
                       registry().mutex.unlock();
                     });
  });
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string time_text(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  std::array<char, 40> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return "unknown";
  return text.data();
}

struct Holder {
  std::int64_t pid = 0;  // 0: not known
  std::string host;
  std::string since;
};

// What the line says, for a message only. Whatever is wrong with it makes the holder unknown.
Holder read_holder(Io& io, int file) {
  std::string text(kMostBytes, '\0');
  const std::int64_t got = read_full(io, file, text.data(), text.size(), 0);
  if (got <= 0) return {};
  text.resize(static_cast<std::size_t>(got));
  try {
    const Json line = parse_json(text);
    Holder holder;
    holder.host = line.at("host").as_string();
    holder.since = time_text(line.at("since_unix_ms").as_int());
    holder.pid = line.at("pid").as_int();
    const bool printable = std::all_of(holder.host.begin(), holder.host.end(),
                                       [](char c) { return c > ' ' && c <= '~'; });
    return printable && holder.pid > 0 ? holder : Holder{};
  } catch (const Error&) {
    return {};
  }
}

Error cannot_open(const std::string& path, int error_number) {
  if (error_number == ELOOP || error_number == EISDIR)
    return {Code::kFailedPrecondition,
            "model_dir " + path + ": expected " + kLockName + " to be a file, got a " +
                (error_number == ELOOP ? "symbolic link" : "directory") + ". Remove it.",
            {{"path", path}, {"file", kLockName}, {"errno", std::to_string(error_number)}}};
  const Error error = system_error("open", join_path(path, kLockName), error_number);
  return {error.code(),
          "model_dir " + path + ": expected a directory that can be written, got " +
              errno_text(error_number) + " for " + kLockName +
              ". Change its permissions or name another one.",
          error.details()};
}

}  // namespace

WriterLock::WriterLock(Io& io, int directory, const std::string& path)
    : io_(io), path_(path), owner_(::getpid()) {
  install_fork_handlers();
  const std::lock_guard<std::mutex> no_fork(registry().mutex);
  const int descriptor = io_.open(directory, kLockName, OpenMode::kLock);
  if (descriptor < 0) throw cannot_open(path, -descriptor);
  file_ = File(io_, descriptor);
  const int locked = io_.lock(descriptor);
  if (locked == -EWOULDBLOCK) refuse(path);
  if (locked == -ENOLCK || locked == -EOPNOTSUPP || locked == -ENOSYS) {
    warning_ = "model_dir " + path + ": its file system cannot lock files (" + errno_text(-locked) +
               "), so nothing stops a second process from writing there. Make sure there is none.";
  } else if (locked < 0) {
    throw system_error("flock", join_path(path, kLockName), -locked);
  } else {
    introduce();
  }
  registry().locks.push_back(this);
}

WriterLock::~WriterLock() {
  const std::lock_guard<std::mutex> no_fork(registry().mutex);
  auto& locks = registry().locks;
  locks.erase(std::remove(locks.begin(), locks.end(), this), locks.end());
  if (!file_.is_open() || owner_ != ::getpid() || !warning_.empty()) return;
  // The line goes, so that a run that saves nothing leaves every byte of model_dir as it was.
  static_cast<void>(io_.truncate(file_.get(), 0));
  // Not left to closing: a process cloned around the fork handlers may share the file.
  static_cast<void>(io_.unlock(file_.get()));
}

void WriterLock::check_owned() const {
  if (file_.is_open() && owner_ == ::getpid()) return;
  throw Error(Code::kFailedPrecondition,
              "model_dir " + path_ + ": expected the process that opened the writer, " +
                  std::to_string(owner_) + ", got its forked child " + std::to_string(::getpid()) +
                  ". Save in the parent, or open a writer of another model_dir in the child.",
              {{"path", path_}, {"pid", std::to_string(owner_)}}, "ModelDirLockedError");
}

// For the message of the next one only: when it cannot be written, the lock holds all the same.
void WriterLock::introduce() {
  Json line = Json::object();
  line.set("pid", std::int64_t{owner_});
  line.set("host", host_name());
  line.set("since_unix_ms", io_.now_unix_ms());
  std::string text;
  try {
    text = to_text(line) + "\n";
  } catch (const Error&) {
    return;  // a host name that is not UTF-8
  }
  if (io_.truncate(file_.get(), 0) < 0) return;
  static_cast<void>(write_all(io_, file_.get(), text.data(), text.size(), 0));
}

void WriterLock::refuse(const std::string& path) {
  const Holder holder = read_holder(io_, file_.get());
  ErrorDetails details{{"path", path}};
  std::string who = "another process";
  std::string next = "Use another model_dir, or stop that process.";
  if (holder.pid > 0) {
    details["pid"] = std::to_string(holder.pid);
    details["host"] = holder.host;
    details["since"] = holder.since;
    who = "pid " + std::to_string(holder.pid) + " on host " + holder.host + " (since " +
          holder.since + ")";
    if (holder.pid == owner_ && holder.host == host_name()) {
      who = "this process, " + who;
      next = "Use another model_dir, or wait until its other writer has ended.";
    }
  }
  throw Error(Code::kFailedPrecondition,
              "model_dir '" + path + "' is being written by " + who + ". " + next,
              std::move(details), "ModelDirLockedError");
}

}  // namespace holdfast::io
