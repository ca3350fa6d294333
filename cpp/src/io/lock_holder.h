// Who holds the lock of a model_dir: one line of JSON in its lock files. For messages, and, where
// files cannot be locked, to tell a holder that is gone from one that lives.
#pragma once

#include <cstdint>
#include <string>

#include "holdfast/error.h"
#include "io/file.h"

namespace holdfast::io {

struct LockHolder {
  std::int64_t pid = 0;  // 0: not known
  std::string host;
  std::string user;
  std::string command;
  std::int64_t since_unix_ms = 0;
  // What follows is known of holders by lock file only; empty where the system does not say.
  std::string machine;    // of the installation
  std::string boot;       // of this start of the machine
  std::string pid_space;  // a container counts its own processes
  std::string started;    // when the process did: a pid is given again
  std::string token;      // of this one lock

  bool is_known() const noexcept { return pid > 0; }
};

// This process, as far as messages need it.
LockHolder this_holder(Io& io);
// With everything that tells it from others, and a new token. Throws: errors of random numbers.
LockHolder this_distinct_holder(Io& io);

// A line without its end; empty when a name in it is no UTF-8.
std::string to_line(const LockHolder& holder);
// Whatever is wrong with the text makes the holder unknown.
LockHolder parse_holder(const std::string& text);
// The same of an open lock file.
LockHolder read_holder(Io& io, int file);

enum class Liveness {
  kAlive,     // or not known to be gone
  kGone,      // this machine says so
  kElsewhere  // another machine or container, of which nothing can be said
};
Liveness liveness(Io& io, const LockHolder& holder);

// `pid 4711 on host a (since 2026-09-21 14:13:20 UTC, user u, command c)`, or `another process`.
std::string describe(const LockHolder& holder);
// pid, host, since, user, command: what is known.
ErrorDetails details_of(const LockHolder& holder, const std::string& path);

}  // namespace holdfast::io
