// A file system in memory: what a campaign needs to look at tens of thousands of states without a
// disk. Writes down every change, so that a power cut can be played back (power_cut.h).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"

namespace holdfast::durability {

using NodeId = int;

// A file or a directory, whatever names lead to it.
struct Node {
  bool is_directory = false;
  std::string data;                       // of a file
  std::map<std::string, NodeId> entries;  // of a directory
};

// Everything there is; node 0 is "/".
struct Tree {
  std::vector<Node> nodes{Node{true, {}, {}}};
};

enum class ChangeKind { kMake, kWrite, kResize, kSync, kMove, kSwap, kRemove };

// One change, in terms of nodes and not of paths. kMake adds `name` -> `other` to directory `node`;
// kMove takes `other` from `name` to `to`; kSwap swaps `name` (-> other) and `to` (-> second);
// kRemove takes `name` -> `other` away; kWrite puts `data` at `offset` of file `node`; kResize sets
// its size to `offset`; kSync makes what `node` holds durable.
struct Change {
  ChangeKind kind;
  NodeId node;
  std::string name;
  std::string to;
  NodeId other = -1;
  NodeId second = -1;
  std::uint64_t offset = 0;
  std::string data;
  bool is_directory = false;  // what kMake makes
};
std::string text_of(const Change& change);

// Safe from many threads. Time and random numbers are the same every time.
class TreeIo final : public io::Io {
 public:
  TreeIo() = default;
  // Random numbers are others than those of the run that made the tree.
  explicit TreeIo(Tree tree) : tree_(std::move(tree)), randoms_(1000 * tree_.nodes.size()) {}

  const Tree& tree() const { return tree_; }
  std::vector<Change> journal;  // since the Io was made, or cleared
  bool keeps_journal = true;    // not where nobody reads it
  std::size_t open_files() const { return files_.size(); }
  // The process has died: its descriptors and locks are gone, files stay.
  void close_all() { files_.clear(); }

  int mkdir(int directory, const std::string& name) override;
  int open(int directory, const std::string& name, io::OpenMode mode) override;
  std::int64_t pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) override;
  std::int64_t pread(int file, void* data, std::size_t size, std::uint64_t offset) override;
  int fallocate(int file, std::uint64_t size) override;
  int start_writeback(int, std::uint64_t, std::uint64_t) override { return 0; }
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

 private:
  struct OpenFile {
    NodeId node;
    bool locked = false;
  };

  Node* node_of(int file);
  // The directory that holds the last component of a path; -errno.
  int parent_of(int directory, const std::string& name, std::string& last);
  int make(int directory, const std::string& name, bool is_directory);
  int remove(int directory, const std::string& name, bool is_directory);
  int move(Node& parent, NodeId at, const std::string& from, const std::string& to,
           io::RenameMode mode);
  void note(Change change);
  void fill(NodeId node, io::FileStat& stat) const;

  Tree tree_;
  std::map<int, OpenFile> files_;
  std::uint64_t randoms_ = 0;
  std::int64_t now_ = 1790000000000;
  std::mutex mutex_;
};

}  // namespace holdfast::durability
