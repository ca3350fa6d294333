// What a run has begun and what it was told is done: the promises an attack may not break. Written
// before and after each operation, into memory that a killed child shares with its parent.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace holdfast::durability {

enum class EventKind : char {
  kSaving = 'b',    // save() is called
  kSaved = 's',     // and has returned
  kRemoving = 'd',  // remove() is called
  kRemoved = 'r',
  kNoting = 'm',  // write_bookkeeping() is called
  kNoted = 'n',
  kExporting = 'e',  // write_saved_model() is called
  kExported = 'p',   // and has returned
  kDamaged = 'x',    // somebody has damaged the checkpoint of this step
};

// `variant` tells contents of the same step apart; of notes it is which ones.
struct Event {
  EventKind kind;
  int step;
  int variant;
};

// Plain memory, no pointers.
struct Ledger {
  std::int32_t size = 0;
  std::array<Event, 60> events{};

  void add(EventKind kind, int step, int variant = 0) {
    if (size < static_cast<int>(events.size()))
      events[static_cast<std::size_t>(size++)] = {kind, step, variant};
  }
};

// "b10.0 s10.0 b20.0"
std::string text_of(const Ledger& ledger);
Ledger parse_ledger(const std::string& text);

// What a ledger allows and demands of a directory.
struct Expected {
  std::map<int, std::set<int>> allowed;  // variants by step
  std::set<int> required;                // steps that must be there
  std::set<int> latest;                  // steps of which one must be the latest
  bool may_be_empty = true;              // no save has returned yet
  std::set<int> notes;                   // variants that the notes may have
  bool notes_required = false;
  std::set<int> exports;           // steps that an export may have
  std::set<int> exports_required;  // steps of which an export must be there
  bool exported() const { return !exports.empty(); }
  std::set<int> damaged;  // steps of which the remains must stay where they are
};
Expected expected_of(const Ledger& ledger);

}  // namespace holdfast::durability
