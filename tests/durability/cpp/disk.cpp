#include "disk.h"

#include <algorithm>
#include <functional>

namespace holdfast::durability {
namespace {

constexpr std::size_t kPageBytes = 4096;

Node& at(Tree& tree, NodeId node) { return tree.nodes[static_cast<std::size_t>(node)]; }
const Node& at(const Tree& tree, NodeId node) { return tree.nodes[static_cast<std::size_t>(node)]; }

// splitmix64
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// A node has one name in a directory: earlier ones go when a later change gives it another.
void place(Node& directory, const std::string& name, NodeId node) {
  for (auto entry = directory.entries.begin(); entry != directory.entries.end();)
    entry = entry->second == node ? directory.entries.erase(entry) : std::next(entry);
  directory.entries[name] = node;
}

void change_names(Tree& tree, const Change& change) {
  Node& directory = at(tree, change.node);
  switch (change.kind) {
    case ChangeKind::kMake:
      place(directory, change.name, change.other);
      break;
    case ChangeKind::kMove:
      place(directory, change.to, change.other);
      break;
    case ChangeKind::kSwap:
      place(directory, change.to, change.other);
      place(directory, change.name, change.second);
      break;
    case ChangeKind::kRemove: {
      const auto found = directory.entries.find(change.name);
      if (found != directory.entries.end() && found->second == change.other)
        directory.entries.erase(found);
      break;
    }
    default:
      break;
  }
}

void hash_into(const Tree& tree, NodeId node, std::uint64_t& hash) {
  const Node& found = at(tree, node);
  hash = mix(hash ^ std::hash<std::string>{}(found.data));
  for (const auto& [name, child] : found.entries) {
    hash = mix(hash ^ std::hash<std::string>{}(name));
    hash_into(tree, child, hash);
  }
  hash = mix(hash ^ (found.is_directory ? 1 : 2));
}

}  // namespace

std::string text_of(const Choice& choice) {
  static const char* const pages[] = {"new", "old", "zero", "mixed"};
  std::string kept;
  for (const bool one : choice.kept) kept += one ? '1' : '0';
  std::string text = "names kept " + (kept.empty() ? "-" : kept) + ", unsynced pages " +
                     pages[static_cast<std::size_t>(choice.pages)];
  if (choice.pages == Pages::kMixed) return text + " by seed " + std::to_string(choice.seed);
  return text + ", size " + (choice.new_size ? "new" : "old");
}

void Disk::apply(const Change& change) {
  const auto needed = static_cast<std::size_t>(std::max(change.node, change.other)) + 1;
  if (change.kind == ChangeKind::kMake && current_.nodes.size() < needed) {
    current_.nodes.resize(needed);
    durable_.nodes.resize(needed);
  }
  switch (change.kind) {
    case ChangeKind::kWrite: {
      std::string& data = at(current_, change.node).data;
      const auto offset = static_cast<std::size_t>(change.offset);
      if (data.size() < offset + change.data.size()) data.resize(offset + change.data.size());
      std::copy(change.data.begin(), change.data.end(),
                data.begin() + static_cast<std::ptrdiff_t>(offset));
      unsynced_.insert(change.node);
      break;
    }
    case ChangeKind::kResize:
      at(current_, change.node).data.resize(static_cast<std::size_t>(change.offset));
      unsynced_.insert(change.node);
      break;
    case ChangeKind::kSync:
      at(durable_, change.node).data = at(current_, change.node).data;
      unsynced_.erase(change.node);
      for (const Change& name : pending_)
        if (name.node == change.node) change_names(durable_, name);
      pending_.erase(std::remove_if(pending_.begin(), pending_.end(),
                                    [&](const Change& name) { return name.node == change.node; }),
                     pending_.end());
      break;
    default:
      if (change.kind == ChangeKind::kMake) {
        at(current_, change.other).is_directory = change.is_directory;
        at(durable_, change.other).is_directory = change.is_directory;
      }
      pending_.push_back(change);
  }
}

std::string Disk::data_after(NodeId node, const Choice& choice) const {
  const std::string& old_data = at(durable_, node).data;
  const std::string& new_data = at(current_, node).data;
  const auto random = [&](std::uint64_t salt) {
    return mix(choice.seed ^ mix(static_cast<std::uint64_t>(node) * 1000003 + salt));
  };
  const bool mixed = choice.pages == Pages::kMixed;
  const bool new_size = mixed ? random(~std::uint64_t{0}) % 4 != 0 : choice.new_size;
  std::string data(new_size ? new_data.size() : old_data.size(), '\0');
  for (std::size_t begin = 0; begin < data.size(); begin += kPageBytes) {
    const std::size_t size = std::min(kPageBytes, data.size() - begin);
    const auto part = [&](const std::string& from) {
      return begin < from.size() ? from.substr(begin, size) : std::string();
    };
    const std::string old_page = part(old_data);
    const std::string new_page = part(new_data);
    Pages page = choice.pages;
    if (old_page == new_page) page = Pages::kNew;  // not written since the last fsync
    if (page == Pages::kMixed) page = static_cast<Pages>(random(begin) % 3);
    if (page == Pages::kZero) continue;
    const std::string& chosen = page == Pages::kNew ? new_page : old_page;
    std::copy(chosen.begin(), chosen.end(), data.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  return data;
}

Tree Disk::after(const Choice& choice) const {
  Tree tree = durable_;
  for (std::size_t i = 0; i < pending_.size(); ++i)
    if (choice.kept[i]) change_names(tree, pending_[i]);
  for (const NodeId node : unsynced_) at(tree, node).data = data_after(node, choice);
  return tree;
}

std::uint64_t hash_of(const Tree& tree) {
  std::uint64_t hash = 0;
  hash_into(tree, 0, hash);
  return hash;
}

}  // namespace holdfast::durability
