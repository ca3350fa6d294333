#include "scenarios.h"

#include <cstring>
#include <exception>
#include <thread>

#include "contents.h"
#include "exports.h"
#include "io/commit.h"
#include "io/names.h"
#include "io/staged_save.h"

namespace holdfast::durability {
namespace {

using io::SideKind;

// Calls on the model_dir that no writer would make: they build what an interrupted one has left.
class Leftovers {
 public:
  explicit Leftovers(Session& session) : session_(session), io_(session.io()) {
    directory_ = io::File(
        io_, io_.open(io::kCurrentDirectory, session.model_dir(), io::OpenMode::kDirectory));
  }

  // A whole checkpoint that nobody was promised, under another name.
  std::string whole(SideKind kind, int step) {
    session_.writer().save(contents_of(step, 0));
    return rename(kind, step);
  }
  std::string rename(SideKind kind, int step) {
    const std::string name = io::side_name(kind, step, ++random_);
    io_.rename(directory_.get(), io::checkpoint_name(step), name, io::RenameMode::kReplace);
    return name;
  }
  void empty(SideKind kind, int step) {
    io_.mkdir(directory_.get(), io::side_name(kind, step, ++random_));
  }
  void unlink(const std::string& directory, const std::string& name) {
    const io::File opened(io_, io_.open(directory_.get(), directory, io::OpenMode::kDirectory));
    io_.unlink(opened.get(), name);
  }
  // Seven lines and a wrong CRC: a COMMIT that was whole once.
  void damage_commit(int step) {
    unlink(io::checkpoint_name(step), io::kCommitName);
    io::Commit commit;
    commit.step = static_cast<std::uint64_t>(step);
    std::string text = io::encode_commit(commit);
    text[30] = text[30] == '0' ? '1' : '0';
    const io::File opened(
        io_, io_.open(directory_.get(), io::checkpoint_name(step), io::OpenMode::kDirectory));
    const io::File file(io_, io_.open(opened.get(), io::kCommitName, io::OpenMode::kCreate));
    io::write_all(io_, file.get(), text.data(), text.size(), 0);
    session_.damaged(step);
  }
  void half_written_notes() {
    const io::File file(io_, io_.open(directory_.get(), io::bookkeeping_temporary_name(++random_),
                                      io::OpenMode::kCreate));
    io::write_all(io_, file.get(), "{\"for", 5, 0);
  }

 private:
  Session& session_;
  io::Io& io_;
  io::File directory_;
  std::uint64_t random_ = 0;
};

void three_checkpoints(Session& session) {
  session.open();
  for (const int step : {10, 20, 30}) session.save(step);
  session.note(1);
  session.close();
}

void nothing(Session&) {}

void first_save(Session& session) {
  session.open();
  session.save(10);
  session.close();
}

void save_and_retain(Session& session) {
  session.open();
  session.save(40);
  session.note(2);
  session.remove(10);
  session.close();
}

// The newest checkpoint, then an older one, with other contents.
void save_again(Session& session) {
  session.open();
  session.save(30, 1);
  session.save(20, 2);
  session.close();
}

void async_saves(Session& session) {
  session.open();
  session.save_async(40);
  session.save_async(50, 1);
  session.close();
}

void open_with_two(Session& session) {
  session.open();
  session.save(10);
  session.save(20);
  session.note(1);
}

// As train() ends: the save, once more the same (which writes nothing), notes, the lock.
void final_save(Session& session) {
  session.save(30);
  session.save(30);
  session.note(2);
  session.close();
}

// .tmp-, .trash- and unfinished directories in every state.
void interrupted_everywhere(Session& session) {
  session.open();
  Leftovers leftovers(session);
  leftovers.whole(SideKind::kTemporary, 90);
  leftovers.unlink(leftovers.whole(SideKind::kTemporary, 91), io::kCommitName);
  leftovers.empty(SideKind::kTemporary, 92);
  leftovers.whole(SideKind::kTrash, 93);
  leftovers.unlink(leftovers.whole(SideKind::kTrash, 94), io::kManifestName);
  leftovers.empty(SideKind::kTrash, 95);
  leftovers.half_written_notes();
  for (const int step : {10, 20, 30}) session.save(step);
  session.note(1);
  session.writer().save(contents_of(5, 0));
  leftovers.unlink(io::checkpoint_name(5), io::kCommitName);
  session.close();
}

// Step 20 was put aside and its place is empty; step 30 was put aside and replaced.
void interrupted_exchange(Session& session) {
  session.open();
  for (const int step : {10, 20, 30}) session.save(step);
  Leftovers leftovers(session);
  leftovers.rename(SideKind::kOld, 20);
  leftovers.rename(SideKind::kOld, 30);
  session.save(30, 1);
  leftovers.whole(SideKind::kTemporary, 20);
  session.close();
}

// The newest step was put aside, its successor never arrived: the checkpoint is the one aside.
void interrupted_exchange_of_latest(Session& session) {
  session.open();
  session.save(10);
  session.save(20);
  Leftovers(session).rename(SideKind::kOld, 20);
  session.close();
}

void one_damaged(Session& session) {
  session.open();
  for (const int step : {10, 20, 30}) session.save(step);
  Leftovers(session).damage_commit(20);
  session.close();
}

// As killed exports leave it: half a shard and an asset, and a directory just made.
void killed_exports(Session& session) {
  io::Io& io = session.io();
  const io::File base(io, io.open(io::kCurrentDirectory, export_base_of(session.model_dir()),
                                  io::OpenMode::kDirectory));
  io.mkdir(base.get(), io::export_temporary_name(7, 2));
  const std::string half = io::export_temporary_name(7, 1);
  io.mkdir(base.get(), half);
  const io::File directory(io, io.open(base.get(), half, io::OpenMode::kDirectory));
  const io::File shard(io, io.open(directory.get(), io::shard_name(0, 1), io::OpenMode::kCreate));
  io::write_all(io, shard.get(), "HFSH", 4, 0);
  io.mkdir(directory.get(), io::kExtraAssetsName);
  const io::File assets(io,
                        io.open(directory.get(), io::kExtraAssetsName, io::OpenMode::kDirectory));
  const io::File asset(io, io.open(assets.get(), kExtraAsset, io::OpenMode::kCreate));
}

void one_export(Session& session) {
  three_checkpoints(session);
  session.export_model(31);
  killed_exports(session);
}

void export_twice(Session& session) {
  session.export_model(32);
  session.export_model(33);  // in the same second: its name is taken
}

void export_once(Session& session) { session.export_model(31); }

void recover(Session& session) {
  session.open();
  session.close();
}

void recover_and_save(Session& session) {
  session.open();
  session.save(40);
  session.close();
}

}  // namespace

void Session::open() {
  writer_ = std::make_unique<io::ModelDirWriter>(io_, model_dir_, io::WriterOptions{true, 1});
}

void Session::save(int step, int variant) {
  const CheckpointContents contents = contents_of(step, variant);
  ledger_.add(EventKind::kSaving, step, variant);
  writer_->save(contents);
  ledger_.add(EventKind::kSaved, step, variant);
}

void Session::save_async(int step, int variant) {
  CheckpointContents contents = contents_of(step, variant);
  ledger_.add(EventKind::kSaving, step, variant);
  io::StagedSave staged;
  staged.stage(contents, 1);
  for (NamedTensor& tensor : contents.tensors)  // training goes on
    if (tensor.value.dtype() != DType::kString)
      std::memset(tensor.value.raw(), 0xFF, tensor.value.bytes());
  std::exception_ptr failed;
  std::thread writing([&] {
    try {
      writer_->save(staged);
    } catch (...) {
      failed = std::current_exception();
    }
  });
  writing.join();
  if (failed) std::rethrow_exception(failed);
  ledger_.add(EventKind::kSaved, step, variant);
}

void Session::note(int variant) {
  ledger_.add(EventKind::kNoting, 0, variant);
  writer_->write_bookkeeping(notes_of(variant));
  ledger_.add(EventKind::kNoted, 0, variant);
}

void Session::remove(int step) {
  ledger_.add(EventKind::kRemoving, step);
  writer_->remove(io::join_path(model_dir_, io::checkpoint_name(step)));
  ledger_.add(EventKind::kRemoved, step);
}

void Session::export_model(int step) {
  ledger_.add(EventKind::kExporting, step);
  write_model(io_, model_dir_, step);
  ledger_.add(EventKind::kExported, step);
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"first_save", "the first save, into a model_dir that is not there yet", true, nothing,
       first_save},
      {"retention", "a save, its notes, and the oldest checkpoint removed", true, three_checkpoints,
       save_and_retain},
      {"resave_exchange", "two steps saved again, directories swapped", true, three_checkpoints,
       save_again},
      {"resave_renames", "the same where directories cannot be swapped", false, three_checkpoints,
       save_again},
      {"async_save", "two saves by another thread", true, three_checkpoints, async_saves},
      {"final_save", "the end of training: save, notes, unlock", true, open_with_two, final_save},
      {"recover_leftovers", "a new writer finds what interrupted saves have left", true,
       interrupted_everywhere, recover_and_save},
      {"recover_exchange", "a new writer finds exchanges that were interrupted", false,
       interrupted_exchange, recover_and_save},
      {"recover_latest", "a new writer finds the latest checkpoint put aside", false,
       interrupted_exchange_of_latest, recover},
      {"keep_damaged", "a new writer finds a damaged checkpoint", true, one_damaged,
       recover_and_save},
      {"export_first", "the first export, where a rename cannot refuse to replace", false,
       three_checkpoints, export_once},
      {"export", "two exports beside an earlier one and what killed ones have left", true,
       one_export, export_twice},
  };
  return all;
}

}  // namespace holdfast::durability
