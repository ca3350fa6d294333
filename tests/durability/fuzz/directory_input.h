// A whole checkpoint directory as one input of a fuzzer: each file is two bytes of size (little-
// endian) and its bytes; COMMIT, manifest.json, then the shards in their order.
#pragma once

#include <string>
#include <vector>

#include "memory_io.h"

namespace holdfast::durability {

std::string pack(const Files& files);
// Any bytes are a directory: sizes past the end are cut, files that are missing are missing.
Files unpack(const std::string& input);

// Makes COMMIT agree with the manifest's text, whatever that says.
void seal(Files& files);
// Makes the CRCs of chunks, the sizes of files and their headers agree with the shards' bytes and
// the manifest, and COMMIT with its ids. Does nothing where the manifest is not valid.
void repair(Files& files);

// Whole checkpoints of less than 3 KB: one and two shards, strings, bools, slots, empty tensors.
std::vector<Files> small_checkpoints();

}  // namespace holdfast::durability
