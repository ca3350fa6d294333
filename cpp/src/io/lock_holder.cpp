#include "io/lock_holder.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "base/host_name.h"
#include "base/json.h"
#include "io/fault.h"

namespace holdfast::io {
namespace {

constexpr std::size_t kMostBytes = 4096;   // of the line; a longer one is not ours
constexpr std::size_t kMostCommand = 200;  // of the command, which is for people

std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return "uid " + std::to_string(::getuid());
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

// The first bytes of one of the system's own files, which have no size; empty: it does not say.
std::string system_text(Io& io, const std::string& path) {
  const int descriptor = io.open(kCurrentDirectory, path, OpenMode::kRead);
  if (descriptor < 0) return {};
  const File file(io, descriptor);
  std::string text(kMostBytes, '\0');
  const std::int64_t got = read_full(io, descriptor, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text;
}

// When a process started, in ticks since boot: field 22 of its stat; field 2 may hold anything.
std::string start_of(Io& io, const std::string& pid) {
  const std::string text = system_text(io, "/proc/" + pid + "/stat");
  std::size_t at = text.rfind(')');
  if (at == std::string::npos) return {};
  for (int field = 3; field <= 22 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

std::string printable(std::string text, std::size_t most) {
  text.resize(std::min(text.size(), most));
  for (char& c : text)
    if (c < ' ' || c > '~') c = c == '\0' ? ' ' : '?';  // arguments end with zeros
  return text;
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string text_member(const Json& line, const char* key) {
  const Json* value = line.find(key);
  return value == nullptr ? "" : value->as_string();
}

}  // namespace

LockHolder this_holder(Io& io) {
  LockHolder holder;
  holder.pid = ::getpid();
  holder.host = host_name();
  holder.user = printable(user_name(), kMostCommand);
  holder.command = printable(system_text(io, "/proc/self/cmdline"), kMostCommand);
  holder.since_unix_ms = io.now_unix_ms();
  return holder;
}

LockHolder this_distinct_holder(Io& io) {
  LockHolder holder = this_holder(io);
  holder.machine = printable(system_text(io, "/etc/machine-id"), kMostCommand);
  holder.boot = printable(system_text(io, "/proc/sys/kernel/random/boot_id"), kMostCommand);
  holder.pid_space = start_of(io, "1");  // each container has its own first process
  holder.started = start_of(io, "self");
  std::uint64_t random = 0;
  const int result = io.random(&random, sizeof random);
  if (result < 0) throw system_error("getentropy for", "the writer lock", -result);
  holder.token = std::to_string(random);
  return holder;
}

std::string to_line(const LockHolder& holder) {
  Json line = Json::object();
  line.set("pid", holder.pid).set("host", holder.host).set("user", holder.user);
  line.set("command", holder.command).set("since_unix_ms", holder.since_unix_ms);
  if (!holder.token.empty()) {
    line.set("machine", holder.machine).set("boot", holder.boot);
    line.set("pid_space", holder.pid_space).set("started", holder.started);
    line.set("token", holder.token);
  }
  try {
    return to_text(line);
  } catch (const Error&) {
    return {};
  }
}

LockHolder parse_holder(const std::string& text) {
  try {
    const Json line = parse_json(text);
    LockHolder holder;
    holder.pid = line.at("pid").as_int();
    holder.host = line.at("host").as_string();
    holder.since_unix_ms = line.at("since_unix_ms").as_int();
    holder.user = text_member(line, "user");
    holder.command = text_member(line, "command");
    holder.machine = text_member(line, "machine");
    holder.boot = text_member(line, "boot");
    holder.pid_space = text_member(line, "pid_space");
    holder.started = text_member(line, "started");
    holder.token = text_member(line, "token");
    const bool safe = !holder.host.empty() && is_printable(holder.host) &&
                      is_printable(holder.user) && is_printable(holder.command);
    const bool is_pid = holder.pid > 0 && holder.pid <= std::numeric_limits<pid_t>::max();
    return safe && is_pid ? holder : LockHolder{};
  } catch (const Error&) {
    return {};
  }
}

LockHolder read_holder(Io& io, int file) {
  std::string text(kMostBytes, '\0');
  const std::int64_t got = read_full(io, file, text.data(), text.size(), 0);
  if (got <= 0) return {};
  text.resize(static_cast<std::size_t>(got));
  return parse_holder(text);
}

Liveness liveness(Io& io, const LockHolder& holder) {
  if (!holder.is_known()) return Liveness::kElsewhere;
  const LockHolder here = this_distinct_holder(io);
  if (holder.host != here.host || holder.machine != here.machine) return Liveness::kElsewhere;
  if (holder.boot != here.boot) return Liveness::kGone;  // no process outlives its machine
  if (holder.pid_space != here.pid_space) return Liveness::kElsewhere;
  if (::kill(static_cast<pid_t>(holder.pid), 0) < 0 && errno == ESRCH) return Liveness::kGone;
  const std::string started = start_of(io, std::to_string(holder.pid));
  const bool other = !started.empty() && !holder.started.empty() && started != holder.started;
  return other ? Liveness::kGone : Liveness::kAlive;
}

std::string describe(const LockHolder& holder) {
  if (!holder.is_known()) return "another process";
  std::string text = "pid " + std::to_string(holder.pid) + " on host " + holder.host + " (since " +
                     time_text(holder.since_unix_ms);
  if (!holder.user.empty()) text += ", user " + holder.user;
  if (!holder.command.empty()) text += ", command " + holder.command;
  return text + ")";
}

ErrorDetails details_of(const LockHolder& holder, const std::string& path) {
  ErrorDetails details{{"path", path}};
  if (!holder.is_known()) return details;
  details["pid"] = std::to_string(holder.pid);
  details["host"] = holder.host;
  details["since"] = time_text(holder.since_unix_ms);
  if (!holder.user.empty()) details["user"] = holder.user;
  if (!holder.command.empty()) details["command"] = holder.command;
  return details;
}

}  // namespace holdfast::io
