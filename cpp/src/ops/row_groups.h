// The cells of a batch grouped by the row they name, in order of first appearance.
#pragma once

#include <algorithm>
#include <cstdint>

namespace holdfast {

// One pass over the cells with a hash table of twice their number: time and memory grow with the
// batch, never with the table of rows. The result is what UpdateRowsArgs (kernels.h) asks for.
class RowGroups {
 public:
  // Of the memory that a grouping of so many cells needs.
  static std::int64_t bytes(std::int64_t cells) {
    return cells * kBytesOfCell + capacity_for(cells) * kBytesOfPlace;
  }

  // memory: bytes(cells) bytes, aligned to 8.
  RowGroups(char* memory, std::int64_t cells)
      : rows_(reinterpret_cast<std::int64_t*>(memory)),
        first_(reinterpret_cast<std::int32_t*>(rows_ + cells)),
        last_(first_ + cells),
        next_(last_ + cells),
        own_(next_ + cells),
        places_(own_ + cells),
        capacity_(capacity_for(cells)) {
    while ((std::int64_t{1} << (64 - shift_)) < capacity_) --shift_;
  }

  // Groups the cells whose row falls to `part` of `parts`. A negative row is no row.
  void build(const std::int64_t* rows, std::int64_t cells, int part, int parts) {
    std::fill_n(places_, capacity_, 0);
    groups_ = 0;
    const std::int64_t own = choose(rows, cells, part, parts);
    for (std::int64_t k = 0; k < own; ++k) add(own_[k], rows[own_[k]]);
  }

  std::int64_t size() const noexcept { return groups_; }
  const std::int64_t* rows() const noexcept { return rows_; }    // of the groups
  const std::int32_t* first() const noexcept { return first_; }  // cell of a group
  const std::int32_t* next() const noexcept { return next_; }    // cell of the same group, or -1

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio, Knuth 6.4
  static constexpr std::int64_t kBytesOfCell = 8 + 4 * 4;
  static constexpr std::int64_t kBytesOfPlace = 4;

  static std::int64_t capacity_for(std::int64_t cells) {
    std::int64_t capacity = 2;
    while (capacity < 2 * cells) capacity *= 2;
    return capacity;
  }

  // From other bits than the place, or a part would crowd one end of its table.
  static int part_of(std::uint64_t hash, int parts) {
    return static_cast<int>((hash & 0xFFFFFFFFu) * static_cast<std::uint64_t>(parts) >> 32);
  }

  static std::uint64_t hash_of(std::int64_t row) {
    return static_cast<std::uint64_t>(row) * kGolden;
  }

  // Without a branch: whose cell the next one is is as good as random, and a wrong guess costs more
  // than the cell itself.
  std::int64_t choose(const std::int64_t* rows, std::int64_t cells, int part, int parts) {
    std::int64_t own = 0;
    for (std::int64_t c = 0; c < cells; ++c) {
      own_[own] = static_cast<std::int32_t>(c);
      const bool is_row = rows[c] >= 0;
      const bool falls_here = part_of(hash_of(rows[c]), parts) == part;
      own += static_cast<std::int64_t>(is_row & falls_here);
    }
    return own;
  }

  void add(std::int32_t cell, std::int64_t row) {
    next_[cell] = -1;
    auto place = static_cast<std::int64_t>(hash_of(row) >> shift_);
    while (places_[place] != 0) {
      const std::int32_t group = places_[place] - 1;
      if (rows_[group] == row) {
        next_[last_[group]] = cell;
        last_[group] = cell;
        return;
      }
      place = (place + 1) & (capacity_ - 1);
    }
    rows_[groups_] = row;
    first_[groups_] = cell;
    last_[groups_] = cell;
    places_[place] = ++groups_;
  }

  std::int64_t* rows_;
  std::int32_t* first_;
  std::int32_t* last_;
  std::int32_t* next_;
  std::int32_t* own_;     // cells of the part
  std::int32_t* places_;  // group + 1, or 0
  std::int64_t capacity_;
  int shift_ = 63;
  std::int32_t groups_ = 0;
};

}  // namespace holdfast
