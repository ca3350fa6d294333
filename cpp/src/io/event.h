// An event as bytes: a protobuf Event with Summary, HistogramProto and SessionLog inside, of which
// only the fields named here exist. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/summary.h"

namespace holdfast::io {

constexpr char kEventFileVersion[] = "brain.Event:2";

std::string encode_event(const Event& event);
// Unknown fields are passed over. Throws: DataLoss.
Event parse_event(std::string_view bytes);

}  // namespace holdfast::io
