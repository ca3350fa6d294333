#include "invariants.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "contents.h"
#include "exports.h"
#include "holdfast/error.h"
#include "io/bookkeeping.h"
#include "io/checkpoint_dir.h"
#include "io/model_dir_writer.h"
#include "io/names.h"

namespace holdfast::durability {
namespace {

constexpr int kFurtherStep = 5000;  // no scenario saves it

class Checker {
 public:
  Checker(io::Io& io, const std::string& model_dir, const Ledger& ledger)
      : io_(io), model_dir_(model_dir), expected_(expected_of(ledger)) {}

  std::vector<std::string> run() {
    check_latest("before recovery");
    check_all("before recovery");
    check_notes();
    start_writer();
    if (writer_ == nullptr) return broken_;
    check_latest("after recovery");
    check_all("after recovery");
    check_nothing_left();
    check_remains();
    save_once_more();
    check_exports();
    return broken_;
  }

 private:
  void broken(const char* promise, const std::string& what) {
    broken_.push_back(std::string(promise) + ": " + what);
  }

  // Loads everything and compares. `when` is for the text only.
  void check_whole(const io::OpenedCheckpoint& opened, const std::string& when) {
    const auto step = static_cast<int>(opened.manifest().step);
    const std::string subject = when + ", " + io::split_path(opened.path()).name + ": ";
    newest_seq_ = std::max(newest_seq_, opened.manifest().commit_seq);
    const auto allowed = expected_.allowed.find(step);
    if (allowed == expected_.allowed.end())
      return broken("I3", subject + "nobody saved this step, or it was removed");
    try {
      opened.verify(1);
      const int variant = variant_of(opened);
      if (allowed->second.count(variant) == 0)
        return broken("I2", subject + "contents " + std::to_string(variant) + " of another save");
      const std::string different = difference(opened, step, variant);
      if (!different.empty()) broken("I2", subject + different);
    } catch (const Error& error) {
      broken("I2", subject + error.what());
    }
  }

  void check_latest(const std::string& when) {
    std::unique_ptr<io::OpenedCheckpoint> opened;
    try {
      opened = io::open_latest(io_, model_dir_);
    } catch (const Error& error) {
      if (!expected_.may_be_empty || error.kind() != "NoCheckpointError")
        broken("I1", when + ": " + error.what());
      return;
    }
    const auto step = static_cast<int>(opened->manifest().step);
    if (expected_.latest.count(step) == 0)
      broken("I1", when + ": the latest checkpoint is of step " + std::to_string(step));
    check_whole(*opened, when);
  }

  void check_all(const std::string& when) {
    std::set<int> found;
    try {
      for (const CheckpointInfo& info : io::list(io_, model_dir_)) {
        found.insert(static_cast<int>(info.step));
        check_whole(io::OpenedCheckpoint(io_, info.path), when);
      }
    } catch (const Error& error) {
      broken("I3", when + ": " + error.what());
    }
    for (const int step : expected_.required)
      if (found.count(step) == 0)
        broken("I3", when + ": step " + std::to_string(step) + " is gone");
    // A save that never finished is none; anything else that cannot be used was damaged.
    for (const CheckpointProblem& problem : io::problems(io_, model_dir_))
      if (problem.reason.find("never finished") == std::string::npos &&
          !speaks_of_damaged(problem.path))
        broken("I3", when + ": " + problem.path + ": " + problem.reason);
  }

  // What is damaged may be somebody's last hope: nothing deletes it.
  void check_remains() {
    for (const int step : expected_.damaged) {
      const std::string path = io::join_path(model_dir_, io::checkpoint_name(step));
      io::FileStat stat;
      for (const char* name : {io::kCommitName, io::kManifestName})
        if (io_.stat(io::kCurrentDirectory, io::join_path(path, name), stat) != 0)
          broken("I3", path + ": " + name + " of a damaged checkpoint was deleted");
    }
  }
  bool speaks_of_damaged(const std::string& text) const {
    return std::any_of(expected_.damaged.begin(), expected_.damaged.end(), [&](int step) {
      return text.find("/" + io::checkpoint_name(step)) != std::string::npos;
    });
  }

  void check_notes() {
    try {
      const std::optional<std::string> text = io::read_bookkeeping(io_, model_dir_);
      if (!text) {
        if (expected_.notes_required) broken("notes", "checkpoint.json is gone");
      } else if (expected_.notes.count(variant_of_notes(*text)) == 0) {
        broken("notes", "checkpoint.json holds other notes than the last ones: " + *text);
      }
    } catch (const Error& error) {
      broken("notes", error.what());
    }
  }

  void start_writer() {
    try {
      writer_ = std::make_unique<io::ModelDirWriter>(io_, model_dir_, io::WriterOptions{true, 1});
      for (const std::string& warning : writer_->take_warnings())
        if (!speaks_of_damaged(warning)) broken("I4", "the next writer warns: " + warning);
    } catch (const Error& error) {
      broken("I4", std::string("the next writer cannot start: ") + error.what());
    }
  }

  void check_nothing_left() {
    const io::File directory(
        io_, io_.open(io::kCurrentDirectory, model_dir_, io::OpenMode::kDirectoryFollow));
    std::vector<std::string> names;
    io_.list(directory.get(), names);
    for (const std::string& name : names)
      if (!io::parse_checkpoint_name(name) && name != io::kLockName &&
          name != io::kBookkeepingName && io::join_path(model_dir_, name) != exports_)
        broken("I4", "left over: " + name);
    for (const CheckpointProblem& problem : io::problems(io_, model_dir_))
      if (!speaks_of_damaged(problem.path))
        broken("I4", "left over: " + problem.path + ": " + problem.reason);
  }

  void save_once_more() {
    try {
      writer_->save(contents_of(kFurtherStep, 0));
      const auto opened = io::open_latest(io_, model_dir_);
      const auto step = static_cast<int>(opened->manifest().step);
      if (step != kFurtherStep)
        return broken("I1", "after a further save the latest is of step " + std::to_string(step));
      if (opened->manifest().commit_seq <= newest_seq_)
        broken("I1", "a further save took commit_seq " +
                         std::to_string(opened->manifest().commit_seq) + " after " +
                         std::to_string(newest_seq_));
      const std::string different = difference(*opened, kFurtherStep, 0);
      if (!different.empty()) broken("I2", "a further save: " + different);
    } catch (const Error& error) {
      broken("I1", std::string("a further save: ") + error.what());
    }
  }

  void check_exports() {
    if (!expected_.exported()) return;
    for (std::string& text : broken_exports(io_, model_dir_, expected_))
      broken_.push_back(std::move(text));
  }

  io::Io& io_;
  std::string model_dir_;
  std::string exports_ = export_base_of(model_dir_);
  Expected expected_;
  std::uint64_t newest_seq_ = 0;
  std::unique_ptr<io::ModelDirWriter> writer_;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_promises(io::Io& io, const std::string& model_dir,
                                         const Ledger& ledger) {
  return Checker(io, model_dir, ledger).run();
}

}  // namespace holdfast::durability
