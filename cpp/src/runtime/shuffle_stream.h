// Shuffling with a bounded buffer, as tf.data does it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/philox.h"
#include "runtime/index_stream.h"

namespace holdfast {

struct ShuffleOptions {
  std::int64_t buffer_size = 1;          // at least 1
  PhiloxKey key;                         // of the choices
  bool reshuffle_each_iteration = true;  // false: every pass has the order of pass 0
};

// Fills a buffer with the first buffer_size elements, then again and again hands out a uniformly
// chosen one and puts the next of the input in its place. Choice e of pass p is a function of
// (key, p, e): nothing has to be stored to find a position again. Indices in the buffer that are
// not handed out are released to `stores`, which must outlive the stream.
std::unique_ptr<IndexStream> shuffle_stream(std::unique_ptr<IndexStream> input,
                                            const ShuffleOptions& options, const StoreSet& stores);

}  // namespace holdfast
