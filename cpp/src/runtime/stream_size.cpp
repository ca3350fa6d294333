// How many elements a stream has. Source: the cardinality rules of tf.data.
#include <algorithm>

#include "base/saturated.h"
#include "runtime/index_stream.h"

namespace holdfast {

std::int64_t repeat_size(std::int64_t size, std::int64_t count) {
  if (count == 0 || size == 0) return 0;
  if (count < 0) return kInfinite;
  if (size < 0) return size;
  return saturated_product(size, count);
}

std::int64_t take_size(std::int64_t size, std::int64_t count) {
  if (count < 0) return size;
  if (size == kInfinite) return count;
  if (size == kUnknownSize) return count == 0 ? 0 : kUnknownSize;
  return std::min(size, count);
}

std::int64_t skip_size(std::int64_t size, std::int64_t count) {
  if (count < 0) return 0;
  return size < 0 ? size : std::max<std::int64_t>(size - count, 0);
}

std::int64_t shard_size(std::int64_t size, std::int64_t num_shards, std::int64_t index) {
  if (size < 0) return size;
  return size / num_shards + (index < size % num_shards ? 1 : 0);
}

std::int64_t concatenate_size(std::int64_t first, std::int64_t second) {
  if (first == kInfinite || second == kInfinite) return kInfinite;
  if (first == kUnknownSize || second == kUnknownSize) return kUnknownSize;
  return saturated_sum(first, second);
}

std::int64_t batch_size_of(std::int64_t size, std::int64_t batch_size, bool drop_remainder) {
  if (size < 0) return size;
  return size / batch_size + (!drop_remainder && size % batch_size != 0 ? 1 : 0);
}

}  // namespace holdfast
