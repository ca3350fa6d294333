#include "io/export_dir.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <vector>

#include "io/directories.h"
#include "io/export_leftovers.h"
#include "io/fault.h"
#include "io/names.h"
#include "io/staged_directory.h"

namespace holdfast::io {
namespace {

constexpr int kAttempts = 10;  // TensorFlow's MAX_DIRECTORY_CREATION_ATTEMPTS

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

class ExportWriter {
 public:
  ExportWriter(Io& io, const std::string& base, SaveSource& source, const ExportSettings& settings)
      : io_(io),
        base_(base),
        settings_(settings),
        source_(source),
        manifest_(source.plan().manifest) {
    sync_ = [&io](int directory, const std::string&) {
      const int result = io.fsync(directory);
      return cannot_sync(result) ? 0 : result;
    };
    open_base();
    clear_export_leftovers(io, directory_.get());  // first, since what they free may be needed
    seconds_ = std::max<std::int64_t>(0, io.now_unix_ms() / 1000);
    stage();
  }

  std::string run(const std::map<std::string, std::string>& assets) {
    try {
      begin();
      staged_->write_shards();
      for (const auto& [destination, source] : assets) copy_asset(destination, source);
      staged_->write_metadata();
      return publish();
    } catch (const WriteFailure& failure) {
      Error error = error_of(failure);
      discard();
      throw Error(std::move(error));
    } catch (...) {
      discard();
      throw;
    }
  }

 private:
  void open_base() {
    int descriptor = io_.open(kCurrentDirectory, base_, OpenMode::kDirectoryFollow);
    if (descriptor == -ENOENT) {
      create_directories(io_, base_, settings_.sync ? sync_ : SyncDirectory());
      descriptor = io_.open(kCurrentDirectory, base_, OpenMode::kDirectoryFollow);
    }
    if (descriptor == -ENOTDIR)
      throw Error(
          Code::kFailedPrecondition,
          "export_dir_base " + base_ + ": expected a directory, got a file. Name another one.",
          {{"path", base_}, {"errno", std::to_string(ENOTDIR)}});
    if (descriptor < 0) throw system_error("open", base_, -descriptor);
    directory_ = File(io_, descriptor);
  }

  // Gives the export a new temporary name.
  void stage() {
    std::uint64_t random = 0;
    const int got = io_.random(&random, sizeof random);
    if (got < 0) throw system_error("getentropy for", base_, -got);
    staged_ = std::make_unique<StagedDirectory>(
        StagingPlace{io_, directory_.get(), base_, export_temporary_name(seconds_, random),
                     settings_.sync, settings_.threads, sync_},
        source_);
  }

  // W1, and the claim that keeps other exports from clearing the directory away.
  void begin() {
    for (int attempt = 1;; ++attempt) {
      try {
        staged_->begin(1);
        claim_directory(io_, directory_.get(), staged_->temporary(), staged_->shown(""), claim_);
        return;
      } catch (const WriteFailure& failure) {
        const bool lost = failure.error_number == ENOENT || failure.error_number == EWOULDBLOCK;
        if (!lost || !staged_->made() || attempt == kAttempts) throw;
      }
      stage();  // another export took the new directory for a leftover
    }
  }

  // assets.extra/<destination>, its directories included.
  void copy_asset(const std::string& destination, const std::string& source) {
    const std::vector<std::string> parts = components(destination);
    std::string shown = staged_->shown(kExtraAssetsName);
    std::vector<File> directories;
    directories.push_back(enter(staged_->descriptor(), kExtraAssetsName, shown));
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      shown = join_path(shown, parts[i]);
      directories.push_back(enter(directories.back().get(), parts[i], shown));
    }
    File file =
        staged_->create(directories.back().get(), parts.back(), join_path(shown, parts.back()));
    copy_bytes(source, file, join_path(shown, parts.back()));
    staged_->finish(file, join_path(shown, parts.back()));
    if (!settings_.sync) return;
    for (const File& directory : directories)
      check_written(sync_(directory.get(), shown), "fsync", shown);
  }

  File enter(int directory, const std::string& name, const std::string& shown) {
    const int made = io_.mkdir(directory, name);
    if (made != -EEXIST) check_written(made, "mkdir", shown);
    const int descriptor = io_.open(directory, name, OpenMode::kDirectory);
    check_written(descriptor, "open", shown);
    return {io_, descriptor};
  }

  void copy_bytes(const std::string& source, const File& to, const std::string& shown) {
    const int descriptor = io_.open(kCurrentDirectory, source, OpenMode::kReadFollow);
    if (descriptor < 0) throw system_error("open", source, -descriptor);
    const File from(io_, descriptor);
    std::vector<char> block(std::size_t{1} << 20);
    for (std::uint64_t at = 0;;) {
      const std::int64_t got = read_full(io_, from.get(), block.data(), block.size(), at);
      if (got < 0) throw system_error("read", source, static_cast<int>(-got));
      if (got == 0) return;
      check_written(write_all(io_, to.get(), block.data(), static_cast<std::size_t>(got), at),
                    "pwrite", shown);
      at += static_cast<std::uint64_t>(got);
    }
  }

  // The first free second from now on: two exports of one second get two names.
  std::string publish() {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const std::string name = export_name(seconds_ + attempt);
      const std::string path = join_path(base_, name);
      const int renamed = rename_to_free(io_, directory_.get(), staged_->temporary(), name);
      if (renamed == -EEXIST || renamed == -ENOTEMPTY) continue;
      check_written(renamed, "rename", path);
      published_ = true;
      const int synced = settings_.sync ? sync_(directory_.get(), base_) : 0;
      if (synced < 0) throw WriteFailure{"fsync", base_, -synced, true};
      return path;
    }
    throw Error(Code::kAlreadyExists,
                "export_dir_base " + base_ + ": expected a free name among " +
                    export_name(seconds_) + ".." + export_name(seconds_ + kAttempts - 1) +
                    ", got all of them taken. Export again in a moment.",
                {{"path", base_}});
  }

  Error error_of(const WriteFailure& failure) {
    return write_error(
        {"exported model", join_path(base_, export_name(seconds_)), ". Nothing was exported.",
         " Free space, then export again.", " Export again when the file system answers."},
        failure, manifest_, io_, directory_.get());
  }

  void discard() {
    if (published_) return;
    staged_->close();
    if (staged_->made()) remove_tree(io_, directory_.get(), staged_->temporary());
  }

  Io& io_;
  std::string base_;
  ExportSettings settings_;
  SaveSource& source_;
  const Manifest& manifest_;
  SyncDirectory sync_;
  File directory_;
  File claim_;  // the temporary directory, locked until it has its name
  std::int64_t seconds_ = 0;
  std::unique_ptr<StagedDirectory> staged_;
  bool published_ = false;
};

}  // namespace

void check_extra_assets(const std::map<std::string, std::string>& assets) {
  for (const auto& [destination, source] : assets) {
    const std::vector<std::string> parts = components(destination);
    const bool inside = std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
      return part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos;
    });
    if (!inside)
      throw Error(Code::kInvalidArgument,
                  "assets_extra: expected a destination inside assets.extra, as in "
                  "\"sub/file.txt\"; got \"" +
                      destination + "\"",
                  {{"found", destination}});
  }
}

std::string write_export(Io& io, const std::string& base, SaveSource& source,
                         const std::map<std::string, std::string>& assets,
                         const ExportSettings& settings) {
  return with_memory(
      base, "export", [&] { return ExportWriter(io, base, source, settings).run(assets); },
      "CheckpointSaveError");
}

}  // namespace holdfast::io
