// The data of an opened checkpoint: every chunk is verified while it is read.
#include <algorithm>
#include <memory>
#include <new>

#include "base/crc32c.h"
#include "base/large_buffer.h"
#include "io/opened.h"
#include "io/parallel.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

// 4 MiB of neighbours: threads that touch memory first do not meet in one huge page, and a few
// small tensors do not wake a second thread.
constexpr std::size_t kChunksAtOnce = 4;

// Memory for the elements, not yet written: pages that a bad file never fills are never taken.
Tensor uninitialized(const TensorEntry& tensor, const std::string& path) {
  const auto bytes =
      static_cast<std::size_t>(element_count(tensor.shape)) * dtype_size(tensor.dtype);
  try {
    const std::shared_ptr<void> memory = aligned_memory(bytes);
    return Tensor::borrow(tensor.dtype, tensor.shape, memory.get(), memory);
  } catch (const std::bad_alloc&) {
    throw Error(Code::kResourceExhausted,
                "checkpoint " + path + ", tensor \"" + tensor.name + "\": expected " +
                    std::to_string(bytes) + " bytes of free memory, got none",
                {{"path", path}, {"tensor", tensor.name}, {"expected", std::to_string(bytes)}});
  }
}

}  // namespace

// A piece of a part with one CRC. `to` is null where the bytes are only to be checked.
struct OpenedCheckpoint::Chunk {
  const TensorEntry* tensor;
  const PartEntry* part;
  std::size_t index;
  unsigned char* to;
};

void OpenedCheckpoint::add_chunks(const TensorEntry& tensor, unsigned char* to,
                                  std::vector<Chunk>& chunks) const {
  for (const PartEntry& part : tensor.parts) {
    for (std::size_t i = 0; i < part.crcs.size(); ++i)
      chunks.push_back(
          {&tensor, &part, i, to == nullptr ? nullptr : to + i * manifest_.chunk_bytes});
    if (to != nullptr) to += part.bytes;
  }
}

void OpenedCheckpoint::read_chunk(const Chunk& chunk) const {
  const PartEntry& part = *chunk.part;
  const std::uint64_t begin = chunk.index * manifest_.chunk_bytes;
  const auto size = static_cast<std::size_t>(std::min(manifest_.chunk_bytes, part.bytes - begin));
  const std::uint64_t offset = part.offset + begin;
  const Place place = place_of(shard_name(part.file, shards_.size()), chunk.tensor->name,
                               static_cast<std::int64_t>(offset), static_cast<std::int64_t>(size));
  // In pieces, so that the CRC finds them in the cache.
  constexpr std::size_t kPiece = std::size_t{256} << 10;
  unsigned char scratch[16384];
  const std::size_t piece = chunk.to == nullptr ? sizeof scratch : kPiece;
  std::uint32_t crc = 0;
  int bad_bool = -1;
  for (std::size_t at = 0; at < size; at += piece) {
    unsigned char* to = chunk.to == nullptr ? scratch : chunk.to + at;
    const std::size_t wanted = std::min(piece, size - at);
    const std::int64_t got = read_full(*io_, shards_[part.file].get(), to, wanted, offset + at);
    if (got < 0) throw unreadable(place, static_cast<int>(-got));
    if (static_cast<std::size_t>(got) != wanted)
      throw corrupt(place, std::to_string(size) + " bytes",
                    "a file that was cut to " + std::to_string(offset + at + got));
    crc = crc32c(to, wanted, crc);
    if (chunk.tensor->dtype == DType::kBool) {
      const auto* bad = std::find_if(to, to + wanted, [](unsigned char byte) { return byte > 1; });
      if (bad != to + wanted) bad_bool = *bad;
    }
  }
  if (crc != part.crcs[chunk.index])
    throw corrupt(place, "crc32c " + crc_text(part.crcs[chunk.index]), crc_text(crc));
  if (bad_bool >= 0) throw corrupt(place, "bools of 0 or 1", std::to_string(bad_bool));
}

// The strings are made once their bytes are known to be right: a shard that claims to hold many
// takes no memory for them.
Tensor OpenedCheckpoint::read_strings(const TensorEntry& tensor) const {
  if (tensor.parts.empty()) return {tensor.dtype, tensor.shape};
  const PartEntry& entry = tensor.parts.front();
  const std::shared_ptr<void> bytes = aligned_memory(static_cast<std::size_t>(entry.bytes));
  std::vector<Chunk> chunks;
  add_chunks(tensor, static_cast<unsigned char*>(bytes.get()), chunks);
  for (const Chunk& chunk : chunks) read_chunk(chunk);
  Tensor value(tensor.dtype, tensor.shape);
  const std::string_view part(static_cast<const char*>(bytes.get()),
                              static_cast<std::size_t>(entry.bytes));
  const std::string wrong =
      decode_strings(part, static_cast<std::size_t>(value.size()), value.data<std::string>());
  if (!wrong.empty())
    throw corrupt(
        place_of(shard_name(entry.file, shards_.size()), tensor.name,
                 static_cast<std::int64_t>(entry.offset), static_cast<std::int64_t>(entry.bytes)),
        "string offsets from 0 that ascend to the end of the blob", wrong);
  return value;
}

void OpenedCheckpoint::check_step(const TensorEntry& tensor, const Tensor& value) const {
  if (tensor.role != "global_step") return;
  const std::int64_t found = *value.data<std::int64_t>();
  if (found != static_cast<std::int64_t>(manifest_.step))
    throw corrupt(place_of(kManifestName, tensor.name),
                  "the step of the manifest, " + std::to_string(manifest_.step),
                  std::to_string(found) + " in the tensor");
}

Tensor OpenedCheckpoint::read(const TensorEntry& tensor) const {
  try {
    if (tensor.dtype == DType::kString) return read_strings(tensor);
    std::vector<Chunk> chunks;
    Tensor value = uninitialized(tensor, path_);
    add_chunks(tensor, value.data<unsigned char>(), chunks);
    for (const Chunk& chunk : chunks) read_chunk(chunk);
    check_step(tensor, value);
    return value;
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

std::vector<Tensor> OpenedCheckpoint::read(const std::vector<const TensorEntry*>& tensors,
                                           int threads) const {
  try {
    std::vector<Tensor> values(tensors.size());
    std::vector<Chunk> chunks;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (tensors[i]->dtype == DType::kString) continue;
      values[i] = uninitialized(*tensors[i], path_);
      add_chunks(*tensors[i], values[i].data<unsigned char>(), chunks);
    }
    run_parallel(threads, chunks.size(), kChunksAtOnce,
                 [&](std::size_t i) { read_chunk(chunks[i]); });
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (tensors[i]->dtype == DType::kString) values[i] = read(*tensors[i]);
      check_step(*tensors[i], values[i]);
    }
    return values;
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

std::vector<Tensor> OpenedCheckpoint::read_all(int threads) const {
  return with_memory(path_, "read the checkpoint", [&] {
    std::vector<const TensorEntry*> all;
    all.reserve(manifest_.tensors.size());
    for (const TensorEntry& tensor : manifest_.tensors) all.push_back(&tensor);
    std::vector<Tensor> values = read(all, threads);
    check_gaps(threads);
    return values;
  });
}

void OpenedCheckpoint::verify(int threads) const {
  with_memory(path_, "verify the checkpoint", [&] {
    std::vector<Chunk> chunks;
    for (const TensorEntry& tensor : manifest_.tensors) add_chunks(tensor, nullptr, chunks);
    run_parallel(threads, chunks.size(), kChunksAtOnce,
                 [&](std::size_t i) { read_chunk(chunks[i]); });
    // Offsets of strings and the step mean something: these are read as for a restore.
    for (const TensorEntry& tensor : manifest_.tensors)
      if (tensor.dtype == DType::kString || tensor.role == "global_step")
        static_cast<void>(read(tensor));
    check_gaps(threads);
  });
}

void OpenedCheckpoint::check_gaps(int threads) const {
  std::vector<std::vector<const PartEntry*>> by_file(shards_.size());
  for (const TensorEntry& tensor : manifest_.tensors)
    for (const PartEntry& part : tensor.parts) by_file[part.file].push_back(&part);
  run_parallel(threads, shards_.size(), [&](std::size_t file) {
    auto& parts = by_file[file];
    std::sort(parts.begin(), parts.end(),
              [](const PartEntry* a, const PartEntry* b) { return a->offset < b->offset; });
    std::uint64_t end = kShardHeaderBytes;
    unsigned char gap[kMaxGap];
    for (const PartEntry* part : parts) {
      const auto size = static_cast<std::size_t>(part->offset - end);
      const Place place = place_of(shard_name(file, shards_.size()), {},
                                   static_cast<std::int64_t>(end), static_cast<std::int64_t>(size));
      const std::int64_t got = size == 0 ? 0 : read_full(*io_, shards_[file].get(), gap, size, end);
      if (got < 0) throw unreadable(place, static_cast<int>(-got));
      if (static_cast<std::size_t>(got) != size ||
          std::any_of(gap, gap + size, [](unsigned char byte) { return byte != 0; }))
        throw corrupt(place, "zeros between tensors", "other bytes");
      end = part->offset + part->bytes;
    }
  });
}

}  // namespace holdfast::io
