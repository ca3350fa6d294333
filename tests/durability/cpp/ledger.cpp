#include "ledger.h"

#include <sstream>

namespace holdfast::durability {

std::string text_of(const Ledger& ledger) {
  std::string text;
  for (int i = 0; i < ledger.size; ++i) {
    const Event& event = ledger.events[static_cast<std::size_t>(i)];
    if (i > 0) text += ' ';
    text += static_cast<char>(event.kind);
    text += std::to_string(event.step) + "." + std::to_string(event.variant);
  }
  return text;
}

Ledger parse_ledger(const std::string& text) {
  Ledger ledger;
  std::istringstream words(text);
  char kind = 0;
  char dot = 0;
  int step = 0;
  int variant = 0;
  while (words >> kind >> step >> dot >> variant)
    ledger.add(static_cast<EventKind>(kind), step, variant);
  return ledger;
}

Expected expected_of(const Ledger& ledger) {
  Expected expected;
  for (int i = 0; i < ledger.size; ++i) {
    const Event& event = ledger.events[static_cast<std::size_t>(i)];
    switch (event.kind) {
      case EventKind::kSaving:
        expected.allowed[event.step].insert(event.variant);
        expected.latest.insert(event.step);
        break;
      case EventKind::kSaved:
        expected.allowed[event.step] = {event.variant};
        expected.required.insert(event.step);
        expected.latest = {event.step};
        expected.may_be_empty = false;
        break;
      case EventKind::kRemoving:
        expected.required.erase(event.step);
        break;
      case EventKind::kRemoved:
        expected.allowed.erase(event.step);
        break;
      case EventKind::kNoting:
        expected.notes.insert(event.variant);
        break;
      case EventKind::kNoted:
        expected.notes = {event.variant};
        expected.notes_required = true;
        break;
      case EventKind::kExporting:
        expected.exports.insert(event.step);
        break;
      case EventKind::kExported:
        expected.exports_required.insert(event.step);
        break;
      case EventKind::kDamaged:
        expected.allowed.erase(event.step);
        expected.required.erase(event.step);
        expected.damaged.insert(event.step);
        break;
    }
  }
  return expected;
}

}  // namespace holdfast::durability
