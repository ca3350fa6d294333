#include "io/opened.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <tuple>

#include "base/crc32c.h"
#include "base/large_buffer.h"
#include "io/fault.h"
#include "io/parallel.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

// 4 MiB of neighbours: threads that touch memory first do not meet in one huge page, and a few
// small tensors do not wake a second thread.
constexpr std::size_t kChunksAtOnce = 4;

Place place_in(const std::string& path, const std::string& file, Kind kind) {
  return {path, file, {}, -1, -1, kind_text(kind)};
}

// There is nothing of that kind at `path`.
Error nothing_there(const std::string& path, Kind kind, const std::string& found) {
  if (kind == Kind::kCheckpoint) return no_checkpoint(path, found);
  return {Code::kNotFound,
          path + ": expected an exported model, got " + found +
              ". Name the directory that export_saved_model returned: <export_dir_base>/<number>.",
          {{"path", path}, {"found", found}}};
}

// What stands in the place of an export: the mistakes that people make.
Error no_export(Io& io, int directory, const std::string& path) {
  std::vector<std::string> names;
  static_cast<void>(io.list(directory, names));
  const auto any = [&](const auto& is) { return std::any_of(names.begin(), names.end(), is); };
  if (any([](const std::string& name) { return parse_checkpoint_name(name).has_value(); }))
    return {Code::kFailedPrecondition,
            path +
                ": expected an exported model, got a model_dir with checkpoints. Export it "
                "first: Estimator.export_saved_model, or `holdfast export`.",
            {{"path", path}, {"found", "model_dir"}}};
  if (any([](const std::string& name) { return name == "saved_model.pb"; }))
    return {Code::kFailedPrecondition,
            path +
                ": expected an exported model of holdfast, got one of TensorFlow, which only "
                "TensorFlow runs. Export it anew from the model's code.",
            {{"path", path}, {"found", "TensorFlow"}}};
  return nothing_there(path, Kind::kSavedModel, "a directory without COMMIT");
}

Error unreadable(const Place& place, int error_number) {
  Error error = corrupt(place, "a readable file", errno_text(error_number));
  ErrorDetails details = error.details();
  details["errno"] = std::to_string(error_number);
  return {error.code(), error.what(), details, error.kind()};
}

// Opens a plain file and finds its size. -ENOENT and other errors of opening are returned.
int open_plain(Io& io, int directory, const Place& place, File& file, std::uint64_t& bytes) {
  constexpr const char* kOther = "a device, FIFO or socket";
  const int descriptor = io.open(directory, place.file, OpenMode::kRead);
  if (descriptor == -ELOOP) throw unsafe(place, "a regular file", "a symbolic link");
  // A socket, or a device that is not there.
  if (descriptor == -ENXIO || descriptor == -ENODEV) throw unsafe(place, "a regular file", kOther);
  if (descriptor == -EMFILE || descriptor == -ENFILE)
    throw system_error("open", join_path(place.path, place.file), -descriptor);
  if (descriptor < 0) return descriptor;
  file = File(io, descriptor);
  FileStat stat;
  const int result = io.fstat(descriptor, stat);
  if (result < 0) return result;
  if (stat.kind != FileKind::kRegular)
    throw unsafe(place, "a regular file",
                 stat.kind == FileKind::kDirectory ? "a directory" : kOther);
  bytes = stat.bytes;
  return 0;
}

std::string read_text(Io& io, const File& file, const Place& place, std::uint64_t bytes) {
  std::string text(static_cast<std::size_t>(bytes), '\0');
  const std::int64_t got = read_full(io, file.get(), text.data(), text.size(), 0);
  if (got < 0) throw unreadable(place, static_cast<int>(-got));
  if (static_cast<std::uint64_t>(got) != bytes)
    throw corrupt(place, std::to_string(bytes) + " bytes", std::to_string(got));
  return text;
}

// Memory for the elements, not yet written: pages that a bad file never fills are never taken.
// Large tensors get huge pages, whose first touch is much cheaper.
std::shared_ptr<void> uninitialized_bytes(std::size_t bytes) {
  constexpr std::align_val_t kAlignment{64};
  if (bytes < kHugePagesFrom)
    return {::operator new(std::max<std::size_t>(bytes, 1), kAlignment),
            [=](void* p) { ::operator delete(p, kAlignment); }};
  auto buffer = std::make_shared<LargeBuffer>(bytes);
  return {buffer, buffer->data()};
}

Tensor uninitialized(const TensorEntry& tensor, const std::string& path) {
  const auto bytes =
      static_cast<std::size_t>(element_count(tensor.shape)) * dtype_size(tensor.dtype);
  try {
    const std::shared_ptr<void> memory = uninitialized_bytes(bytes);
    return Tensor::borrow(tensor.dtype, tensor.shape, memory.get(), memory);
  } catch (const std::bad_alloc&) {
    throw Error(Code::kResourceExhausted,
                "checkpoint " + path + ", tensor \"" + tensor.name + "\": expected " +
                    std::to_string(bytes) + " bytes of free memory, got none",
                {{"path", path}, {"tensor", tensor.name}, {"expected", std::to_string(bytes)}});
  }
}

[[noreturn]] void out_of_memory(const std::string& path) {
  throw Error(Code::kResourceExhausted,
              "checkpoint " + path + ": expected enough free memory to read it, got none",
              {{"path", path}});
}

}  // namespace

CommitResult read_commit(Io& io, int directory, const std::string& path, Kind kind) {
  const Place place = place_in(path, kCommitName, kind);
  File file;
  std::uint64_t bytes = 0;
  const int result = open_plain(io, directory, place, file, bytes);
  if (result == -ENOENT)
    return {CommitState::kUnfinished, {}, "no COMMIT: the save or copy never finished"};
  if (result < 0) throw unreadable(place, -result);
  if (bytes > kMaxCommitBytes) throw unsafe(place, "at most 512 bytes", std::to_string(bytes));
  return parse_commit(read_text(io, file, place, bytes));
}

// A piece of a part with one CRC. `to` is null where the bytes are only to be checked.
struct OpenedCheckpoint::Chunk {
  const TensorEntry* tensor;
  const PartEntry* part;
  std::size_t index;
  unsigned char* to;
};

Place OpenedCheckpoint::place_of(const std::string& file, const std::string& tensor,
                                 std::int64_t offset, std::int64_t bytes) const {
  return {path_, file, tensor, offset, bytes, kind_text(kind_)};
}

OpenedCheckpoint::OpenedCheckpoint(Io& io, const std::string& path, Kind kind)
    : io_(&io), path_(path), kind_(kind) {
  const int descriptor = io.open(kCurrentDirectory, path, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) throw nothing_there(path, kind, "no such directory");
  if (descriptor == -ENOTDIR) throw nothing_there(path, kind, "a file that is not a directory");
  if (descriptor == -ELOOP) throw nothing_there(path, kind, "a loop of symbolic links");
  if (descriptor < 0) throw system_error("open", path, -descriptor);
  const File directory(io, descriptor);
  try {
    const CommitResult result = read_commit(io, directory.get(), path, kind);
    const Place commit_place = place_of(kCommitName);
    if (result.state == CommitState::kNewer)
      throw too_new(commit_place, result.reason, "holdfast-commit 1", "a newer holdfast");
    FileStat stat;
    if (kind == Kind::kSavedModel && result.state == CommitState::kUnfinished &&
        io.stat(directory.get(), kCommitName, stat) == -ENOENT)
      throw no_export(io, directory.get(), path);
    if (result.state != CommitState::kValid)
      throw corrupt(commit_place, "a whole COMMIT", result.reason);
    const Commit& commit = result.commit;

    const Place place = place_of(kManifestName);
    if (commit.manifest_bytes > kMaxManifestBytes)
      throw unsafe(commit_place, "a manifest of at most 64 MiB",
                   std::to_string(commit.manifest_bytes) + " bytes");
    File file;
    std::uint64_t bytes = 0;
    const int opened = open_plain(io, directory.get(), place, file, bytes);
    if (opened < 0) throw unreadable(place, -opened);
    if (bytes != commit.manifest_bytes)
      throw corrupt(place, std::to_string(commit.manifest_bytes) + " bytes", std::to_string(bytes));
    const std::string text = read_text(io, file, place, bytes);
    const std::uint32_t crc = crc32c(text.data(), text.size());
    if (crc != commit.manifest_crc)
      throw corrupt(place, "crc32c " + crc_text(commit.manifest_crc), crc_text(crc));
    manifest_ = parse_manifest(text, path, kind);
    if (std::tie(manifest_.save_id, manifest_.commit_seq, manifest_.step) !=
        std::tie(commit.save_id, commit.commit_seq, commit.step))
      throw corrupt(place, "the save_id, commit_seq and step of COMMIT", "others");
    bytes_ = bytes + encode_commit(commit).size();
    open_shards(directory.get());
  } catch (const Error& error) {
    // Somebody's retention or a save of the same step may have taken it away meanwhile.
    FileStat before;
    FileStat now;
    if (io.fstat(directory.get(), before) == 0) {
      const int again = io.open(kCurrentDirectory, path, OpenMode::kDirectoryFollow);
      const File other = again >= 0 ? File(io, again) : File();
      const bool same = again >= 0 && io.fstat(again, now) == 0 && now.device == before.device &&
                        now.inode == before.inode;
      if (!same && (again >= 0 || again == -ENOENT || again == -ESTALE)) {
        throw Error(Code::kNotFound, path + ": the checkpoint vanished while it was being opened",
                    {{"path", path}, {"vanished", "true"}}, "NoCheckpointError");
      }
    }
    throw;
  } catch (const std::bad_alloc&) {
    out_of_memory(path);
  }
}

void OpenedCheckpoint::open_shards(int directory) {
  const auto count = static_cast<std::uint32_t>(manifest_.file_bytes.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    Place place = place_of(shard_name(i, count));
    File file;
    std::uint64_t bytes = 0;
    const int opened = open_plain(*io_, directory, place, file, bytes);
    if (opened < 0) throw unreadable(place, -opened);
    if (bytes != manifest_.file_bytes[i])
      throw corrupt(place, std::to_string(manifest_.file_bytes[i]) + " bytes",
                    std::to_string(bytes));
    ShardHeaderBytes header;
    place.offset = 0;
    place.bytes = static_cast<std::int64_t>(header.size());
    const std::int64_t got = read_full(*io_, file.get(), header.data(), header.size(), 0);
    if (got < 0) throw unreadable(place, static_cast<int>(-got));
    const std::string wrong =
        check_shard_header(header, {manifest_.save_id, i, count, manifest_.file_bytes[i]});
    if (!wrong.empty())
      throw corrupt(place,
                    "the header of shard " + std::to_string(i) + " of " + std::to_string(count) +
                        " of save " + save_id_text(manifest_.save_id),
                    wrong);
    bytes_ += bytes;
    shards_.push_back(std::move(file));
  }
}

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
  const std::shared_ptr<void> bytes = uninitialized_bytes(static_cast<std::size_t>(entry.bytes));
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
    out_of_memory(path_);
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
    out_of_memory(path_);
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
