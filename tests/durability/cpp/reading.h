// What reading a damaged checkpoint comes to: both ways of reading every byte, and every value that
// is delivered held against the ones that were saved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/tensor.h"
#include "memory_io.h"

namespace holdfast::durability {

struct Reading {
  bool verify_found = false;   // `verify` threw a typed error
  bool restore_found = false;  // a full restore did
  bool wrong_value = false;    // some way of reading delivered other bytes than were saved
  std::string other;           // an exception that is no holdfast::Error, or one without a kind

  // Empty when a damaged checkpoint was handled as promised.
  std::string violation() const;
};

// Opens `path` through `io`, once for each way of reading. `partial` >= 0: also reads that tensor
// alone; -2: each tensor alone.
Reading read_damaged(io::Io& io, const std::string& path, const std::vector<Tensor>& saved,
                     std::int64_t partial);

// The tensors of a whole checkpoint. Throws: as a reader.
std::vector<Tensor> tensors_of(const Files& files);

// Bit for bit.
bool same_tensor(const Tensor& a, const Tensor& b);

}  // namespace holdfast::durability
