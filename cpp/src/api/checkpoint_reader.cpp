#include <algorithm>

#include "base/edit_distance.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "holdfast/checkpoint.h"
#include "holdfast/error.h"
#include "io/bookkeeping.h"
#include "io/checkpoint_dir.h"
#include "io/opened.h"
#include "io/pins.h"

namespace holdfast {
namespace {

constexpr std::size_t kClosestNames = 3;

TensorInfo info_of(const io::TensorEntry& entry) {
  std::uint64_t bytes = 0;
  for (const io::PartEntry& part : entry.parts) bytes += part.bytes;
  return {entry.name,
          entry.role,
          entry.slot_of,
          entry.slot,
          entry.optimizer,
          entry.dtype,
          entry.shape,
          static_cast<std::int64_t>(entry.nonfinite),
          static_cast<std::int64_t>(bytes)};
}

}  // namespace

struct HOLDFAST_LOCAL CheckpointReader::Impl {
  explicit Impl(std::unique_ptr<io::OpenedCheckpoint> open) : opened(std::move(open)) {
    const io::Manifest& manifest = opened->manifest();
    info = io::info_of(*opened);
    for (const io::TensorEntry& entry : manifest.tensors) tensors.push_back(info_of(entry));
    Json::Object state;
    for (const auto& [key, value] : manifest.state.as_object())
      if (key != "global_step") state.emplace_back(key, value);
    state_json = to_text(Json(std::move(state)));
    model_json = to_text(manifest.model);
  }

  // tensors.size() when there is none.
  std::size_t index_of(const std::string& name) const {
    const auto at = std::lower_bound(
        tensors.begin(), tensors.end(), name,
        [](const TensorInfo& tensor, const std::string& wanted) { return tensor.name < wanted; });
    if (at == tensors.end() || at->name != name) return tensors.size();
    return static_cast<std::size_t>(at - tensors.begin());
  }

  const io::TensorEntry& entry_of(const std::string& name) const;

  std::unique_ptr<io::OpenedCheckpoint> opened;
  CheckpointInfo info;
  std::vector<TensorInfo> tensors;
  std::string state_json;
  std::string model_json;
};

CheckpointReader::CheckpointReader(const std::string& path)
    : impl_(std::make_unique<Impl>(std::make_unique<io::OpenedCheckpoint>(io::system_io(), path))) {
}

CheckpointReader::CheckpointReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CheckpointReader CheckpointReader::open_latest(const std::string& model_dir) {
  return CheckpointReader(std::make_unique<Impl>(io::open_latest(io::system_io(), model_dir)));
}

CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;
CheckpointReader& CheckpointReader::operator=(CheckpointReader&&) noexcept = default;

const CheckpointInfo& CheckpointReader::info() const noexcept { return impl_->info; }
const std::vector<TensorInfo>& CheckpointReader::tensors() const noexcept { return impl_->tensors; }
const std::string& CheckpointReader::state_json() const noexcept { return impl_->state_json; }
const std::string& CheckpointReader::model_json() const noexcept { return impl_->model_json; }

const TensorInfo* CheckpointReader::find(const std::string& name) const noexcept {
  const std::size_t index = impl_->index_of(name);
  return index == impl_->tensors.size() ? nullptr : &impl_->tensors[index];
}

// Throws: NotFound, naming the closest names.
const io::TensorEntry& CheckpointReader::Impl::entry_of(const std::string& name) const {
  const std::size_t index = index_of(name);
  if (index < tensors.size()) return opened->manifest().tensors[index];
  std::vector<std::pair<std::size_t, std::string>> closest;
  closest.reserve(tensors.size());
  const std::string shown = name.substr(0, 1024);
  for (const TensorInfo& tensor : tensors)
    closest.emplace_back(edit_distance(shown, tensor.name), tensor.name);
  const std::size_t count = std::min(kClosestNames, closest.size());
  std::partial_sort(closest.begin(), closest.begin() + static_cast<std::ptrdiff_t>(count),
                    closest.end());
  std::string text = "checkpoint " + info.path + ": expected a tensor \"" + shown +
                     "\", got none of that name. The closest of its " +
                     std::to_string(closest.size()) + " names:";
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? " " : ", ") + closest[i].second;
  throw Error(Code::kNotFound, text + ".", {{"path", info.path}, {"tensor", name}});
}

Tensor CheckpointReader::read(const std::string& name) const {
  return impl_->opened->read(impl_->entry_of(name));
}

std::vector<Tensor> CheckpointReader::read(const std::vector<std::string>& names,
                                           int threads) const {
  std::vector<const io::TensorEntry*> entries;
  entries.reserve(names.size());
  for (const std::string& name : names) entries.push_back(&impl_->entry_of(name));
  return impl_->opened->read(entries, threads > 0 ? threads : default_thread_count());
}

std::vector<Tensor> CheckpointReader::read_all(int threads) const {
  return impl_->opened->read_all(threads > 0 ? threads : default_thread_count());
}

void CheckpointReader::verify() const { impl_->opened->verify(default_thread_count()); }

std::vector<CheckpointInfo> list_checkpoints(const std::string& model_dir) {
  return io::list(io::system_io(), model_dir);
}

std::vector<CheckpointProblem> checkpoint_problems(const std::string& model_dir) {
  return io::problems(io::system_io(), model_dir);
}

std::optional<std::string> latest_checkpoint(const std::string& model_dir) {
  return io::latest(io::system_io(), model_dir);
}

std::optional<std::string> read_bookkeeping(const std::string& model_dir) {
  return io::read_bookkeeping(io::system_io(), model_dir);
}

void pin_checkpoint(const std::string& path) { io::pin(io::system_io(), path); }

void unpin_checkpoint(const std::string& path) { io::unpin(io::system_io(), path); }

std::vector<std::string> pinned_checkpoints(const std::string& model_dir) {
  return io::pinned(io::system_io(), model_dir);
}

}  // namespace holdfast
