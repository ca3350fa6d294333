// The JSON form of a manifest. Unknown members are ignored: this is how minor versions grow.
#include <exception>

#include "holdfast/error.h"
#include "io/fault.h"
#include "io/manifest.h"

namespace holdfast::io {
namespace {

// Reads members of one object and says which is wrong.
class Fields {
 public:
  Fields(const Json& object, const Place& place, std::string what)
      : object_(object), place_(place), what_(std::move(what)) {
    if (!object.is_object()) fail("to be an object", &object);
  }

  const Json* optional(const char* key) const { return object_.find(key); }

  const Json& required(const char* key) const {
    const Json* value = object_.find(key);
    if (value == nullptr) throw corrupt(place_, name(key), "none");
    return *value;
  }

  std::uint64_t integer(const char* key) const { return integer_of(required(key), name(key)); }

  std::uint64_t integer_of(const Json& value, const std::string& what) const {
    if (!value.is_int() || value.as_int() < 0 ||
        static_cast<std::uint64_t>(value.as_int()) > kMaxInteger)
      throw corrupt(place_, what + " to be a plain integer from 0 to 2^53-1", text_of(&value));
    return static_cast<std::uint64_t>(value.as_int());
  }

  const std::string& string(const char* key) const { return string_of(required(key), name(key)); }
  std::string string_or_empty(const char* key) const {
    const Json* value = optional(key);
    return value == nullptr ? std::string() : string_of(*value, name(key));
  }

  const Json::Array& array(const char* key) const {
    const Json& value = required(key);
    if (!value.is_array()) throw corrupt(place_, name(key) + " to be an array", text_of(&value));
    return value.as_array();
  }

  std::string name(const char* key) const { return what_ + "\"" + key + "\""; }
  static std::string text_of(const Json* value) {
    if (value->is_array() || value->is_object()) return std::string("an ") + value->kind_name();
    return to_text(*value).substr(0, 80);
  }

 private:
  const std::string& string_of(const Json& value, const std::string& what) const {
    if (!value.is_string()) throw corrupt(place_, what + " to be a string", text_of(&value));
    return value.as_string();
  }
  [[noreturn]] void fail(const std::string& expected, const Json* value) const {
    throw corrupt(place_, what_ + expected, text_of(value));
  }

  const Json& object_;
  const Place& place_;
  std::string what_;  // "tensors[3] " before a key
};

std::vector<std::uint32_t> parse_crcs(const Fields& fields, const Place& place) {
  const std::string& text = fields.string("crc32c");
  std::vector<std::uint32_t> crcs;
  crcs.reserve(text.size() / 8);
  for (std::size_t at = 0; at < text.size(); at += 8) {
    const auto crc = parse_crc(std::string_view(text).substr(at, 8));
    if (!crc)
      throw corrupt(place, "crc32c of 8 lowercase hexadecimal digits for each chunk",
                    "\"" + text.substr(at, 8) + "\"");
    crcs.push_back(*crc);
  }
  return crcs;
}

TensorEntry parse_tensor(const Json& json, Place place, std::size_t index) {
  const Fields fields(json, place, "tensors[" + std::to_string(index) + "] ");
  TensorEntry tensor;
  tensor.name = fields.string("name");
  place.tensor = tensor.name.substr(0, 200);
  tensor.role = fields.string("role");
  tensor.slot_of = fields.string_or_empty("slot_of");
  tensor.slot = fields.string_or_empty("slot");
  tensor.optimizer = fields.string_or_empty("optimizer");
  try {
    tensor.dtype = dtype_from_name(fields.string("dtype"));
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw corrupt(place, "a known dtype", "\"" + fields.string("dtype").substr(0, 40) + "\"");
  }
  const Json::Array& shape = fields.array("shape");
  if (shape.size() > kMaxRank) throw unsafe(place, "at most 32 axes", std::to_string(shape.size()));
  for (const Json& size : shape)
    tensor.shape.push_back(static_cast<std::int64_t>(fields.integer_of(size, "a size of a shape")));
  tensor.nonfinite = fields.integer("nonfinite");
  for (const Json& item : fields.array("parts")) {
    const Fields part_fields(item, place, "part ");
    PartEntry part;
    const std::uint64_t file = part_fields.integer("file");
    if (file >= kMaxFiles) throw unsafe(place, "a file below 65536", std::to_string(file));
    part.file = static_cast<std::uint32_t>(file);
    part.offset = part_fields.integer("offset");
    part.bytes = part_fields.integer("bytes");
    part.row = part_fields.integer("row");
    part.rows = part_fields.integer("rows");
    part.crcs = parse_crcs(part_fields, place);
    tensor.parts.push_back(std::move(part));
  }
  return tensor;
}

const char* format_name(Kind kind) {
  return kind == Kind::kCheckpoint ? kCheckpointFormat : kSavedModelFormat;
}

void check_kind(const Fields& fields, const Place& place, Kind kind) {
  const std::string& found = fields.string("format");
  if (found == format_name(kind)) return;
  const Kind other = kind == Kind::kCheckpoint ? Kind::kSavedModel : Kind::kCheckpoint;
  if (found == format_name(other)) {
    const bool is_export = other == Kind::kSavedModel;
    throw Error(Code::kFailedPrecondition,
                place.path + ": expected " + (is_export ? "a checkpoint" : "an exported model") +
                    ", got " + (is_export ? "an exported model" : "a checkpoint") +
                    (is_export ? ". An export holds no training; name the model_dir it came from."
                               : ". Export it first: Estimator.export_saved_model, or "
                                 "`holdfast export`."),
                {{"path", place.path}, {"found", kind_text(other)}});
  }
  throw corrupt(place, std::string("format \"") + format_name(kind) + "\"",
                "\"" + found.substr(0, 80) + "\"");
}

void check_version(const Fields& fields, const Place& place, const std::string& writer) {
  const Json::Array& version = fields.array("format_version");
  if (version.size() != 2) throw corrupt(place, "format_version [major, minor]", "another list");
  const std::uint64_t major = fields.integer_of(version[0], "the major version");
  const std::uint64_t minor = fields.integer_of(version[1], "the minor version");
  const std::string found = std::to_string(major) + "." + std::to_string(minor);
  if (major < 1) throw corrupt(place, "a format version from 1.0", found);
  if (major > kFormatMajor) throw too_new(place, "format " + found, "format 1.x", writer);
  for (const Json& feature : fields.array("required_features")) {
    // This version knows none.
    throw too_new(place, "the feature " + Fields::text_of(&feature), "no required features",
                  writer);
  }
  for (const auto& [key, known] : {std::pair{"byte_order", "little"}, {"checksum", "crc32c"}}) {
    if (fields.string(key) != known)
      throw too_new(place, std::string(key) + " \"" + fields.string(key).substr(0, 40) + "\"",
                    std::string(key) + " \"" + known + "\"", writer);
  }
}

void parse_head(const Fields& fields, const Place& place, Manifest& manifest) {
  check_kind(fields, place, manifest.kind);
  const Fields writer(fields.required("writer"), place, "\"writer\" ");
  manifest.writer_library = writer.string("library").substr(0, 80);
  manifest.writer_version = writer.string("version").substr(0, 80);
  check_version(fields, place, manifest.writer_library + " " + manifest.writer_version);
  const auto id = parse_save_id(fields.string("save_id"));
  if (!id)
    throw corrupt(place, "a save_id of 32 lowercase hexadecimal digits",
                  "\"" + fields.string("save_id").substr(0, 40) + "\"");
  manifest.save_id = *id;
  manifest.commit_seq = fields.integer("commit_seq");
  manifest.step = fields.integer("step");
  manifest.created_unix_ms = fields.integer("created_unix_ms");
  manifest.chunk_bytes = fields.integer("chunk_bytes");
  const Json::Array& files = fields.array("files");
  if (files.size() > kMaxFiles)
    throw unsafe(place, "at most 65536 files", std::to_string(files.size()));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Fields file(files[i], place, "files[" + std::to_string(i) + "] ");
    if (file.string("name") != shard_name(i, files.size()))
      throw corrupt(place, "file " + shard_name(i, files.size()),
                    "\"" + file.string("name").substr(0, 80) + "\"");
    manifest.file_bytes.push_back(file.integer("bytes"));
  }
  manifest.state = fields.required("state");
  if (const Json* model = fields.optional("model")) manifest.model = *model;
  if (manifest.kind == Kind::kCheckpoint) return;
  manifest.graph = fields.required("graph");
  manifest.signatures = fields.required("signatures");
}

// Parsing errors of the text become errors of the checkpoint.
Json parse_text(std::string_view text, const Place& place, const std::function<void(Json)>& take) {
  JsonLimits limits;
  limits.text_bytes = kMaxManifestBytes;
  limits.stream_elements = kMaxTensors;
  try {
    return parse_json_streaming(text, limits, "tensors", take);
  } catch (const Error& error) {
    if (!error.kind().empty()) throw;  // an error of `take`
    const std::string what = error.what();
    if (error.code() == Code::kResourceExhausted)
      throw unsafe(place, "JSON inside the limits of the format", what);
    throw corrupt(place, "strict JSON", what);
  }
}

Json json_of(const TensorEntry& tensor) {
  Json json = Json::object();
  json.set("name", tensor.name).set("role", tensor.role);
  if (!tensor.slot_of.empty()) json.set("slot_of", tensor.slot_of);
  if (!tensor.slot.empty()) json.set("slot", tensor.slot);
  if (!tensor.optimizer.empty()) json.set("optimizer", tensor.optimizer);
  json.set("dtype", dtype_name(tensor.dtype));
  json.set("shape", Json::Array(tensor.shape.begin(), tensor.shape.end()));
  json.set("nonfinite", static_cast<std::int64_t>(tensor.nonfinite));
  Json parts = Json::array();
  for (const PartEntry& part : tensor.parts) {
    std::string crcs;
    for (const std::uint32_t crc : part.crcs) crcs += crc_text(crc);
    parts.push_back(Json::object()
                        .set("file", static_cast<std::int64_t>(part.file))
                        .set("offset", static_cast<std::int64_t>(part.offset))
                        .set("bytes", static_cast<std::int64_t>(part.bytes))
                        .set("row", static_cast<std::int64_t>(part.row))
                        .set("rows", static_cast<std::int64_t>(part.rows))
                        .set("crc32c", std::move(crcs)));
  }
  return json.set("parts", std::move(parts));
}

}  // namespace

Manifest parse_manifest(std::string_view text, const std::string& path, Kind kind) {
  const Place place{path, kManifestName, {}, -1, -1, kind_text(kind)};
  Manifest manifest;
  manifest.kind = kind;
  // Tensors come one by one while the text is read. The first that is wrong waits until the
  // version is known, because a newer one explains it better.
  std::exception_ptr wrong_tensor;
  std::size_t count = 0;
  const Json root = parse_text(text, place, [&](const Json& json) {
    if (++count > kMaxTensors) throw unsafe(place, "at most 262144 tensors", "more");
    if (wrong_tensor) return;
    try {
      manifest.tensors.push_back(parse_tensor(json, place, count - 1));
    } catch (const Error&) {
      wrong_tensor = std::current_exception();
    }
  });
  const Fields fields(root, place, "");
  parse_head(fields, place, manifest);
  static_cast<void>(fields.array("tensors"));
  if (wrong_tensor) std::rethrow_exception(wrong_tensor);
  validate(manifest, path);
  return manifest;
}

std::string encode_manifest(const Manifest& manifest) {
  Json head = Json::object();
  head.set("format", format_name(manifest.kind))
      .set("format_version", Json::Array{kFormatMajor, kFormatMinor})
      .set("required_features", Json::array())
      .set("writer", Json::object()
                         .set("library", manifest.writer_library)
                         .set("version", manifest.writer_version))
      .set("save_id", save_id_text(manifest.save_id))
      .set("commit_seq", static_cast<std::int64_t>(manifest.commit_seq))
      .set("step", static_cast<std::int64_t>(manifest.step))
      .set("created_unix_ms", static_cast<std::int64_t>(manifest.created_unix_ms))
      .set("byte_order", "little")
      .set("checksum", "crc32c")
      .set("chunk_bytes", static_cast<std::int64_t>(manifest.chunk_bytes));
  Json files = Json::array();
  for (std::size_t i = 0; i < manifest.file_bytes.size(); ++i)
    files.push_back(Json::object()
                        .set("name", shard_name(i, manifest.file_bytes.size()))
                        .set("bytes", static_cast<std::int64_t>(manifest.file_bytes[i])));
  head.set("files", std::move(files));
  // One line for each tensor, so that people can read it.
  std::string text = to_text(head);
  text.back() = ',';
  text += "\n\"tensors\":[";
  for (std::size_t i = 0; i < manifest.tensors.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + to_text(json_of(manifest.tensors[i]));
  text += "],\n\"state\":" + to_text(manifest.state);
  text += ",\n\"model\":" + to_text(manifest.model);
  if (manifest.kind == Kind::kSavedModel) {
    text += ",\n\"signatures\":" + to_text(manifest.signatures);
    text += ",\n\"graph\":" + to_text(manifest.graph);
  }
  return text + "}\n";
}

}  // namespace holdfast::io
