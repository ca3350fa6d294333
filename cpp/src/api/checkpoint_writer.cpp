#include "api/staged_checkpoint.h"
#include "base/thread_pool.h"
#include "holdfast/checkpoint.h"
#include "holdfast/error.h"
#include "io/model_dir_writer.h"

namespace holdfast {

struct CheckpointWriter::Impl {
  io::ModelDirWriter writer;
};

CheckpointWriter::CheckpointWriter(const std::string& model_dir,
                                   const CheckpointWriterOptions& options) {
  io::WriterOptions inner;
  inner.sync = options.durability == Durability::kFull;
  inner.threads = options.threads > 0 ? options.threads : default_thread_count();
  inner.break_lock = options.break_lock;
  inner.keep_unfinished = options.keep_unfinished;
  impl_ = std::unique_ptr<Impl>(new Impl{{io::system_io(), model_dir, inner}});
}

CheckpointWriter::~CheckpointWriter() = default;
CheckpointWriter::CheckpointWriter(CheckpointWriter&&) noexcept = default;
CheckpointWriter& CheckpointWriter::operator=(CheckpointWriter&&) noexcept = default;

void CheckpointWriter::close() noexcept { impl_.reset(); }

CheckpointWriter::Impl& CheckpointWriter::open() const {
  if (impl_ == nullptr)
    throw Error(Code::kFailedPrecondition,
                "CheckpointWriter: expected an open one, got one that is closed. Open another.");
  return *impl_;
}

std::string CheckpointWriter::save(const CheckpointContents& contents) {
  return open().writer.save(contents);
}

std::string CheckpointWriter::save(StagedCheckpoint& staged) {
  CheckpointWriter::Impl& self = open();
  static_cast<void>(staged.step());  // empty ones throw
  return self.writer.save(staged.impl_->copy);
}

void CheckpointWriter::remove(const std::string& path) { open().writer.remove(path); }

std::string CheckpointWriter::set_aside(const std::string& path, Aside aside) {
  return open().writer.set_aside(path, aside);
}

void CheckpointWriter::write_bookkeeping(const std::string& json_text) {
  open().writer.write_bookkeeping(json_text);
}

std::vector<std::string> CheckpointWriter::take_warnings() { return open().writer.take_warnings(); }

}  // namespace holdfast
