// What a power cut may leave of a file system: the persistence model. Data and size of a file are
// durable after fsync of the file; names are durable after fsync of their directory. Until then:
// each page of 4 KiB that was written is old, zero or new; the size is old or new; each making,
// renaming and removing of a name has happened or not, whatever became of the others. A rename is
// one operation, both names or none, as on every journaling file system.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tree_io.h"

namespace holdfast::durability {

enum class Pages { kNew, kOld, kZero, kMixed };

// One outcome of a power cut.
struct Choice {
  std::vector<bool> kept;  // of pending_names(): which have happened
  Pages pages = Pages::kNew;
  bool new_size = true;
  std::uint64_t seed = 0;  // of kMixed: for each page old, zero or new; for each file its size
};
std::string text_of(const Choice& choice);

class Disk {
 public:
  explicit Disk(const Tree& durable) : durable_(durable), current_(durable) {}

  void apply(const Change& change);

  const std::vector<Change>& pending_names() const { return pending_; }
  bool has_unsynced_data() const { return !unsynced_.empty(); }
  Tree after(const Choice& choice) const;

 private:
  std::string data_after(NodeId node, const Choice& choice) const;

  Tree durable_;
  Tree current_;                 // files only: what readers saw before the cut
  std::vector<Change> pending_;  // of names, oldest first, of every directory
  std::set<NodeId> unsynced_;    // files whose data or size is not durable
};

// Of all that can be reached from "/": equal for equal trees, whatever their nodes' numbers.
std::uint64_t hash_of(const Tree& tree);

}  // namespace holdfast::durability
