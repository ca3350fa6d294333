// Pins: empty files beside the checkpoints that keep retention from them. They are made and removed
// without the writer lock, while a run goes on; the checkpoints themselves are never touched.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file.h"

namespace holdfast::io {

// As the public functions of holdfast/checkpoint.h.
void pin(Io& io, const std::string& path);
void unpin(Io& io, const std::string& path);
std::vector<std::string> pinned(Io& io, const std::string& model_dir);

// Whether a pin of that step stands in an open model_dir. One that cannot be looked for counts.
bool is_pinned(Io& io, int directory, std::int64_t step);

}  // namespace holdfast::io
