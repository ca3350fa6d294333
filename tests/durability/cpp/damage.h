// One random damage of a checkpoint in memory, and its undoing.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "memory_io.h"

namespace holdfast::durability {

class Damage {
 public:
  // `whole` is the checkpoint; `others` are saves whose files may get in its place: of the same
  // step and of another one. Both outlive this.
  Damage(const Files& whole, const std::vector<Files>& others) : whole_(whole), others_(others) {}

  // Changes one or two files of `files`, which equal `whole`. Empty when this draw changes nothing
  // (two equal blocks swapped); else what was done.
  std::string inflict(Files& files, std::mt19937_64& random);
  // Makes them equal again.
  void undo(Files& files);

  // The kinds of damage by their names, in the order of drawing.
  static const std::vector<std::string>& kinds();
  std::size_t kind() const noexcept { return kind_; }  // of the last inflict

 private:
  using Random = std::mt19937_64;
  std::string& pick(Files& files, Random& random);
  void touch(const std::string& name, std::size_t at, std::size_t size);
  void overwrite(std::string& bytes, std::size_t at, const std::string& with);

  std::string flip_bits(Files& files, Random& random);
  std::string change_bytes(Files& files, Random& random);
  std::string zero_block(Files& files, Random& random);
  std::string swap_blocks(Files& files, Random& random);
  std::string keep_old_block(Files& files, Random& random);
  std::string shift(Files& files, Random& random);
  std::string truncate(Files& files, Random& random);
  std::string extend(Files& files, Random& random);
  std::string take_from_another(Files& files, Random& random);
  std::string swap_shards(Files& files, Random& random);
  std::string empty(Files& files, Random& random);

  // Bytes of a file that were changed; size npos: all of it.
  struct Touched {
    std::string name;
    std::size_t at;
    std::size_t size;
  };
  bool changed(const Files& files) const;

  const Files& whole_;
  const std::vector<Files>& others_;
  std::vector<Touched> touched_;
  std::string name_;  // of the picked file
  std::size_t kind_ = 0;
};

}  // namespace holdfast::durability
