// An event as bytes: a protobuf Event with Summary, HistogramProto and SessionLog inside, of which
// only the fields named here exist. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/summary.h"

namespace holdfast::io {

constexpr char kEventFileVersion[] = "brain.Event:2";

// Appends the event, as of another time than its own.
void append_event(std::string& to, const Event& event, double wall_time);
std::string encode_event(const Event& event);
// Unknown fields are passed over. Throws: DataLoss.
Event parse_event(std::string_view bytes);

}  // namespace holdfast::io
