// Every name of the format is built and parsed here, and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/format.h"

namespace holdfast::io {

constexpr char kCommitName[] = "COMMIT";
constexpr char kManifestName[] = "manifest.json";
constexpr char kBookkeepingName[] = "checkpoint.json";
constexpr char kLockName[] = ".holdfast-lock";
constexpr char kLockFileName[] = ".holdfast-lock.held";  // where files cannot be locked
constexpr char kForeignStateName[] = "checkpoint";       // TensorFlow's

using SaveId = std::array<unsigned char, kSaveIdBytes>;

// 32 lowercase hexadecimal digits.
std::string save_id_text(const SaveId& id);
std::optional<SaveId> parse_save_id(std::string_view text);

// 8 lowercase hexadecimal digits of a CRC.
std::string crc_text(std::uint32_t crc);
std::optional<std::uint32_t> parse_crc(std::string_view text);

// Plain decimal, 0..2^53-1, no sign, no leading zeros.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

// data-00000-of-00002.bin
std::string shard_name(std::size_t index, std::size_t count);
bool is_shard_name(std::string_view name);

// model.ckpt-<step>
std::string checkpoint_name(std::int64_t step);
std::optional<std::int64_t> parse_checkpoint_name(std::string_view name);

// What else stands beside checkpoints: saves in flight, directories being deleted, and ones put
// aside where the file system cannot swap two directories; each followed by 16 random digits.
enum class SideKind { kTemporary, kTrash, kOld };
struct SideName {
  SideKind kind;
  std::int64_t step;
};
std::string side_name(SideKind kind, std::int64_t step, std::uint64_t random);
std::optional<SideName> parse_side_name(std::string_view name);

// .tmp-checkpoint.json-<16 hex>
std::string bookkeeping_temporary_name(std::uint64_t random);
bool is_bookkeeping_temporary(std::string_view name);

// .pin-model.ckpt-<step>: an empty file that keeps the checkpoint from retention.
std::string pin_name(std::int64_t step);
std::optional<std::int64_t> parse_pin_name(std::string_view name);

// .tmp-lock-<16 hex>: a lock file that is being taken over
std::string lock_temporary_name(std::uint64_t random);
bool is_lock_temporary(std::string_view name);

// model.ckpt-<step>.corrupt, and -<16 hex> after it where that is taken.
std::string corrupt_name(std::int64_t step);
std::string corrupt_name(std::int64_t step, std::uint64_t random);
// .rejected-model.ckpt-<step>-<16 hex>
std::string rejected_name(std::int64_t step, std::uint64_t random);

// Exports: <seconds>, and .tmp-<seconds>-<16 hex> while one is written.
std::string export_name(std::int64_t seconds);
std::string export_temporary_name(std::int64_t seconds, std::uint64_t random);
bool is_export_name(std::string_view name);
bool is_export_temporary(std::string_view name);
constexpr char kExtraAssetsName[] = "assets.extra";

// A name that one of our checkpoint directories may hold.
bool is_checkpoint_file(std::string_view name);
// "model.ckpt-1200.index": TensorFlow's.
bool is_foreign_index(std::string_view name);

// events.out.tfevents.<seconds>.<host>.<pid><suffix>: TensorBoard reads the files of a directory in
// the order of their names.
std::string event_file_name(std::int64_t seconds, std::string_view host, std::int64_t pid,
                            std::string_view suffix);
std::optional<std::int64_t> parse_event_file_seconds(std::string_view name);

// The directory and the last component of a path; trailing slashes are ignored.
struct SplitPath {
  std::string directory;
  std::string name;
};
SplitPath split_path(std::string_view path);
std::string join_path(std::string_view directory, std::string_view name);

}  // namespace holdfast::io
