#include "io/manifest.h"

#include <algorithm>
#include <tuple>

#include "base/utf8.h"
#include "io/fault.h"

namespace holdfast::io {
namespace {

// A rule that a manifest breaks.
class Rules {
 public:
  Rules(const std::string& path, Kind kind)
      : place_{path, kManifestName, {}, -1, -1, kind_text(kind)} {}

  void at_tensor(const std::string& name) { place_.tensor = name.substr(0, 200); }
  void expect(bool holds, const std::string& expected, const std::string& found) const {
    if (!holds) throw corrupt(place_, expected, found);
  }
  void limit(std::uint64_t value, std::uint64_t most, const std::string& what) const {
    if (value > most)
      throw unsafe(place_, "at most " + std::to_string(most) + " " + what, std::to_string(value));
  }
  [[noreturn]] void overflow(const std::string& what) const {
    throw unsafe(place_, what + " below 2^63", "a product or sum that overflows");
  }

 private:
  Place place_;
};

bool is_plain_name(const std::string& name) {
  if (!is_utf8(name)) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    // U+0080..U+009F are C2 80..9F.
    if (byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0)
      return false;
  }
  return true;
}

void check_name(const Rules& rules, const std::string& name, const char* what) {
  rules.limit(name.size(), kMaxNameBytes, std::string("bytes in a ") + what);
  rules.expect(!name.empty() && is_plain_name(name),
               std::string("a ") + what + " of 1..1024 bytes of UTF-8 without control characters",
               name.empty() ? "an empty one" : "another one");
}

// Product of the sizes behind the first axis and the item size.
std::uint64_t row_bytes(const Rules& rules, const TensorEntry& tensor) {
  auto bytes = static_cast<std::uint64_t>(dtype_size(tensor.dtype));
  for (std::size_t axis = 1; axis < tensor.shape.size(); ++axis) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(tensor.shape[axis]), &bytes))
      rules.overflow("bytes of a row");
  }
  return bytes;
}

// Elements. Bytes may not overflow even where one size is 0: whoever is given the shape may
// multiply.
std::uint64_t checked_elements(const Rules& rules, const TensorEntry& tensor) {
  std::uint64_t elements = 1;
  bool empty = false;
  for (const std::int64_t size : tensor.shape) {
    if (size == 0) empty = true;
    if (size != 0 && __builtin_mul_overflow(elements, static_cast<std::uint64_t>(size), &elements))
      rules.overflow("elements");
  }
  // A string takes 8 bytes of an offset at least.
  const std::uint64_t item = tensor.dtype == DType::kString ? 8 : dtype_size(tensor.dtype);
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements, item, &bytes) ||
      bytes > static_cast<std::uint64_t>(INT64_MAX))
    rules.overflow("bytes of all elements");
  return empty ? 0 : elements;
}

void check_part_size(const Rules& rules, const TensorEntry& tensor, const PartEntry& part,
                     std::uint64_t elements) {
  if (tensor.dtype == DType::kString) {
    std::uint64_t least = 0;
    if (__builtin_mul_overflow(elements + 1, std::uint64_t{8}, &least))
      rules.overflow("bytes of string offsets");
    rules.expect(tensor.parts.size() == 1 && part.bytes >= least,
                 "one part of at least " + std::to_string(least) + " bytes",
                 std::to_string(tensor.parts.size()) + " parts, the first of " +
                     std::to_string(part.bytes) + " bytes");
    return;
  }
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(row_bytes(rules, tensor), part.rows, &bytes))
    rules.overflow("bytes of a part");
  rules.expect(part.bytes == bytes,
               std::to_string(bytes) + " bytes for " + std::to_string(part.rows) + " rows of " +
                   shape_text(tensor.shape) + " " + dtype_name(tensor.dtype),
               std::to_string(part.bytes));
}

void check_parts(const Rules& rules, const Manifest& manifest, const TensorEntry& tensor) {
  const std::uint64_t elements = checked_elements(rules, tensor);
  rules.expect((elements == 0) == tensor.parts.empty(),
               elements == 0 ? "no part for an empty tensor" : "at least one part",
               std::to_string(tensor.parts.size()) + " parts");
  std::uint64_t row = 0;
  for (const PartEntry& part : tensor.parts) {
    rules.expect(part.row == row && part.rows > 0,
                 "parts that start where the last ended, row " + std::to_string(row),
                 std::to_string(part.rows) + " rows from row " + std::to_string(part.row));
    if (__builtin_add_overflow(row, part.rows, &row)) rules.overflow("rows");
    rules.expect(part.file < manifest.file_bytes.size(),
                 "a file below " + std::to_string(manifest.file_bytes.size()),
                 std::to_string(part.file));
    rules.expect(part.offset % kPartAlignment == 0 && part.offset >= kShardHeaderBytes,
                 "an offset that is a multiple of 64 and at least 64", std::to_string(part.offset));
    rules.expect(row <= row_count(tensor.shape), "rows that end at the size of axis 0",
                 "row " + std::to_string(row));
    check_part_size(rules, tensor, part, elements);
    const std::uint64_t chunks =
        part.bytes / manifest.chunk_bytes + (part.bytes % manifest.chunk_bytes != 0 ? 1 : 0);
    rules.expect(part.crcs.size() == chunks, std::to_string(chunks) + " CRCs",
                 std::to_string(part.crcs.size()));
  }
  if (elements > 0)
    rules.expect(row == row_count(tensor.shape),
                 "parts for all " + std::to_string(row_count(tensor.shape)) + " rows",
                 std::to_string(row));
}

void check_tensor(Rules& rules, const Manifest& manifest, const TensorEntry& tensor) {
  rules.at_tensor(tensor.name);
  check_name(rules, tensor.name, "tensor name");
  check_name(rules, tensor.role, "role");
  for (const std::string* text : {&tensor.slot_of, &tensor.slot, &tensor.optimizer})
    if (!text->empty()) check_name(rules, *text, "slot name");
  rules.limit(tensor.shape.size(), kMaxRank, "axes");
  for (const std::int64_t size : tensor.shape) {
    rules.expect(size >= 0, "sizes that are not negative", std::to_string(size));
    rules.limit(static_cast<std::uint64_t>(size), kMaxInteger, "rows on an axis");
  }
  check_parts(rules, manifest, tensor);
}

void check_global_step(Rules& rules, const Manifest& manifest) {
  std::size_t found = 0;
  for (const TensorEntry& tensor : manifest.tensors) {
    if (tensor.role != "global_step") continue;
    ++found;
    rules.at_tensor(tensor.name);
    rules.expect(tensor.dtype == DType::kInt64 && tensor.shape.empty(),
                 "an int64 global_step of shape []",
                 std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape));
  }
  rules.at_tensor("");
  rules.expect(found == 1, "one tensor with the role global_step", std::to_string(found));
}

// Parts lie inside their files, apart, close together, and reach the end.
void check_files(const Rules& rules, const Manifest& manifest) {
  std::vector<const PartEntry*> parts;
  for (const TensorEntry& tensor : manifest.tensors)
    for (const PartEntry& part : tensor.parts) parts.push_back(&part);
  std::sort(parts.begin(), parts.end(), [](const PartEntry* a, const PartEntry* b) {
    return std::tie(a->file, a->offset) < std::tie(b->file, b->offset);
  });
  auto next = parts.begin();
  for (std::size_t file = 0; file < manifest.file_bytes.size(); ++file) {
    std::uint64_t end = kShardHeaderBytes;
    for (; next != parts.end() && (*next)->file == file; ++next) {
      const PartEntry& part = **next;
      rules.expect(part.offset >= end && part.offset - end < kMaxGap,
                   "a part at most 4095 bytes after offset " + std::to_string(end) + " of file " +
                       std::to_string(file) + ", and not before",
                   "one at " + std::to_string(part.offset));
      if (__builtin_add_overflow(part.offset, part.bytes, &end)) rules.overflow("end of a part");
    }
    rules.expect(end == manifest.file_bytes[file],
                 "parts that end where file " + std::to_string(file) + " ends, at " +
                     std::to_string(manifest.file_bytes[file]),
                 std::to_string(end));
  }
}

void check_state(const Rules& rules, const Manifest& manifest) {
  rules.expect(manifest.state.is_object(), "\"state\" to be an object", manifest.state.kind_name());
  rules.expect(manifest.model.is_object(), "\"model\" to be an object", manifest.model.kind_name());
  const Json* step = manifest.state.find("global_step");
  rules.expect(step != nullptr && step->is_int() &&
                   step->as_int() == static_cast<std::int64_t>(manifest.step),
               "state.global_step to be the step, " + std::to_string(manifest.step),
               step == nullptr ? "none" : to_text(*step).substr(0, 40));
  const Json* user = manifest.state.find("user");
  if (user != nullptr)
    rules.limit(to_text(*user).size(), kMaxUserStateBytes, "bytes in state.user");
}

}  // namespace

const char* kind_text(Kind kind) {
  return kind == Kind::kCheckpoint ? "checkpoint" : "exported model";
}

std::uint64_t row_count(const Shape& shape) {
  return shape.empty() ? 1 : static_cast<std::uint64_t>(shape[0]);
}

std::uint64_t bytes_of_rows(const TensorEntry& tensor, std::uint64_t rows) {
  std::uint64_t bytes = rows * dtype_size(tensor.dtype);
  for (std::size_t axis = 1; axis < tensor.shape.size(); ++axis)
    bytes *= static_cast<std::uint64_t>(tensor.shape[axis]);
  return bytes;
}

const TensorEntry& global_step_of(const Manifest& manifest) {
  return *std::find_if(manifest.tensors.begin(), manifest.tensors.end(),
                       [](const TensorEntry& tensor) { return tensor.role == "global_step"; });
}

void validate(const Manifest& manifest, const std::string& path) {
  Rules rules(path, manifest.kind);
  for (const std::uint64_t integer : {manifest.commit_seq, manifest.step, manifest.created_unix_ms})
    rules.limit(integer, kMaxInteger, "as an integer");
  rules.expect(manifest.chunk_bytes >= kMinChunkBytes && manifest.chunk_bytes <= kMaxChunkBytes,
               "chunk_bytes from 4096 to 4194304", std::to_string(manifest.chunk_bytes));
  rules.limit(manifest.file_bytes.size(), kMaxFiles, "files");
  for (const std::uint64_t bytes : manifest.file_bytes) rules.limit(bytes, kMaxInteger, "bytes");
  rules.limit(manifest.tensors.size(), kMaxTensors, "tensors");
  std::size_t parts = 0;
  const TensorEntry* before = nullptr;
  for (const TensorEntry& tensor : manifest.tensors) {
    check_tensor(rules, manifest, tensor);
    rules.expect(before == nullptr || before->name < tensor.name,
                 "tensors sorted by name, each name once",
                 before == nullptr ? "" : "this one after \"" + before->name + "\"");
    before = &tensor;
    parts += tensor.parts.size();
    rules.limit(parts, kMaxParts, "parts");
  }
  rules.at_tensor("");
  check_global_step(rules, manifest);
  check_files(rules, manifest);
  check_state(rules, manifest);
}

bool same_contents(const Manifest& a, const Manifest& b) {
  const auto same_part = [](const PartEntry& x, const PartEntry& y) {
    return std::tie(x.bytes, x.row, x.rows, x.crcs) == std::tie(y.bytes, y.row, y.rows, y.crcs);
  };
  const auto same_tensor = [&](const TensorEntry& x, const TensorEntry& y) {
    return std::tie(x.name, x.role, x.slot_of, x.slot, x.optimizer, x.dtype, x.shape) ==
               std::tie(y.name, y.role, y.slot_of, y.slot, y.optimizer, y.dtype, y.shape) &&
           std::equal(x.parts.begin(), x.parts.end(), y.parts.begin(), y.parts.end(), same_part);
  };
  return a.kind == b.kind && a.graph == b.graph && a.signatures == b.signatures &&
         a.step == b.step && a.chunk_bytes == b.chunk_bytes && a.state == b.state &&
         a.model == b.model &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                    same_tensor);
}

}  // namespace holdfast::io
