#include "io/save_plan.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include "base/crc32c.h"
#include "holdfast/error.h"
#include "holdfast/version.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

// Fits a second-level cache together with what it is copied from.
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

[[noreturn]] void invalid(const std::string& what) {
  throw Error(Code::kInvalidArgument, "checkpoint contents: " + what);
}

Json parse_object(const std::string& text, const char* what) {
  JsonLimits limits;
  limits.depth -= 1;  // one level of the manifest's 16 is around it
  try {
    Json json = parse_json(text, limits);
    if (json.is_object()) return json;
  } catch (const Error& error) {
    throw Error(
        error.code(),
        "checkpoint contents: expected " + std::string(what) + " as strict JSON; " + error.what(),
        error.details());
  }
  invalid("expected " + std::string(what) + " to be a JSON object; got another value");
}

std::int64_t step_of(const CheckpointContents& contents) {
  const NamedTensor* found = nullptr;
  for (const NamedTensor& tensor : contents.tensors) {
    if (tensor.role != "global_step") continue;
    if (found != nullptr) invalid("expected one tensor with the role global_step; got two");
    found = &tensor;
  }
  if (found == nullptr) invalid("expected a tensor with the role global_step; got none");
  if (found->value.dtype() != DType::kInt64 || !found->value.shape().empty())
    invalid("expected global_step to be int64 []; got " +
            std::string(dtype_name(found->value.dtype())) + " " + shape_text(found->value.shape()));
  const std::int64_t step = *found->value.data<std::int64_t>();
  if (step < 0 || static_cast<std::uint64_t>(step) > kMaxInteger)
    invalid("expected a global_step from 0 to 2^53-1; got " + std::to_string(step));
  return step;
}

// One part for the whole tensor, or none for an empty one.
TensorEntry entry_of(const NamedTensor& tensor, std::string& strings) {
  TensorEntry entry;
  entry.name = tensor.name;
  entry.role = tensor.role;
  entry.slot_of = tensor.slot_of;
  entry.slot = tensor.slot;
  entry.optimizer = tensor.optimizer;
  entry.dtype = tensor.value.dtype();
  entry.shape = tensor.value.shape();
  if (tensor.value.size() == 0) return entry;
  PartEntry part;
  part.rows = row_count(entry.shape);
  if (entry.dtype == DType::kString) {
    strings = encode_strings(tensor.value.data<std::string>(),
                             static_cast<std::size_t>(tensor.value.size()));
    part.bytes = strings.size();
  } else {
    part.bytes = tensor.value.bytes();
  }
  entry.parts.push_back(std::move(part));
  return entry;
}

// Splits the one part of a tensor into ranges of rows of at most about `target` bytes.
void split_rows(TensorEntry& tensor, std::uint64_t target) {
  if (tensor.dtype == DType::kString || tensor.parts.empty()) return;
  const std::uint64_t bytes = tensor.parts.front().bytes;
  const std::uint64_t rows = tensor.parts.front().rows;
  const std::uint64_t pieces = std::min(rows, (bytes + target - 1) / target);
  if (pieces <= 1) return;
  tensor.parts.clear();
  for (std::uint64_t i = 0; i < pieces; ++i) {
    PartEntry part;
    part.row = rows / pieces * i + std::min(i, rows % pieces);
    part.rows = rows / pieces + (i < rows % pieces ? 1 : 0);
    part.bytes = bytes_of_rows(tensor, part.rows);
    tensor.parts.push_back(std::move(part));
  }
}

// Largest first, each to the shard with the fewest bytes.
void choose_shards(Manifest& manifest, std::size_t shards) {
  std::vector<PartEntry*> parts;
  for (TensorEntry& tensor : manifest.tensors)
    for (PartEntry& part : tensor.parts) parts.push_back(&part);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const PartEntry* a, const PartEntry* b) { return a->bytes > b->bytes; });
  std::vector<std::uint64_t> load(shards, 0);
  for (PartEntry* part : parts) {
    const auto lightest = std::min_element(load.begin(), load.end());
    part->file = static_cast<std::uint32_t>(lightest - load.begin());
    *lightest += part->bytes;
  }
}

// Inside a shard, parts keep the order of the manifest.
void choose_offsets(SavePlan& plan, std::size_t shards) {
  Manifest& manifest = plan.manifest;
  plan.shards.resize(shards);
  manifest.file_bytes.assign(shards, kShardHeaderBytes);
  for (std::size_t t = 0; t < manifest.tensors.size(); ++t) {
    for (std::size_t p = 0; p < manifest.tensors[t].parts.size(); ++p) {
      PartEntry& part = manifest.tensors[t].parts[p];
      part.offset = part_offset(manifest.file_bytes[part.file], part.bytes);
      part.crcs.assign((part.bytes + kChunkBytes - 1) / kChunkBytes, 0);
      manifest.file_bytes[part.file] = part.offset + part.bytes;
      plan.shards[part.file].push_back({t, p});
    }
  }
}

// Elements whose exponent bits are all ones.
template <typename Word>
std::uint64_t count_exponents(const unsigned char* block, std::size_t size, Word mask) {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at + sizeof(Word) <= size; at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, block + at, sizeof word);
    count += (word & mask) == mask ? 1 : 0;
  }
  return count;
}

}  // namespace

std::uint64_t count_nonfinite(DType dtype, const unsigned char* block, std::size_t size) {
  switch (dtype) {
    case DType::kFloat16:
      return count_exponents<std::uint16_t>(block, size, 0x7C00);
    case DType::kBFloat16:
      return count_exponents<std::uint16_t>(block, size, 0x7F80);
    case DType::kFloat32:
    case DType::kComplex64:
      return count_exponents<std::uint32_t>(block, size, 0x7F800000);
    case DType::kFloat64:
    case DType::kComplex128:
      return count_exponents<std::uint64_t>(block, size, 0x7FF0000000000000);
    default:
      return 0;
  }
}

SavePlan plan_save(const CheckpointContents& contents, int threads) {
  SavePlan plan;
  Manifest& manifest = plan.manifest;
  manifest.writer_version = version();
  manifest.step = static_cast<std::uint64_t>(step_of(contents));
  manifest.state = Json::object().set("global_step", static_cast<std::int64_t>(manifest.step));
  const Json state = parse_object(contents.state_json, "state_json");
  for (const auto& [key, value] : state.as_object())
    if (key != "global_step") manifest.state.set(key, value);
  manifest.model = parse_object(contents.model_json, "model_json");

  std::vector<const NamedTensor*> sorted;
  sorted.reserve(contents.tensors.size());
  for (const NamedTensor& tensor : contents.tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(),
            [](const NamedTensor* a, const NamedTensor* b) { return a->name < b->name; });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->name == sorted[i - 1]->name)
      invalid("expected every name once; got \"" + sorted[i]->name + "\" twice");
  plan.strings.resize(sorted.size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    manifest.tensors.push_back(entry_of(*sorted[i], plan.strings[i]));
    const TensorEntry& entry = manifest.tensors.back();
    plan.sources.push_back(entry.dtype == DType::kString
                               ? reinterpret_cast<const unsigned char*>(plan.strings[i].data())
                               : sorted[i]->value.data<unsigned char>());
    if (!entry.parts.empty()) total += entry.parts.front().bytes;
  }
  const std::uint64_t wanted = (total + kShardTargetBytes - 1) / kShardTargetBytes;
  const auto shards = static_cast<std::size_t>(
      std::max<std::uint64_t>(1, std::min<std::uint64_t>(wanted, std::max(threads, 1))));
  if (shards > 1)
    for (TensorEntry& tensor : manifest.tensors) split_rows(tensor, (total + shards - 1) / shards);
  choose_shards(manifest, shards);
  choose_offsets(plan, shards);
  try {
    validate(manifest, "to be saved");
  } catch (const Error& error) {
    throw Error(Code::kInvalidArgument, std::string("checkpoint contents: ") + error.what(),
                error.details());
  }
  return plan;
}

void stage_shard(SavePlan& plan, std::size_t shard, const BlockSink& sink,
                 std::vector<std::uint64_t>& nonfinite) {
  const std::unique_ptr<unsigned char[]> block(new unsigned char[kBlockBytes]);
  for (const PlannedPart& planned : plan.shards[shard]) {
    TensorEntry& tensor = plan.manifest.tensors[planned.tensor];
    PartEntry& part = tensor.parts[planned.part];
    const unsigned char* source = plan.sources[planned.tensor];
    for (std::size_t before = 0; before < planned.part; ++before)
      source += tensor.parts[before].bytes;
    for (std::uint64_t at = 0; at < part.bytes;) {
      const std::uint64_t in_chunk = kChunkBytes - at % kChunkBytes;
      const auto size = static_cast<std::size_t>(
          std::min({part.bytes - at, in_chunk, std::uint64_t{kBlockBytes}}));
      std::memcpy(block.get(), source + at, size);
      std::uint32_t& crc = part.crcs[at / kChunkBytes];
      crc = crc32c(block.get(), size, at % kChunkBytes == 0 ? 0 : crc);
      nonfinite[planned.tensor] += count_nonfinite(tensor.dtype, block.get(), size);
      if (sink) sink(shard, block.get(), size, part.offset + at);
      at += size;
    }
  }
}

}  // namespace holdfast::io
