#include "io/bookkeeping.h"

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "io/fault.h"
#include "io/names.h"

namespace holdfast::io {
namespace {

[[noreturn]] void wrong(const std::string& what) {
  throw Error(Code::kInvalidArgument, std::string(kBookkeepingName) + ": " + what);
}

std::uint64_t integer(const Json& object, const char* key) {
  const Json& value = object.at(key);
  if (!value.is_int() || value.as_int() < 0 ||
      static_cast<std::uint64_t>(value.as_int()) > kMaxInteger)
    wrong(std::string("expected \"") + key + "\" to be an integer from 0 to 2^53-1; got " +
          to_text(value).substr(0, 40));
  return static_cast<std::uint64_t>(value.as_int());
}

void check_entry(const Json& entry) {
  if (!parse_checkpoint_name(entry.at("name").as_string()))
    wrong("expected names like model.ckpt-100; got \"" +
          entry.at("name").as_string().substr(0, 80) + "\"");
  for (const char* key : {"step", "commit_seq", "created_unix_ms"}) integer(entry, key);
  for (const Json& reason : entry.at("keep").as_array()) static_cast<void>(reason.as_string());
}

void check_members(const Json& root) {
  for (const Json& entry : root.at("all").as_array()) check_entry(entry);
  if (const Json* best = root.find("best")) {
    for (const Json& entry : best->as_array()) {
      static_cast<void>(entry.at("name").as_string());
      static_cast<void>(entry.at("metric").as_string());
      static_cast<void>(entry.at("value").as_number());
      if (entry.at("mode") != Json("max") && entry.at("mode") != Json("min"))
        wrong("expected \"mode\" to be \"max\" or \"min\"; got " + to_text(entry.at("mode")));
    }
  }
  const Json* preserved = root.find("last_preserved_unix_ms");
  if (preserved != nullptr && !preserved->is_null()) integer(root, "last_preserved_unix_ms");
}

}  // namespace

std::string encode_bookkeeping(const std::string& json_text, std::uint64_t next_seq) {
  const Json given = parse_json(json_text);
  check_members(given);
  const Json* newest = nullptr;
  for (const Json& entry : given.at("all").as_array())
    if (newest == nullptr || entry.at("commit_seq").as_int() > newest->at("commit_seq").as_int())
      newest = &entry;
  Json root = Json::object();
  root.set("format", kBookkeepingFormat)
      .set("latest", newest == nullptr ? Json() : newest->at("name"))
      .set("next_seq", static_cast<std::int64_t>(next_seq));
  for (const auto& [key, value] : given.as_object())
    if (root.find(key) == nullptr) root.set(key, value);
  return to_text(root) + "\n";
}

std::string check_bookkeeping(const std::string& text) {
  try {
    const Json root = parse_json(text);
    if (root.at("format") != Json(kBookkeepingFormat))
      wrong(std::string("expected format \"") + kBookkeepingFormat + "\"; got another one");
    integer(root, "next_seq");
    check_members(root);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::uint64_t next_seq_of(const std::string& text) {
  return static_cast<std::uint64_t>(parse_json(text).at("next_seq").as_int());
}

std::optional<std::string> read_bookkeeping(Io& io, const std::string& model_dir) {
  const int opened = io.open(kCurrentDirectory, model_dir, OpenMode::kDirectoryFollow);
  if (opened == -ENOENT) return std::nullopt;
  if (opened < 0) throw system_error("open", model_dir, -opened);
  const File directory(io, opened);
  const int descriptor = io.open(opened, kBookkeepingName, OpenMode::kRead);
  if (descriptor == -ENOENT) return std::nullopt;
  const Place place{model_dir, kBookkeepingName, {}, -1, -1};
  if (descriptor == -ELOOP) throw unsafe(place, "a regular file", "a symbolic link");
  if (descriptor < 0) throw corrupt(place, "a readable file", errno_text(-descriptor));
  const File file(io, descriptor);
  FileStat stat;
  if (io.fstat(descriptor, stat) < 0 || stat.kind != FileKind::kRegular)
    throw unsafe(place, "a regular file", "another kind of file");
  if (stat.bytes > kMaxBookkeepingBytes)
    throw unsafe(place, "at most 16 MiB", std::to_string(stat.bytes) + " bytes");
  std::string text(static_cast<std::size_t>(stat.bytes), '\0');
  const std::int64_t got = read_full(io, descriptor, text.data(), text.size(), 0);
  if (got < 0) throw corrupt(place, "a readable file", errno_text(static_cast<int>(-got)));
  text.resize(static_cast<std::size_t>(got));
  const std::string problem = check_bookkeeping(text);
  if (!problem.empty()) throw corrupt(place, "the notes of retention", problem);
  return text;
}

}  // namespace holdfast::io
