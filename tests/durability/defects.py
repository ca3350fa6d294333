"""The defects that mutants.py sows: mistakes that somebody could make in this code."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defect:
    """One mistake.

    Attributes:
      name: As a sentence: what the code does now.
      file: Below the root of the repository.
      changes: Pairs (old text, new text); each old text stands in the file once.
      why: What goes wrong.
      seen_by: The command of holdfast_durability that should report it.
    """

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    why: str
    seen_by: str


_SAVE = "cpp/src/io/save.cpp"
_RECOVERY = "cpp/src/io/recovery.cpp"
_FILE = "cpp/src/io/file.cpp"
_LIST = "cpp/src/io/checkpoint_dir.cpp"
_OPENED = "cpp/src/io/opened.cpp"
_DATA = "cpp/src/io/opened_data.cpp"
_STAGED = "cpp/src/io/staged_save.cpp"
_DIRECTORIES = "cpp/src/io/directories.cpp"
_DIRECTORY = "cpp/src/io/staged_directory.cpp"
_EXPORT = "cpp/src/io/export_dir.cpp"
_EXPORT_LEFTOVERS = "cpp/src/io/export_leftovers.cpp"

_FINISH = 'if (place_.sync) check_written(io_.fsync(file.get()), "fsync", path);'
_CLOSE = 'check_written(file.close(), "close", path);'
_NAMED = "    if (!published_) rename_into_place();\n"
_LOST_DATA = "a published name refers to data that a power cut takes away"
_CUT = "power-cut"
_ERROR = "error-at-every-call"
_KILL = "kill-at-every-call"


def _not_synced(what: str, condition: str) -> Defect:
    new = _FINISH.replace("sync)", f"sync && {condition})")
    return Defect(
        name=f"{what} is not synced",
        file=_DIRECTORY,
        changes=((_FINISH, new),),
        why=_LOST_DATA,
        seen_by=_CUT,
    )


_SYNCS = [
    _not_synced("a shard", 'path.find("/data-") == std::string::npos'),
    _not_synced("the manifest", "path.find(kManifestName) == std::string::npos"),
    _not_synced("COMMIT", "path.find(kCommitName) == std::string::npos"),
    Defect(
        name="the temporary directory is not synced",
        file=_DIRECTORY,
        changes=(
            (
                'check_written(place_.sync_directory(directory_.get(), shown("")), '
                '"fsync", shown(""));',
                "{}",
            ),
        ),
        why="the files exist without names",
        seen_by=_CUT,
    ),
    Defect(
        name="model_dir is not synced after publishing",
        file=_SAVE,
        changes=(("writer_.sync_directory(writer_.directory_.get(), writer_.path_);", "0;"),),
        why="save() returns and the directory may still go",
        seen_by=_CUT,
    ),
    Defect(
        name="model_dir is not synced after renaming to trash",
        file=_RECOVERY,
        changes=(
            ("  sync_model_dir();\n  delete_directory(trash);", "  delete_directory(trash);"),
        ),
        why="files of a checkpoint go while its name stays",
        seen_by=_CUT,
    ),
    Defect(
        name="new parents of model_dir are not synced",
        file=_DIRECTORIES,
        changes=(("descriptor < 0 ? descriptor : sync(descriptor, split.directory)", "0"),),
        why="the model_dir itself goes",
        seen_by=_CUT,
    ),
    Defect(
        name="checkpoint.json is not synced",
        file=_SAVE,
        changes=(("result = io_.fsync(descriptor);", "result = 0;"),),
        why="notes are replaced by nothing",
        seen_by=_CUT,
    ),
]

_ORDER = [
    Defect(
        name="a checkpoint is published before its COMMIT is written",
        file=_SAVE,
        changes=(
            (
                "      staged_.write_metadata();            // W4, W5, W6\n"
                "      publish();                           // W7, W8\n",
                "      publish();\n      staged_.write_metadata();\n",
            ),
        ),
        why="a name refers to half a checkpoint",
        seen_by=_KILL,
    ),
    Defect(
        name="a replaced checkpoint is deleted before its successor is durable",
        file=_SAVE,
        changes=(
            (
                _NAMED,
                _NAMED
                + "    if (!replaced.empty()) delete_replaced(std::exchange(replaced, {}));\n",
            ),
        ),
        why="a power cut brings back the old name with nothing behind it",
        seen_by=_CUT,
    ),
    Defect(
        name="retention deletes without trash",
        file=_RECOVERY,
        changes=(
            (
                "side_name(SideKind::kTrash, step, random());\n  const int renamed",
                "name;\n  const int renamed",
            ),
        ),
        why="a listed name is not a whole checkpoint",
        seen_by=_CUT,
    ),
    Defect(
        name="a commit_seq is given twice",
        file=_SAVE,
        changes=(("staged_.begin(writer_.next_seq_++);", "staged_.begin(writer_.next_seq_);"),),
        why="nothing says which checkpoint is the newest",
        seen_by=_KILL,
    ),
    Defect(
        name="recovery begins with commit_seq 1 again",
        file=_RECOVERY,
        changes=(("next_seq_ = std::max(next_seq_, newest_seq_ + 1);", "{}"),),
        why="checkpoints of a resumed run count as older than those before",
        seen_by=_KILL,
    ),
    Defect(
        name="the latest checkpoint is the one with the highest step",
        file=_LIST,
        changes=(
            (
                "return a.commit.commit_seq < b.commit.commit_seq;",
                "return a.commit.step < b.commit.step;",
            ),
        ),
        why="steps that a resumed run has abandoned win",
        seen_by=_KILL,
    ),
    Defect(
        name="the name of a step is used again without looking",
        file=_SAVE,
        changes=(
            ("if (there == 0) {", "if (false) {"),
            (
                "rename_to_free(io_, writer_.directory_.get(), staged_.temporary(), target_)",
                "io_.rename(writer_.directory_.get(), staged_.temporary(), target_, "
                "RenameMode::kReplace)",
            ),
        ),
        why="a save of the same step fails or replaces what it must not",
        seen_by=_KILL,
    ),
]

_ERRORS = [
    Defect(
        name="a failed fsync is tried again",
        file=_DIRECTORY,
        changes=(
            (
                _FINISH,
                "if (place_.sync && io_.fsync(file.get()) < 0) "
                'check_written(io_.fsync(file.get()), "fsync", path);',
            ),
        ),
        why="the second one succeeds though the data are gone",
        seen_by=_ERROR,
    ),
    Defect(
        name="a short write counts as a whole one",
        file=_FILE,
        changes=(("    next += written;", "    return 0;\n    next += written;"),),
        why="the rest of the file is zeros",
        seen_by=_ERROR,
    ),
    Defect(
        name="an error of close is ignored",
        file=_DIRECTORY,
        changes=((_CLOSE, "static_cast<void>(file.close());"),),
        why="on network file systems it is the error of the writes",
        seen_by=_ERROR,
    ),
    Defect(
        name="an error of fsync is ignored",
        file=_DIRECTORY,
        changes=(
            (
                _FINISH,
                _FINISH.replace("check_written(", "static_cast<void>(").split(", ")[0] + ");",
            ),
        ),
        why="save() reports what the disk refused",
        seen_by=_ERROR,
    ),
    Defect(
        name="a checkpoint that cannot be read counts as none when a writer starts",
        file=_RECOVERY,
        changes=(("require_readable(found, path_);", ""),),
        why="its commit_seq is given again",
        seen_by=_ERROR,
    ),
    Defect(
        name="a reader passes over a checkpoint that cannot be read",
        file=_LIST,
        changes=(
            (
                "    require_readable(*found, model_dir);\n    const std::vector<Candidate> valid",
                "    const std::vector<Candidate> valid",
            ),
        ),
        why="an older checkpoint is used in silence",
        seen_by=_ERROR,
    ),
    Defect(
        name="a checkpoint that cannot be opened is put aside as damaged",
        file=_SAVE,
        changes=(
            ("if (descriptor == -ENOTDIR || descriptor == -ELOOP) {", "if (descriptor < 0) {"),
        ),
        why="a whole checkpoint loses its name to a busy machine",
        seen_by=_ERROR,
    ),
    Defect(
        name="a failed save leaves its directory behind",
        file=_SAVE,
        changes=(("    if (staged_.made()) writer_.delete_directory(staged_.temporary());\n", ""),),
        why="a disk that is full stays full",
        seen_by="leaks",
    ),
]

_RECOVERIES = [
    Defect(
        name="recovery deletes damaged checkpoints",
        file=_RECOVERY,
        changes=(
            (
                "if (candidate.state != CommitState::kUnfinished) {",
                "if (candidate.state == CommitState::kNewer) {",
            ),
        ),
        why="somebody's last hope goes",
        seen_by=_KILL,
    ),
    Defect(
        name="recovery deletes what was put aside",
        file=_RECOVERY,
        changes=(("if (side.kind != SideKind::kOld) {", "if (true) {"),),
        why="the only copy of a step goes",
        seen_by=_KILL,
    ),
    Defect(
        name="recovery leaves trash and temporary directories",
        file=_RECOVERY,
        changes=(
            (
                "if (side.kind != SideKind::kOld) {\n    delete_directory(name);",
                "if (side.kind != SideKind::kOld) {",
            ),
        ),
        why="the disk fills up",
        seen_by=_KILL,
    ),
]

_READERS = [
    Defect(
        name="a reader does not check that gaps are zero",
        file=_DATA,
        changes=(
            ("[](unsigned char byte) { return byte != 0; }", "[](unsigned char) { return false; }"),
        ),
        why="damage between tensors goes unseen",
        seen_by="bit-flips",
    ),
    Defect(
        name="a reader does not check the CRC of the last chunk",
        file=_DATA,
        changes=(
            (
                "  if (crc != part.crcs[chunk.index])\n    throw",
                "  if (crc != part.crcs[chunk.index] && chunk.index + 1 < part.crcs.size())\n"
                "    throw",
            ),
        ),
        why="damaged values are delivered",
        seen_by="bit-flips",
    ),
    Defect(
        name="a reader does not check the CRC of the manifest",
        file=_OPENED,
        changes=(("if (crc != commit.manifest_crc)", "if (false)"),),
        why="a changed shape or name is believed",
        seen_by="bit-flips",
    ),
]

_COPIES = [
    Defect(
        name="a staged save writes the CRCs of one moment and the bytes of another",
        file=_STAGED,
        changes=(
            ("    plan_.forget_sources();\n", ""),
            (
                "  unsigned char* image = images_[shard].data();\n  std::memcpy",
                "  unsigned char* image = images_[shard].data();\n"
                "  for (const PlannedPart& live : plan_.shards[shard])\n"
                "    if (plan_.manifest.tensors[live.tensor].dtype != DType::kString)\n"
                "      std::memcpy(image + plan_.part(live).offset, live.source,\n"
                "                  plan_.part(live).bytes);\n  std::memcpy",
            ),
        ),
        why="training goes on in what is being saved",
        seen_by=_KILL,
    ),
]

_EXPORTS = [
    Defect(
        name="an export is published before its COMMIT is written",
        file=_EXPORT,
        changes=(
            (
                "      staged_->write_metadata();\n      return publish();\n",
                "      const std::string path = publish();\n"
                "      staged_->write_metadata();\n      return path;\n",
            ),
        ),
        why="a name refers to half an export",
        seen_by=_KILL,
    ),
    Defect(
        name="export_dir_base is not synced after publishing",
        file=_EXPORT,
        changes=(("settings_.sync ? sync_(directory_.get(), base_) : 0;", "0;"),),
        why="the export was reported and may still go",
        seen_by=_CUT,
    ),
    Defect(
        name="what a killed export has left stays",
        file=_EXPORT_LEFTOVERS,
        changes=(("claim_directory(io, base, name, name, claimed)", "false"),),
        why="the disk fills up",
        seen_by=_KILL,
    ),
    Defect(
        name="an error of writing an extra asset is ignored",
        file=_EXPORT,
        changes=(
            (
                "check_written(write_all(io_, to.get(), block.data(), "
                "static_cast<std::size_t>(got), at),\n"
                '                    "pwrite", shown);',
                "static_cast<void>(write_all(io_, to.get(), block.data(), "
                "static_cast<std::size_t>(got), at));",
            ),
        ),
        why="an asset is cut short",
        seen_by=_ERROR,
    ),
]

ALL = [*_SYNCS, *_ORDER, *_ERRORS, *_RECOVERIES, *_READERS, *_COPIES, *_EXPORTS]
