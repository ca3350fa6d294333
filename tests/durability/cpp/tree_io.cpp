#include "tree_io.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::durability {
namespace {

constexpr NodeId kRoot = 0;

std::vector<std::string> components(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at && path.compare(at, end - at, ".") != 0)
      parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

std::string text_of(const Change& change) {
  static const char* const kinds[] = {"make", "write", "resize", "sync", "move", "swap", "remove"};
  std::string text = kinds[static_cast<std::size_t>(change.kind)];
  if (!change.name.empty()) text += " " + change.name;
  if (!change.to.empty()) text += " " + change.to;
  return text + " (node " + std::to_string(change.node) + ")";
}

Node* TreeIo::node_of(int file) {
  if (file == io::kCurrentDirectory) return &tree_.nodes[kRoot];
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr
                               : &tree_.nodes[static_cast<std::size_t>(found->second.node)];
}

void TreeIo::note(Change change) {
  if (keeps_journal) journal.push_back(std::move(change));
}

int TreeIo::parent_of(int directory, const std::string& name, std::string& last) {
  NodeId at = kRoot;
  if (directory != io::kCurrentDirectory) {
    const auto found = files_.find(directory);
    if (found == files_.end()) return -EBADF;
    at = found->second.node;
  }
  const std::vector<std::string> parts = components(name);
  last = parts.empty() ? "" : parts.back();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const Node& node = tree_.nodes[static_cast<std::size_t>(at)];
    if (!node.is_directory) return -ENOTDIR;
    const auto found = node.entries.find(parts[i]);
    if (found == node.entries.end()) return -ENOENT;
    at = found->second;
  }
  return tree_.nodes[static_cast<std::size_t>(at)].is_directory ? at : -ENOTDIR;
}

int TreeIo::make(int directory, const std::string& name, bool is_directory) {
  std::string last;
  const int parent = parent_of(directory, name, last);
  if (parent < 0) return parent;
  if (last.empty()) return -EEXIST;
  auto& entries = tree_.nodes[static_cast<std::size_t>(parent)].entries;
  if (entries.count(last) != 0) return -EEXIST;
  const auto made = static_cast<NodeId>(tree_.nodes.size());
  entries[last] = made;
  tree_.nodes.push_back(Node{is_directory, {}, {}});
  note({ChangeKind::kMake, parent, last, {}, made, -1, 0, {}, is_directory});
  return made;
}

int TreeIo::mkdir(int directory, const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::min(make(directory, name, true), 0);
}

int TreeIo::open(int directory, const std::string& name, io::OpenMode mode) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string last;
  int found = parent_of(directory, name, last);
  if (found < 0) return found;
  const auto& entries = tree_.nodes[static_cast<std::size_t>(found)].entries;
  const auto entry = entries.find(last);
  if (!last.empty()) found = entry == entries.end() ? -ENOENT : entry->second;
  if (mode == io::OpenMode::kCreate) found = make(directory, name, false);
  if (mode == io::OpenMode::kLock && found == -ENOENT) found = make(directory, name, false);
  if (found < 0) return found;
  const bool wants_directory =
      mode == io::OpenMode::kDirectory || mode == io::OpenMode::kDirectoryFollow;
  if (wants_directory && !tree_.nodes[static_cast<std::size_t>(found)].is_directory)
    return -ENOTDIR;
  int file = 3;  // the lowest that is free, as the kernel does
  while (files_.count(file) != 0) ++file;
  files_[file] = {found};
  return file;
}

std::int64_t TreeIo::pwrite(int file, const void* data, std::size_t size, std::uint64_t offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Node* node = node_of(file);
  if (node == nullptr || node->is_directory) return -EBADF;
  const auto at = static_cast<std::size_t>(offset);
  if (node->data.size() < at + size) node->data.resize(at + size);
  if (size > 0) std::memcpy(&node->data[at], data, size);
  note({ChangeKind::kWrite,
        files_[file].node,
        {},
        {},
        -1,
        -1,
        offset,
        std::string(static_cast<const char*>(data), size)});
  return static_cast<std::int64_t>(size);
}

std::int64_t TreeIo::pread(int file, void* data, std::size_t size, std::uint64_t offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Node* node = node_of(file);
  if (node == nullptr) return -EBADF;
  if (node->is_directory) return -EISDIR;
  if (offset >= node->data.size()) return 0;
  const std::size_t got = std::min(size, node->data.size() - static_cast<std::size_t>(offset));
  std::memcpy(data, node->data.data() + offset, got);
  return static_cast<std::int64_t>(got);
}

int TreeIo::fallocate(int file, std::uint64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Node* node = node_of(file);
  if (node == nullptr || node->is_directory) return -EBADF;
  if (node->data.size() >= size) return 0;
  node->data.resize(static_cast<std::size_t>(size));
  note({ChangeKind::kResize, files_[file].node, {}, {}, -1, -1, size, {}});
  return 0;
}

int TreeIo::fsync(int file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (node_of(file) == nullptr) return -EBADF;
  note({ChangeKind::kSync, files_[file].node, {}, {}, -1, -1, 0, {}});
  return 0;
}

int TreeIo::close(int file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return files_.erase(file) == 1 ? 0 : -EBADF;
}

int TreeIo::truncate(int file, std::uint64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Node* node = node_of(file);
  if (node == nullptr || node->is_directory) return -EBADF;
  node->data.resize(static_cast<std::size_t>(size));
  note({ChangeKind::kResize, files_[file].node, {}, {}, -1, -1, size, {}});
  return 0;
}

int TreeIo::lock(int file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (node_of(file) == nullptr) return -EBADF;
  const NodeId node = files_[file].node;
  for (const auto& [other, opened] : files_)
    if (other != file && opened.node == node && opened.locked) return -EWOULDBLOCK;
  files_[file].locked = true;
  return 0;
}

int TreeIo::unlock(int file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (node_of(file) == nullptr) return -EBADF;
  files_[file].locked = false;
  return 0;
}

int TreeIo::rename(int directory, const std::string& from, const std::string& to,
                   io::RenameMode mode) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string from_name;
  std::string to_name;
  const int parent = parent_of(directory, from, from_name);
  if (parent < 0) return parent;
  if (parent_of(directory, to, to_name) != parent) return -EXDEV;  // the library never asks for it
  return move(tree_.nodes[static_cast<std::size_t>(parent)], parent, from_name, to_name, mode);
}

int TreeIo::move(Node& parent, NodeId at, const std::string& from, const std::string& to,
                 io::RenameMode mode) {
  const auto source = parent.entries.find(from);
  const auto target = parent.entries.find(to);
  if (source == parent.entries.end()) return -ENOENT;
  const NodeId moved = source->second;
  if (mode == io::RenameMode::kExchange) {
    if (target == parent.entries.end()) return -ENOENT;
    std::swap(source->second, target->second);
    note({ChangeKind::kSwap, at, from, to, moved, source->second, 0, {}});
    return 0;
  }
  if (target != parent.entries.end()) {
    if (mode == io::RenameMode::kNoReplace) return -EEXIST;
    if (target->second == moved) return 0;  // a name renamed to itself
    const Node& there = tree_.nodes[static_cast<std::size_t>(target->second)];
    const bool moves_directory = tree_.nodes[static_cast<std::size_t>(moved)].is_directory;
    if (there.is_directory && !moves_directory) return -EISDIR;
    if (!there.is_directory && moves_directory) return -ENOTDIR;
    if (!there.entries.empty()) return -ENOTEMPTY;
  }
  parent.entries.erase(from);
  parent.entries[to] = moved;
  note({ChangeKind::kMove, at, from, to, moved, -1, 0, {}});
  return 0;
}

int TreeIo::remove(int directory, const std::string& name, bool is_directory) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string last;
  const int parent = parent_of(directory, name, last);
  if (parent < 0) return parent;
  auto& entries = tree_.nodes[static_cast<std::size_t>(parent)].entries;
  const auto found = entries.find(last);
  if (found == entries.end()) return -ENOENT;
  const NodeId removed = found->second;
  const Node& node = tree_.nodes[static_cast<std::size_t>(removed)];
  if (is_directory && !node.is_directory) return -ENOTDIR;
  if (!is_directory && node.is_directory) return -EISDIR;
  if (is_directory && !node.entries.empty()) return -ENOTEMPTY;
  entries.erase(found);
  note({ChangeKind::kRemove, parent, last, {}, removed, -1, 0, {}});
  return 0;
}

int TreeIo::unlink(int directory, const std::string& name) {
  return remove(directory, name, false);
}

int TreeIo::rmdir(int directory, const std::string& name) { return remove(directory, name, true); }

int TreeIo::list(int directory, std::vector<std::string>& names) {
  const std::lock_guard<std::mutex> lock(mutex_);
  names.clear();
  const Node* node = node_of(directory);
  if (node == nullptr) return -EBADF;
  if (!node->is_directory) return -ENOTDIR;
  for (const auto& entry : node->entries) names.push_back(entry.first);
  return 0;
}

void TreeIo::fill(NodeId id, io::FileStat& stat) const {
  const Node& node = tree_.nodes[static_cast<std::size_t>(id)];
  stat.kind = node.is_directory ? io::FileKind::kDirectory : io::FileKind::kRegular;
  stat.bytes = node.data.size();
  stat.device = 1;
  stat.inode = static_cast<std::uint64_t>(id);
}

int TreeIo::fstat(int file, io::FileStat& stat) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (node_of(file) == nullptr) return -EBADF;
  fill(files_[file].node, stat);
  return 0;
}

int TreeIo::stat(int directory, const std::string& name, io::FileStat& stat) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string last;
  const int parent = parent_of(directory, name, last);
  if (parent < 0) return parent;
  const auto& entries = tree_.nodes[static_cast<std::size_t>(parent)].entries;
  const auto found = entries.find(last);
  if (found == entries.end()) return -ENOENT;
  fill(found->second, stat);
  return 0;
}

int TreeIo::free_bytes(int, std::uint64_t& bytes) {
  bytes = std::uint64_t{1} << 30;
  return 0;
}

int TreeIo::random(void* data, std::size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++randoms_;
  for (std::size_t i = 0; i < size; ++i)
    static_cast<unsigned char*>(data)[i] =
        static_cast<unsigned char>(randoms_ >> (8 * (i % sizeof randoms_)));
  return 0;
}

std::int64_t TreeIo::now_unix_ms() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_++;
}

}  // namespace holdfast::durability
