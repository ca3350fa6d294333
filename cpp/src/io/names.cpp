#include "io/names.h"

#include <algorithm>

namespace holdfast::io {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::string_view kCheckpointPrefix = "model.ckpt-";
constexpr std::string_view kBookkeepingTemporaryPrefix = ".tmp-checkpoint.json-";
constexpr std::string_view kPinPrefix = ".pin-";
constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";
constexpr std::string_view kLockTemporaryPrefix = ".tmp-lock-";
constexpr std::string_view kExportTemporaryPrefix = ".tmp-";
constexpr std::string_view kCorruptSuffix = ".corrupt";
constexpr std::string_view kRejectedPrefix = ".rejected-";
constexpr std::size_t kRandomDigits = 16;

struct SidePrefix {
  SideKind kind;
  std::string_view prefix;
};
constexpr SidePrefix kSidePrefixes[] = {
    {SideKind::kTemporary, ".tmp-"}, {SideKind::kTrash, ".trash-"}, {SideKind::kOld, ".old-"}};

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// -1 for anything but a lowercase hexadecimal digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) text[i] = kHexDigits[value & 15];
  return text;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

bool is_temporary_file(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + kRandomDigits && starts_with(name, prefix) &&
         is_hex(name.substr(prefix.size()));
}

std::string five_digits(std::size_t value) {
  std::string text = std::to_string(value);
  if (text.size() < 5) text.insert(0, 5 - text.size(), '0');
  return text;
}

bool is_number_of_five_digits(std::string_view text) {
  return text.size() == 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string save_id_text(const SaveId& id) {
  std::string text;
  for (const unsigned char byte : id) text += hex(byte, 2);
  return text;
}

std::optional<SaveId> parse_save_id(std::string_view text) {
  SaveId id{};
  if (text.size() != 2 * id.size() || !is_hex(text)) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i)
    id[i] = static_cast<unsigned char>(hex_value(text[2 * i]) * 16 + hex_value(text[2 * i + 1]));
  return id;
}

std::string crc_text(std::uint32_t crc) { return hex(crc, 8); }

std::optional<std::uint32_t> parse_crc(std::string_view text) {
  if (text.size() != 8 || !is_hex(text)) return std::nullopt;
  std::uint32_t crc = 0;
  for (const char c : text) crc = crc << 4 | static_cast<std::uint32_t>(hex_value(c));
  return crc;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > 16 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > kMaxInteger) return std::nullopt;
  return value;
}

std::string shard_name(std::size_t index, std::size_t count) {
  return "data-" + five_digits(index) + "-of-" + five_digits(count) + ".bin";
}

bool is_shard_name(std::string_view name) {
  return name.size() == 23 && starts_with(name, "data-") &&
         is_number_of_five_digits(name.substr(5, 5)) && name.substr(10, 4) == "-of-" &&
         is_number_of_five_digits(name.substr(14, 5)) && name.substr(19) == ".bin";
}

std::string checkpoint_name(std::int64_t step) {
  return std::string(kCheckpointPrefix) + std::to_string(step);
}

std::optional<std::int64_t> parse_checkpoint_name(std::string_view name) {
  if (!starts_with(name, kCheckpointPrefix)) return std::nullopt;
  const auto step = parse_decimal(name.substr(kCheckpointPrefix.size()));
  if (!step) return std::nullopt;
  return static_cast<std::int64_t>(*step);
}

std::string side_name(SideKind kind, std::int64_t step, std::uint64_t random) {
  for (const SidePrefix& side : kSidePrefixes) {
    if (side.kind == kind)
      return std::string(side.prefix) + checkpoint_name(step) + "-" + hex(random, kRandomDigits);
  }
  return {};
}

std::optional<SideName> parse_side_name(std::string_view name) {
  for (const SidePrefix& side : kSidePrefixes) {
    if (!starts_with(name, side.prefix)) continue;
    const std::string_view rest = name.substr(side.prefix.size());
    if (rest.size() < kRandomDigits + 1) return std::nullopt;
    const std::size_t dash = rest.size() - kRandomDigits - 1;
    const auto step = parse_checkpoint_name(rest.substr(0, dash));
    if (!step || rest[dash] != '-' || !is_hex(rest.substr(dash + 1))) return std::nullopt;
    return SideName{side.kind, *step};
  }
  return std::nullopt;
}

std::string bookkeeping_temporary_name(std::uint64_t random) {
  return std::string(kBookkeepingTemporaryPrefix) + hex(random, kRandomDigits);
}

bool is_bookkeeping_temporary(std::string_view name) {
  return is_temporary_file(name, kBookkeepingTemporaryPrefix);
}

std::string lock_temporary_name(std::uint64_t random) {
  return std::string(kLockTemporaryPrefix) + hex(random, kRandomDigits);
}

bool is_lock_temporary(std::string_view name) {
  return is_temporary_file(name, kLockTemporaryPrefix);
}

std::string pin_name(std::int64_t step) { return std::string(kPinPrefix) + checkpoint_name(step); }

std::optional<std::int64_t> parse_pin_name(std::string_view name) {
  if (!starts_with(name, kPinPrefix)) return std::nullopt;
  return parse_checkpoint_name(name.substr(kPinPrefix.size()));
}

std::string corrupt_name(std::int64_t step) {
  return checkpoint_name(step) + std::string(kCorruptSuffix);
}

std::string corrupt_name(std::int64_t step, std::uint64_t random) {
  return corrupt_name(step) + "-" + hex(random, kRandomDigits);
}

std::string rejected_name(std::int64_t step, std::uint64_t random) {
  return std::string(kRejectedPrefix) + checkpoint_name(step) + "-" + hex(random, kRandomDigits);
}

std::string export_name(std::int64_t seconds) { return std::to_string(seconds); }

std::string export_temporary_name(std::int64_t seconds, std::uint64_t random) {
  return std::string(kExportTemporaryPrefix) + export_name(seconds) + "-" +
         hex(random, kRandomDigits);
}

bool is_export_name(std::string_view name) { return parse_decimal(name).has_value(); }

bool is_export_temporary(std::string_view name) {
  if (!starts_with(name, kExportTemporaryPrefix)) return false;
  const std::string_view rest = name.substr(kExportTemporaryPrefix.size());
  if (rest.size() < kRandomDigits + 1) return false;
  const std::size_t dash = rest.size() - kRandomDigits - 1;
  return is_export_name(rest.substr(0, dash)) && rest[dash] == '-' && is_hex(rest.substr(dash + 1));
}

bool is_checkpoint_file(std::string_view name) {
  return name == kCommitName || name == kManifestName || is_shard_name(name);
}

bool is_foreign_index(std::string_view name) {
  constexpr std::string_view kSuffix = ".index";
  return name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
}

std::string event_file_name(std::int64_t seconds, std::string_view host, std::int64_t pid,
                            std::string_view suffix) {
  return std::string(kEventFilePrefix) + std::to_string(seconds) + "." + std::string(host) + "." +
         std::to_string(pid) + std::string(suffix);
}

std::optional<std::int64_t> parse_event_file_seconds(std::string_view name) {
  if (!starts_with(name, kEventFilePrefix)) return std::nullopt;
  name.remove_prefix(kEventFilePrefix.size());
  const auto seconds = parse_decimal(name.substr(0, name.find('.')));
  if (!seconds) return std::nullopt;
  return static_cast<std::int64_t>(*seconds);
}

SplitPath split_path(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {".", std::string(path)};
  if (slash == 0) return {"/", std::string(path.substr(1))};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path + std::string(name);
}

}  // namespace holdfast::io
