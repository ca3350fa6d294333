#include "io/opened.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <tuple>

#include "base/crc32c.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

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

OpenedCheckpoint::OpenedCheckpoint(Io& io, const std::string& path, Kind kind)
    : io_(&io), path_(path), kind_(kind) {
  const int descriptor = io.open(kCurrentDirectory, path, OpenMode::kDirectoryFollow);
  if (descriptor == -ENOENT) throw nothing_there(path, kind, "no such directory");
  if (descriptor == -ENOTDIR) throw nothing_there(path, kind, "a file that is not a directory");
  if (descriptor == -ELOOP) throw nothing_there(path, kind, "a loop of symbolic links");
  if (descriptor < 0) throw system_error("open", path, -descriptor);
  const File directory(io, descriptor);
  try {
    open_manifest(directory.get(), valid_commit(directory.get()));
    open_shards(directory.get());
  } catch (const Error&) {
    if (has_vanished(directory.get()))
      throw Error(Code::kNotFound, path + ": the checkpoint vanished while it was being opened",
                  {{"path", path}, {"vanished", "true"}}, "NoCheckpointError");
    throw;
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

Commit OpenedCheckpoint::valid_commit(int directory) const {
  const CommitResult result = read_commit(*io_, directory, path_, kind_);
  const Place place = place_of(kCommitName);
  if (result.state == CommitState::kNewer)
    throw too_new(place, result.reason, "holdfast-commit 1", "a newer holdfast");
  FileStat stat;
  if (kind_ == Kind::kSavedModel && result.state == CommitState::kUnfinished &&
      io_->stat(directory, kCommitName, stat) == -ENOENT)
    throw no_export(*io_, directory, path_);
  if (result.state != CommitState::kValid) throw corrupt(place, "a whole COMMIT", result.reason);
  if (result.commit.manifest_bytes > kMaxManifestBytes)
    throw unsafe(place, "a manifest of at most 64 MiB",
                 std::to_string(result.commit.manifest_bytes) + " bytes");
  return result.commit;
}

void OpenedCheckpoint::open_manifest(int directory, const Commit& commit) {
  const Place place = place_of(kManifestName);
  File file;
  std::uint64_t bytes = 0;
  const int opened = open_plain(*io_, directory, place, file, bytes);
  if (opened < 0) throw unreadable(place, -opened);
  if (bytes != commit.manifest_bytes)
    throw corrupt(place, std::to_string(commit.manifest_bytes) + " bytes", std::to_string(bytes));
  const std::string text = read_text(*io_, file, place, bytes);
  const std::uint32_t crc = crc32c(text.data(), text.size());
  if (crc != commit.manifest_crc)
    throw corrupt(place, "crc32c " + crc_text(commit.manifest_crc), crc_text(crc));
  manifest_ = parse_manifest(text, path_, kind_);
  if (std::tie(manifest_.save_id, manifest_.commit_seq, manifest_.step) !=
      std::tie(commit.save_id, commit.commit_seq, commit.step))
    throw corrupt(place, "the save_id, commit_seq and step of COMMIT", "others");
  bytes_ = bytes + encode_commit(commit).size();
}

// Somebody's retention, or a save of the same step, may have taken it away meanwhile.
bool OpenedCheckpoint::has_vanished(int directory) const {
  FileStat before;
  FileStat now;
  if (io_->fstat(directory, before) < 0) return false;
  const int again = io_->open(kCurrentDirectory, path_, OpenMode::kDirectoryFollow);
  if (again < 0) return again == -ENOENT || again == -ESTALE;
  const File other(*io_, again);
  return io_->fstat(again, now) < 0 || now.device != before.device || now.inode != before.inode;
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

Place OpenedCheckpoint::place_of(const std::string& file, const std::string& tensor,
                                 std::int64_t offset, std::int64_t bytes) const {
  return {path_, file, tensor, offset, bytes, kind_text(kind_)};
}

void OpenedCheckpoint::out_of_memory() const {
  throw Error(Code::kResourceExhausted,
              "checkpoint " + path_ + ": expected enough free memory to read it, got none",
              {{"path", path_}});
}

}  // namespace holdfast::io
