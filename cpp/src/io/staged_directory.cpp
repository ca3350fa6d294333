#include "io/staged_directory.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/crc32c.h"
#include "io/commit.h"
#include "io/fault.h"
#include "io/parallel.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

// Write-back starts each time so much is written, so that the final fsync finds little to do.
constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;

}  // namespace

bool is_disk_full(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

void check_written(int result, const char* call, const std::string& path) {
  if (result < 0) throw WriteFailure{call, path, -result};
}

StagedDirectory::StagedDirectory(StagingPlace place, SaveSource& source)
    : place_(std::move(place)), io_(place_.io), source_(source), plan_(source.plan()) {}

void StagedDirectory::begin(std::uint64_t commit_seq) {
  check_written(io_.mkdir(place_.parent, place_.temporary), "mkdir", shown(""));
  made_ = true;
  const int descriptor = io_.open(place_.parent, place_.temporary, OpenMode::kDirectory);
  check_written(descriptor, "open", shown(""));
  directory_ = File(io_, descriptor);
  Manifest& manifest = plan_.manifest;
  check_written(io_.random(manifest.save_id.data(), manifest.save_id.size()), "getentropy",
                shown(""));
  manifest.commit_seq = commit_seq;
  manifest.created_unix_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, io_.now_unix_ms()));
}

void StagedDirectory::write_shards() {
  run_parallel(place_.threads, plan_.shards.size(), [&](std::size_t i) { write_shard(i); });
  plan_.sum_nonfinite();
}

void StagedDirectory::write_shard(std::size_t index) {
  const std::size_t count = plan_.shards.size();
  const std::uint64_t bytes = plan_.manifest.file_bytes[index];
  const std::string path = shown(shard_name(index, count));
  File file = create(directory_.get(), shard_name(index, count), path);
  // The whole size at once, so that a full disk shows now.
  const int allocated = io_.fallocate(file.get(), bytes);
  if (allocated != -EOPNOTSUPP && allocated != -ENOSYS) check_written(allocated, "fallocate", path);
  const ShardHeaderBytes header =
      encode_shard_header({plan_.manifest.save_id, static_cast<std::uint32_t>(index),
                           static_cast<std::uint32_t>(count), bytes});
  std::uint64_t started = 0;
  source_.write(index, header,
                [&](const unsigned char* block, std::size_t size, std::uint64_t offset) {
                  check_written(write_all(io_, file.get(), block, size, offset), "pwrite", path);
                  const std::uint64_t end = offset + size;
                  if (place_.sync && end - started >= kWritebackBytes) {
                    static_cast<void>(io_.start_writeback(file.get(), started, end - started));
                    started = end;
                  }
                });
  finish(file, path);
}

void StagedDirectory::write_metadata() {
  validate(plan_.manifest, shown(""));
  const std::string manifest = encode_manifest(plan_.manifest);
  write_text(kManifestName, manifest);
  const Commit commit{plan_.manifest.save_id, plan_.manifest.commit_seq, plan_.manifest.step,
                      manifest.size(), crc32c(manifest.data(), manifest.size())};
  write_text(kCommitName, encode_commit(commit));
  if (place_.sync)
    check_written(place_.sync_directory(directory_.get(), shown("")), "fsync", shown(""));
  check_written(directory_.close(), "close", shown(""));
}

File StagedDirectory::create(int directory, const std::string& name, const std::string& path) {
  const int descriptor = io_.open(directory, name, OpenMode::kCreate);
  check_written(descriptor, "open", path);
  return {io_, descriptor};
}

void StagedDirectory::write_text(const char* name, const std::string& text) {
  const std::string path = shown(name);
  File file = create(directory_.get(), name, path);
  check_written(write_all(io_, file.get(), text.data(), text.size(), 0), "pwrite", path);
  finish(file, path);
}

void StagedDirectory::finish(File& file, const std::string& path) {
  if (place_.sync) check_written(io_.fsync(file.get()), "fsync", path);
  check_written(file.close(), "close", path);
}

std::string StagedDirectory::shown(const std::string& name) const {
  const std::string path = join_path(place_.parent_path, place_.temporary);
  return name.empty() ? path : join_path(path, name);
}

Error write_error(const WriteSubject& subject, const WriteFailure& failure,
                  const Manifest& manifest, Io& io, int directory) {
  std::uint64_t needed = 0;
  for (const std::uint64_t bytes : manifest.file_bytes) needed += bytes;
  std::uint64_t free = 0;
  const bool free_known = io.free_bytes(directory, free) == 0;
  const bool full = is_disk_full(failure.error_number);
  std::string text = subject.what + " " + subject.path + ": " + failure.call + " " + failure.path +
                     ": " + errno_text(failure.error_number) + "; needs " + std::to_string(needed) +
                     " bytes";
  if (free_known) text += ", " + std::to_string(free) + " are free";
  text += failure.published ? ". The " + subject.what + " is whole but not known to be durable."
                            : subject.unharmed;
  if (failure.error_number == ENOMEM)
    text += " Free memory, then save again.";
  else
    text += full ? subject.make_room : subject.again;
  ErrorDetails details{{"path", subject.path},
                       {"file", failure.path},
                       {"call", failure.call},
                       {"step", std::to_string(manifest.step)},
                       {"errno", std::to_string(failure.error_number)},
                       {"bytes_needed", std::to_string(needed)},
                       {"published", failure.published ? "true" : "false"}};
  if (free_known) details["bytes_free"] = std::to_string(free);
  return {full ? Code::kResourceExhausted : Code::kUnavailable, text, std::move(details),
          "CheckpointSaveError"};
}

}  // namespace holdfast::io
