// What checkpoints live through, as values: a model_dir is prepared undisturbed, then something is
// done under attack. Everything follows from the scenario, so that the calls of two runs are the
// same and call n of one is call n of the other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/model_dir_writer.h"
#include "ledger.h"

namespace holdfast::durability {

// One writer of one model_dir, and the ledger of what it promises.
class Session {
 public:
  Session(io::Io& io, std::string model_dir, Ledger& ledger)
      : io_(io), model_dir_(std::move(model_dir)), ledger_(ledger) {}

  void open();
  void save(int step, int variant = 0);
  // The state is staged and changed at once; another thread writes what was staged.
  void save_async(int step, int variant = 0);
  void note(int variant);  // write_bookkeeping
  void remove(int step);
  void damaged(int step) { ledger_.add(EventKind::kDamaged, step); }
  void export_model(int step);  // checkpoint 30 must be there
  void close() { writer_.reset(); }

  bool is_open() const { return writer_ != nullptr; }
  io::Io& io() { return io_; }
  const std::string& model_dir() const { return model_dir_; }
  io::ModelDirWriter& writer() { return *writer_; }

 private:
  io::Io& io_;
  std::string model_dir_;
  Ledger& ledger_;
  std::unique_ptr<io::ModelDirWriter> writer_;
};

struct Scenario {
  const char* name;
  const char* what;
  bool rename_flags;  // false: on a file system without RENAME_EXCHANGE and RENAME_NOREPLACE
  void (*prepare)(Session&);
  void (*act)(Session&);
};

const std::vector<Scenario>& scenarios();

// Where the model_dir of every scenario stands below a root; its parents are not there at first.
inline std::string model_dir_below(const std::string& root) { return root + "/runs/model"; }

}  // namespace holdfast::durability
