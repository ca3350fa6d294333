#include "damage.h"

#include <algorithm>

#include "io/names.h"

namespace holdfast::durability {
namespace {

std::size_t below(std::mt19937_64& random, std::size_t limit) {
  return static_cast<std::size_t>(random() % std::max<std::size_t>(1, limit));
}

// A sector or a page, aligned three times of four.
struct Block {
  std::size_t at;
  std::size_t size;
};
Block block_in(const std::string& bytes, std::size_t size, std::mt19937_64& random) {
  size = std::min(size, bytes.size());
  std::size_t at = below(random, bytes.size() - size + 1);
  if (random() % 4 != 0) at = at / size * size;
  return {at, size};
}
std::size_t block_size(std::mt19937_64& random) { return random() % 2 == 0 ? 512 : 4096; }

std::string at_text(const std::string& name, std::size_t at) {
  return " at " + std::to_string(at) + " of " + name;
}

}  // namespace

const std::vector<std::string>& Damage::kinds() {
  static const std::vector<std::string> all{
      "two or three bits",      "bytes",          "zeroed block", "swapped blocks",
      "block of an older save", "shifted",        "truncated",    "extended",
      "file of another save",   "shards swapped", "file emptied"};
  return all;
}

std::string Damage::inflict(Files& files, Random& random) {
  using Kind = std::string (Damage::*)(Files&, Random&);
  static constexpr Kind kKinds[] = {
      &Damage::flip_bits,         &Damage::change_bytes, &Damage::zero_block, &Damage::swap_blocks,
      &Damage::keep_old_block,    &Damage::shift,        &Damage::truncate,   &Damage::extend,
      &Damage::take_from_another, &Damage::swap_shards,  &Damage::empty};
  constexpr std::size_t kRare = 2;  // the last two have few variants
  kind_ = below(random, std::size(kKinds) - (random() % 16 == 0 ? 0 : kRare));
  touched_.clear();
  const Kind kind = kKinds[kind_];
  std::string what = (this->*kind)(files, random);
  if (changed(files)) return what;
  undo(files);
  return {};
}

bool Damage::changed(const Files& files) const {
  return std::any_of(touched_.begin(), touched_.end(), [&](const Touched& touched) {
    const auto found = files.find(touched.name);
    if (found == files.end()) return true;
    const std::string& was = whole_.at(touched.name);
    if (touched.size == std::string::npos) return found->second != was;
    return found->second.compare(touched.at, touched.size, was, touched.at, touched.size) != 0;
  });
}

void Damage::undo(Files& files) {
  for (const Touched& touched : touched_) {
    const std::string& was = whole_.at(touched.name);
    if (touched.size == std::string::npos) {
      files[touched.name] = was;
    } else {
      files[touched.name].replace(touched.at, touched.size, was, touched.at, touched.size);
    }
  }
  touched_.clear();
}

// Mostly shards, which hold most bytes, and often enough the two small files.
std::string& Damage::pick(Files& files, Random& random) {
  const std::size_t draw = below(random, 10);
  if (draw < 2) {
    name_ = io::kManifestName;
  } else if (draw < 3) {
    name_ = io::kCommitName;
  } else {
    name_ = io::shard_name(below(random, files.size() - 2), files.size() - 2);
  }
  return files.at(name_);
}

void Damage::touch(const std::string& name, std::size_t at, std::size_t size) {
  touched_.push_back({name, at, size});
}

void Damage::overwrite(std::string& bytes, std::size_t at, const std::string& with) {
  touch(name_, at, with.size());
  bytes.replace(at, with.size(), with);
}

std::string Damage::flip_bits(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  std::string what = "bits";
  const std::size_t count = 2 + random() % 2;
  // Far apart, or inside one chunk, or inside one word.
  const std::size_t spread = std::min(bytes.size(), std::size_t{1} << (3 + 7 * (random() % 4)));
  const std::size_t from = below(random, bytes.size() - spread + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = from + below(random, spread);
    touch(name_, at, 1);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    what += at_text(name_, at);
  }
  return what;
}

std::string Damage::change_bytes(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  std::string with(std::min<std::size_t>(1 + random() % 16, bytes.size()), '\0');
  for (char& byte : with) byte = static_cast<char>(random());
  const std::size_t at = below(random, bytes.size() - with.size() + 1);
  overwrite(bytes, at, with);
  return "bytes" + at_text(name_, at);
}

std::string Damage::zero_block(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  const Block block = block_in(bytes, block_size(random), random);
  overwrite(bytes, block.at, std::string(block.size, '\0'));
  return "zeros" + at_text(name_, block.at);
}

std::string Damage::swap_blocks(Files& files, Random& random) {
  std::string& first = pick(files, random);
  const std::string first_name = name_;
  std::string& second = random() % 2 == 0 ? first : pick(files, random);
  const std::size_t size = std::min({block_size(random), first.size(), second.size()});
  const Block a = block_in(first, size, random);
  const Block b = block_in(second, size, random);
  const std::string from_a = first.substr(a.at, size);
  const std::string from_b = second.substr(b.at, size);
  overwrite(second, b.at, from_a);
  const std::string what = "swapped" + at_text(first_name, a.at) + at_text(name_, b.at);
  name_ = first_name;
  overwrite(first, a.at, from_b);
  return what;
}

// A write that never reached the disk: the block has what an earlier save left in its place.
std::string Damage::keep_old_block(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  const std::string& other = others_[below(random, others_.size())].at(name_);
  const Block block = block_in(bytes, block_size(random), random);
  if (block.at + block.size > other.size()) return {};
  overwrite(bytes, block.at, other.substr(block.at, block.size));
  return "old block" + at_text(name_, block.at);
}

// A byte too much or too few in the middle; the size stays.
std::string Damage::shift(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  const std::size_t at = below(random, bytes.size());
  touch(name_, 0, std::string::npos);
  if (random() % 2 == 0) {
    bytes.insert(at, 1, static_cast<char>(random()));
    bytes.pop_back();
  } else {
    bytes.erase(at, 1);
    bytes.push_back(static_cast<char>(random()));
  }
  return "shifted" + at_text(name_, at);
}

std::string Damage::truncate(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  touch(name_, 0, std::string::npos);
  const std::size_t few = std::min<std::size_t>(bytes.size(), 64);
  bytes.resize(random() % 2 == 0 ? below(random, bytes.size())
                                 : bytes.size() - 1 - below(random, few));
  return "cut" + at_text(name_, bytes.size());
}

std::string Damage::extend(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  touch(name_, 0, std::string::npos);
  const std::size_t more = 1 + below(random, random() % 2 == 0 ? 16 : 8192);
  if (random() % 2 == 0) {
    bytes.append(more, '\0');
  } else if (random() % 2 == 0) {
    bytes.append(more, '\n');
  } else {
    for (std::size_t i = 0; i < more; ++i) bytes.push_back(static_cast<char>(random()));
  }
  return name_ + " longer by " + std::to_string(more);
}

std::string Damage::take_from_another(Files& files, Random& random) {
  std::string& bytes = pick(files, random);
  touch(name_, 0, std::string::npos);
  const std::size_t other = below(random, others_.size());
  bytes = others_[other].at(name_);
  return name_ + " of save " + std::to_string(other);
}

std::string Damage::swap_shards(Files& files, Random& random) {
  const std::size_t count = files.size() - 2;
  const std::size_t first = below(random, count);
  const std::string a = io::shard_name(first, count);
  const std::string b = io::shard_name((first + 1 + below(random, count - 1)) % count, count);
  touch(a, 0, std::string::npos);
  touch(b, 0, std::string::npos);
  std::swap(files.at(a), files.at(b));
  return "swapped " + a + " and " + b;
}

std::string Damage::empty(Files& files, Random& random) {
  pick(files, random);
  touch(name_, 0, std::string::npos);
  files.at(name_).clear();
  return name_ + " emptied";
}

}  // namespace holdfast::durability
