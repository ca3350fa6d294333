#include "random_damage.h"

#include <array>
#include <atomic>
#include <mutex>

#include "base/thread_pool.h"
#include "checkpoint_bytes.h"
#include "damage.h"
#include "io/model_dir_writer.h"
#include "io/parallel.h"
#include "io/testing_io.h"
#include "reading.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kBytes = std::size_t{3} << 20;
constexpr std::int64_t kOnDiskOneIn = 500;

// The checkpoint and the saves whose parts may get into it.
struct Saves {
  Files whole;
  std::vector<Files> others;
  std::vector<Tensor> saved;
};

Saves make_saves(std::uint64_t seed) {
  Layout layout;
  layout.shards = 3;
  layout.chunk_bytes = std::uint64_t{64} << 10;
  layout.split_bytes = std::uint64_t{300} << 10;
  const auto other = [&](const CheckpointContents& contents, unsigned char save_id) {
    Layout its = layout;
    its.save_id = save_id;
    its.commit_seq = save_id;
    return checkpoint_files(contents, its);
  };
  Saves saves;
  const CheckpointContents contents = large(1200, kBytes, seed);
  saves.whole = checkpoint_files(contents, layout);
  saves.others = {other(large(1200, kBytes, seed + 1), 2), other(large(1000, kBytes, seed + 2), 3),
                  other(contents, 4)};  // the last: the same values saved again
  saves.saved = tensors_of(saves.whole);
  return saves;
}

class Campaign {
 public:
  Campaign(const Setting& setting, const Saves& saves) : setting_(setting), saves_(saves) {}

  Outcome run() {
    io::run_parallel(default_thread_count(), static_cast<std::size_t>(default_thread_count()),
                     [this](std::size_t) { in_memory(); });
    on_disk();
    for (std::size_t kind = 0; kind < by_kind_.size(); ++kind)
      outcome_.details.set(Damage::kinds()[kind], by_kind_[kind].load());
    outcome_.details.set("checkpoint_bytes", total_bytes(saves_.whole));
    outcome_.details.set("damages_on_disk", on_disk_);
    return std::move(outcome_);
  }

 private:
  static std::int64_t total_bytes(const Files& files) {
    std::int64_t bytes = 0;
    for (const auto& [name, text] : files) bytes += static_cast<std::int64_t>(text.size());
    return bytes;
  }

  // Draws until something changes.
  static std::string inflict(Damage& damage, Files& files, std::mt19937_64& random) {
    std::string what;
    while (what.empty()) what = damage.inflict(files, random);
    return what;
  }

  void in_memory() {
    Files files = saves_.whole;
    MemoryIo io(files);
    Damage damage(saves_.whole, saves_.others);
    for (std::int64_t i = next_++; i < setting_.size; i = next_++) {
      std::mt19937_64 random(setting_.seed * 1'000'003 + static_cast<std::uint64_t>(i));
      const std::string what = inflict(damage, files, random);
      const auto partial = static_cast<std::int64_t>(random() % saves_.saved.size());
      note(i, what, read_damaged(io, "memory", saves_.saved, partial));
      ++by_kind_[damage.kind()];
      damage.undo(files);
    }
  }

  void on_disk() {
    const std::string path = setting_.folder + "/model.ckpt-1200";
    std::filesystem::create_directories(path);
    for (const auto& [name, bytes] : saves_.whole) io::write_file(path + "/" + name, bytes);
    Files files = saves_.whole;
    Damage damage(saves_.whole, saves_.others);
    std::mt19937_64 random(setting_.seed);
    for (; on_disk_ < setting_.size / kOnDiskOneIn + 1; ++on_disk_) {
      const std::string what = inflict(damage, files, random) + ", on disk";
      write_changed(path, files);
      note(setting_.size + on_disk_, what, read_damaged(io::system_io(), path, saves_.saved, -1));
      const Files damaged = files;
      damage.undo(files);
      for (const auto& [name, bytes] : files)
        if (bytes != damaged.at(name)) io::write_file(path + "/" + name, bytes);
    }
  }

  void write_changed(const std::string& path, const Files& files) const {
    for (const auto& [name, bytes] : files)
      if (bytes != saves_.whole.at(name)) io::write_file(path + "/" + name, bytes);
  }

  void note(std::int64_t index, const std::string& what, const Reading& reading) {
    const std::string broken = reading.violation();
    const std::lock_guard<std::mutex> lock(mutex_);
    ++outcome_.cases;
    if (!broken.empty())
      outcome_.violations.push_back("damage " + std::to_string(index) + ", " + what + ": " +
                                    broken);
  }

  const Setting& setting_;
  const Saves& saves_;
  std::atomic<std::int64_t> next_{0};
  std::array<std::atomic<std::int64_t>, 11> by_kind_{};
  std::int64_t on_disk_ = 0;
  std::mutex mutex_;
  Outcome outcome_;
};

}  // namespace

Outcome random_damage(const Setting& setting) {
  const Saves saves = make_saves(setting.seed);
  return Campaign(setting, saves).run();
}

}  // namespace holdfast::durability
