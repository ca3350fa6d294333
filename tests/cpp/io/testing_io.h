// Folders that go away, and an Io that records, fails and is predictable.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "holdfast/checkpoint.h"
#include "io/file.h"
#include "io/names.h"

namespace holdfast::io {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where there is some: what is tested is calls and bytes, not a disk.
    const std::filesystem::path memory = "/dev/shm";
    const bool usable = ::access(memory.c_str(), W_OK) == 0;
    std::string pattern =
        ((usable ? memory : std::filesystem::temp_directory_path()) / "holdfast-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // published files are read-only
  std::ofstream(path, std::ios::binary) << bytes;
}

// Without .holdfast-lock, which every writer leaves.
inline std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().filename() != kLockName) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// Hands calls on to the system and writes them down, with names in place of descriptors and without
// random digits; fails those it is told to. Time and random numbers are the same every time.
class TestIo : public Io {
 public:
  explicit TestIo(std::string root = "") : root_(std::move(root)) {}

  std::vector<std::string> calls;
  std::size_t fail_at = 0;  // the number of a call, from 1; 0 fails none
  int fail_errno = EIO;
  bool from_then_on = false;              // later calls fail, too
  bool short_write = false;               // a pwrite at fail_at writes half instead
  std::map<std::string, int> fail_calls;  // by text, as in "fsync ."
  bool no_rename_flags = false;           // a file system without NOREPLACE and EXCHANGE
  bool synced_again = false;              // fsync was called after it failed on the same file

  int mkdir(int d, const std::string& n) override {
    const int e = call("mkdir " + name(d, n));
    return e != 0 ? e : inner_.mkdir(d, n);
  }
  int open(int d, const std::string& n, OpenMode mode) override {
    const std::string full = name(d, n);
    const int e = call((mode == OpenMode::kCreate ? "create " : "open ") + full);
    if (e != 0) return e;
    const int file = inner_.open(d, n, mode);
    const std::lock_guard<std::mutex> lock(mutex_);
    failed_syncs_.erase(file);
    if (file >= 0) names_[file] = full;
    return file;
  }
  std::int64_t pwrite(int f, const void* data, std::size_t size, std::uint64_t offset) override {
    const int e = call("pwrite " + name(f));
    if (e != 0) return e;
    if (short_write && calls.size() == fail_at && size > 1) size /= 2;
    return inner_.pwrite(f, data, size, offset);
  }
  std::int64_t pread(int f, void* data, std::size_t size, std::uint64_t offset) override {
    const int e = call("pread " + name(f));
    return e != 0 ? e : inner_.pread(f, data, size, offset);
  }
  int fallocate(int f, std::uint64_t size) override {
    const int e = call("fallocate " + name(f));
    return e != 0 ? e : inner_.fallocate(f, size);
  }
  int start_writeback(int, std::uint64_t, std::uint64_t) override { return 0; }
  // Does not wait for the disk: only the order of calls is looked at.
  int fsync(int f) override {
    const int e = call("fsync " + name(f));
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failed_syncs_.count(f) != 0) synced_again = true;
    if (e != 0) failed_syncs_.insert(f);
    return e;
  }
  int close(int f) override {
    const int e = call("close " + name(f));
    const int result = inner_.close(f);  // closed in either case
    return e != 0 ? e : result;
  }
  int truncate(int f, std::uint64_t size) override {
    const int e = call("truncate " + name(f));
    return e != 0 ? e : inner_.truncate(f, size);
  }
  int lock(int f) override {
    const int e = call("lock " + name(f));
    return e != 0 ? e : inner_.lock(f);
  }
  int unlock(int f) override {
    const int e = call("unlock " + name(f));
    return e != 0 ? e : inner_.unlock(f);
  }
  int rename(int d, const std::string& from, const std::string& to, RenameMode mode) override {
    const char* flag = mode == RenameMode::kNoReplace  ? " noreplace"
                       : mode == RenameMode::kExchange ? " exchange"
                                                       : "";
    const int e = call("rename " + name(d, from) + " " + name(d, to) + flag);
    if (e != 0) return e;
    if (no_rename_flags && mode != RenameMode::kReplace) return -EINVAL;
    return inner_.rename(d, from, to, mode);
  }
  int unlink(int d, const std::string& n) override {
    const int e = call("unlink " + name(d, n));
    return e != 0 ? e : inner_.unlink(d, n);
  }
  int rmdir(int d, const std::string& n) override {
    const int e = call("rmdir " + name(d, n));
    return e != 0 ? e : inner_.rmdir(d, n);
  }
  int list(int d, std::vector<std::string>& names) override {
    const int e = call("list " + name(d));
    return e != 0 ? e : inner_.list(d, names);
  }
  int fstat(int f, FileStat& stat) override { return inner_.fstat(f, stat); }
  int stat(int d, const std::string& n, FileStat& stat) override { return inner_.stat(d, n, stat); }
  int free_bytes(int, std::uint64_t& bytes) override {
    bytes = 12345;
    return 0;
  }
  int random(void* data, std::size_t size) override {
    auto* bytes = static_cast<unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(i);
    bytes[0] = ++randoms_;
    return 0;
  }
  std::int64_t now_unix_ms() override { return 1790000000000; }

 private:
  int call(const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls.push_back(text);
    const auto named = fail_calls.find(text);
    if (named != fail_calls.end()) return -named->second;
    if (fail_at == 0 || short_write) return 0;
    return calls.size() == fail_at || (from_then_on && calls.size() > fail_at) ? -fail_errno : 0;
  }
  std::string name(int f) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return f == kCurrentDirectory ? "" : names_[f];
  }
  // Relative to the root, which is "."; ".tmp-model.ckpt-1-<16 hex>" is ".tmp-model.ckpt-1".
  std::string name(int d, const std::string& n) {
    const std::string base = name(d);
    std::string full = base.empty() || base == "." ? n : base + "/" + n;
    if (!root_.empty() && full.rfind(root_, 0) == 0)
      full = full.size() == root_.size() ? "." : full.substr(root_.size() + 1);
    const std::size_t end = std::min(full.find('/'), full.size());
    if (full[0] == '.' && end > 17 && full[end - 17] == '-') full.erase(end - 17, 17);
    return full;
  }

  Io& inner_ = system_io();
  std::string root_;
  std::map<int, std::string> names_;
  std::set<int> failed_syncs_;
  unsigned char randoms_ = 0;
  std::mutex mutex_;
};

template <typename T>
NamedTensor tensor_of(const std::string& name, DType dtype, Shape shape,
                      const std::vector<T>& values) {
  NamedTensor tensor;
  tensor.name = name;
  tensor.value = Tensor(dtype, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.value.data<T>());
  return tensor;
}

inline NamedTensor step_tensor(std::int64_t step) {
  NamedTensor tensor = tensor_of<std::int64_t>("global_step", DType::kInt64, {}, {step});
  tensor.role = "global_step";
  return tensor;
}

// Two small tensors: what most tests save.
inline CheckpointContents tiny(std::int64_t step, float value = 0.5f) {
  CheckpointContents contents;
  contents.tensors.push_back(
      tensor_of<float>("w", DType::kFloat32, {2, 2}, {value, 1.5f, -2.0f, 0.0f}));
  contents.tensors.push_back(step_tensor(step));
  return contents;
}

}  // namespace holdfast::io
