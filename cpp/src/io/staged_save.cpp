#include "io/staged_save.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

#include "holdfast/error.h"
#include "io/parallel.h"
#include "io/part_copy.h"

namespace holdfast::io {
namespace {

// 4 MiB of neighbours: threads that touch memory first do not meet in one huge page, and a few
// small tensors do not wake a second thread.
constexpr std::size_t kChunksAtOnce = 4;

std::uint64_t bytes_of(const Manifest& manifest) {
  return std::accumulate(manifest.file_bytes.begin(), manifest.file_bytes.end(), std::uint64_t{0});
}

Error out_of_memory(std::uint64_t bytes, std::uint64_t step) {
  return {Code::kResourceExhausted,
          "checkpoint of step " + std::to_string(step) + ": expected " + std::to_string(bytes) +
              " bytes of free memory for the copy that is saved, got less. Nothing was written and "
              "training can go on; free memory, or save without async_save, which needs no copy.",
          {{"step", std::to_string(step)}, {"bytes_needed", std::to_string(bytes)}},
          "CheckpointSaveError"};
}

// A chunk of a part: what one thread copies at a time.
struct Job {
  PlannedPart* planned;
  unsigned char* image;  // of its shard
  std::uint64_t begin;
  std::uint64_t nonfinite;
};

}  // namespace

std::uint64_t StagedSave::bytes() const noexcept { return empty_ ? 0 : bytes_of(plan_.manifest); }

void StagedSave::stage(const CheckpointContents& contents, int threads) {
  empty_ = true;
  std::uint64_t needed = 0;
  std::uint64_t step = 0;
  try {
    plan_ = SavePlan();
    plan_ = plan_save(contents, threads);
    needed = bytes_of(plan_.manifest);
    step = plan_.manifest.step;
    reserve();
    copy(threads);
    plan_.forget_sources();
  } catch (const std::bad_alloc&) {
    throw out_of_memory(needed, step);
  }
  empty_ = false;
}

// Memory that is too small goes before larger memory is asked for.
void StagedSave::reserve() {
  const std::vector<std::uint64_t>& sizes = plan_.manifest.file_bytes;
  images_.resize(std::max(images_.size(), sizes.size()));
  for (std::size_t i = 0; i < images_.size(); ++i) {
    if (i < sizes.size() && images_[i].size() >= sizes[i]) continue;
    images_[i] = LargeBuffer();
  }
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (images_[i].data() == nullptr) images_[i] = LargeBuffer(sizes[i]);
}

void StagedSave::copy(int threads) {
  std::vector<Job> jobs;
  for (std::size_t shard = 0; shard < plan_.shards.size(); ++shard) {
    unsigned char* image = images_[shard].data();
    std::uint64_t end = kShardHeaderBytes;
    for (PlannedPart& planned : plan_.shards[shard]) {
      const PartEntry& part = plan_.part(planned);
      std::memset(image + end, 0, part.offset - end);
      end = part.offset + part.bytes;
      for (std::uint64_t at = 0; at < part.bytes; at += kChunkBytes)
        jobs.push_back({&planned, image, at, 0});
    }
  }
  run_parallel(threads, jobs.size(), kChunksAtOnce, [&](std::size_t i) {
    Job& job = jobs[i];
    const PartEntry& part = plan_.part(*job.planned);
    const auto size = static_cast<std::size_t>(std::min(kChunkBytes, part.bytes - job.begin));
    job.nonfinite = copy_piece(plan_, *job.planned, job.begin, size,
                               job.image + part.offset + job.begin, CopyTo::kMemory);
  });
  for (const Job& job : jobs) job.planned->nonfinite += job.nonfinite;
  plan_.sum_nonfinite();
}

void StagedSave::write(std::size_t shard, const ShardHeaderBytes& header, const ShardSink& sink) {
  // Few large writes; not one, so that write-back can start early.
  constexpr std::uint64_t kWriteBytes = std::uint64_t{8} << 20;
  unsigned char* image = images_[shard].data();
  std::memcpy(image, header.data(), header.size());
  const std::uint64_t bytes = plan_.manifest.file_bytes[shard];
  for (std::uint64_t at = 0; at < bytes; at += kWriteBytes)
    sink(image + at, static_cast<std::size_t>(std::min(kWriteBytes, bytes - at)), at);
}

}  // namespace holdfast::io
