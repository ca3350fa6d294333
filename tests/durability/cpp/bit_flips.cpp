#include "bit_flips.h"

#include <algorithm>

#include "checkpoint_bytes.h"
#include "io/model_dir_writer.h"
#include "io/testing_io.h"
#include "reading.h"

namespace holdfast::durability {
namespace {

void flip(std::string& bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
}

void note(Outcome& outcome, const std::string& file, std::size_t bit, const Reading& reading) {
  ++outcome.cases;
  const std::string broken = reading.violation();
  if (!broken.empty())
    outcome.violations.push_back(file + ", bit " + std::to_string(bit) + ": " + broken);
}

// Returns how many bits there are.
std::int64_t flip_in_memory(Outcome& outcome) {
  Layout layout;
  layout.shards = 2;
  layout.chunk_bytes = io::kMinChunkBytes;
  layout.split_bytes = 24;  // some tensors lie in both shards
  Files files = checkpoint_files(all_dtypes(1200), layout);
  const std::vector<Tensor> saved = tensors_of(files);
  MemoryIo io(files);
  for (auto& [name, bytes] : files) {
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      flip(bytes, bit);
      note(outcome, name, bit, read_damaged(io, "memory", saved, -2));
      flip(bytes, bit);
    }
  }
  return outcome.cases;
}

std::int64_t flip_on_disk(Outcome& outcome, const Setting& setting) {
  io::Io& io = io::system_io();
  const std::string path =
      io::ModelDirWriter(io, setting.folder + "/model", {false, 2}).save(all_dtypes(1200));
  std::vector<Tensor> saved = io::OpenedCheckpoint(io, path).read_all(2);
  std::size_t bits = 0;
  for (const std::string& name : io::names_of(path))
    bits += 8 * io::read_file(path + "/" + name).size();
  const std::size_t wanted = setting.size == 0 ? bits : static_cast<std::size_t>(setting.size);
  const std::size_t stride = std::max<std::size_t>(1, bits / std::max<std::size_t>(1, wanted));
  const std::int64_t before = outcome.cases;
  std::size_t next = setting.seed % stride;
  for (const std::string& name : io::names_of(path)) {
    std::string bytes = io::read_file(path + "/" + name);
    for (; next < 8 * bytes.size(); next += stride) {
      flip(bytes, next);
      io::write_file(path + "/" + name, bytes);
      note(outcome, name + " on disk", next, read_damaged(io, path, saved, -2));
      flip(bytes, next);
    }
    io::write_file(path + "/" + name, bytes);
    next -= 8 * bytes.size();
  }
  return outcome.cases - before;
}

}  // namespace

Outcome bit_flips(const Setting& setting) {
  Outcome outcome;
  outcome.details.set("bits_in_memory", flip_in_memory(outcome));
  outcome.details.set("bits_on_disk", flip_on_disk(outcome, setting));
  return outcome;
}

}  // namespace holdfast::durability
