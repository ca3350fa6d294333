// An Io that asks before every call and tells after it: what recording, failing, leaving out and
// killing have in common. Knows the path of every descriptor, for the texts of violations.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/file.h"

namespace holdfast::durability {

enum class Verb {
  kMkdir,
  kOpen,
  kCreate,
  kPwrite,
  kPread,
  kFallocate,
  kStartWriteback,
  kFsync,
  kClose,
  kTruncate,
  kLock,
  kUnlock,
  kRename,
  kUnlink,
  kRmdir,
  kList,
  kFstat,
  kStat,
  kFreeBytes,
  kRandom,
  kNow,
};
const char* verb_name(Verb verb);

struct Call {
  Verb verb;
  std::int64_t number = 0;  // from 1 since arm(), over all verbs
  int file = -1;            // the descriptor, also of the directory that a name is relative to
  std::string path;         // of what the call is about; of a rename: from
  std::string to;           // of a rename
  io::RenameMode mode = io::RenameMode::kReplace;
};
// "rename .tmp-model.ckpt-7-0123456789abcdef model.ckpt-7"
std::string text_of(const Call& call);

// Safe from many threads, as long as before() and after() are: they are called one at a time.
class HookedIo : public io::Io {
 public:
  explicit HookedIo(io::Io& inner) : inner_(inner) {}

  // From now on calls are counted and the hooks are asked; until then, and after disarm(), this Io
  // does nothing but hand on.
  void arm() {
    armed_ = true;
    calls_ = 0;
  }
  void disarm() { armed_ = false; }
  std::int64_t calls() const { return calls_; }  // since arm()
  // A file system that cannot swap two directories nor refuse to replace a name.
  bool no_rename_flags = false;

  int mkdir(int directory, const std::string& name) override;
  int open(int directory, const std::string& name, io::OpenMode mode) override;
  std::int64_t pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) override;
  std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) override;
  int fallocate(int file, std::uint64_t size) override;
  int start_writeback(int file, std::uint64_t offset, std::uint64_t size) override;
  int fsync(int file) override;
  int close(int file) override;
  int truncate(int file, std::uint64_t size) override;
  int lock(int file) override;
  int unlock(int file) override;
  int rename(int directory, const std::string& from, const std::string& to,
             io::RenameMode mode) override;
  int unlink(int directory, const std::string& name) override;
  int rmdir(int directory, const std::string& name) override;
  int list(int directory, std::vector<std::string>& names) override;
  int fstat(int file, io::FileStat& stat) override;
  int stat(int directory, const std::string& name, io::FileStat& stat) override;
  int free_bytes(int file, std::uint64_t& bytes) override;
  int random(void* data, std::size_t size) override;
  std::int64_t now_unix_ms() override;

 protected:
  // A value is the result of the call, which is then not made; but a file is always closed, as the
  // kernel does.
  virtual std::optional<std::int64_t> before(const Call&) { return std::nullopt; }
  virtual void after(const Call&) {}
  // Bytes that a pwrite of `size` is given to write: fewer make it a short one.
  virtual std::size_t write_size(const Call&, std::size_t size) { return size; }

 private:
  template <typename Function>
  std::int64_t run(Call call, Function function);
  std::string path_of(int file) const;
  std::string path_of(int directory, const std::string& name) const;

  io::Io& inner_;
  bool armed_ = false;
  std::int64_t calls_ = 0;
  std::map<int, std::string> paths_;
  mutable std::recursive_mutex mutex_;
};

}  // namespace holdfast::durability
