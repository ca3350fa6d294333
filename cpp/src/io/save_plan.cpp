#include "io/save_plan.h"

#include <algorithm>
#include <numeric>

#include "holdfast/error.h"
#include "holdfast/version.h"
#include "io/shard.h"

namespace holdfast::io {
namespace {

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
void choose_offsets(SavePlan& plan, const std::vector<const unsigned char*>& sources,
                    std::size_t shards) {
  Manifest& manifest = plan.manifest;
  plan.shards.resize(shards);
  manifest.file_bytes.assign(shards, kShardHeaderBytes);
  for (std::size_t t = 0; t < manifest.tensors.size(); ++t) {
    const unsigned char* source = sources[t];
    for (std::size_t p = 0; p < manifest.tensors[t].parts.size(); ++p) {
      PartEntry& part = manifest.tensors[t].parts[p];
      part.offset = part_offset(manifest.file_bytes[part.file], part.bytes);
      part.crcs.assign((part.bytes + kChunkBytes - 1) / kChunkBytes, 0);
      manifest.file_bytes[part.file] = part.offset + part.bytes;
      plan.shards[part.file].push_back({t, p, source});
      source += part.bytes;
    }
  }
}

}  // namespace

void SavePlan::sum_nonfinite() {
  for (TensorEntry& tensor : manifest.tensors) tensor.nonfinite = 0;
  for (const std::vector<PlannedPart>& parts : shards)
    for (const PlannedPart& planned : parts)
      manifest.tensors[planned.tensor].nonfinite += planned.nonfinite;
}

void SavePlan::forget_sources() {
  strings.clear();
  for (std::vector<PlannedPart>& parts : shards)
    for (PlannedPart& planned : parts) planned.source = nullptr;
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
  std::vector<const unsigned char*> sources;  // of manifest.tensors
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    manifest.tensors.push_back(entry_of(*sorted[i], plan.strings[i]));
    const TensorEntry& entry = manifest.tensors.back();
    sources.push_back(entry.dtype == DType::kString
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
  choose_offsets(plan, sources, shards);
  try {
    validate(manifest, "to be saved");
  } catch (const Error& error) {
    throw Error(Code::kInvalidArgument, std::string("checkpoint contents: ") + error.what(),
                error.details());
  }
  return plan;
}

}  // namespace holdfast::io
