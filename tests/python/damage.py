"""Ways to damage a checkpoint on disk, for tests of what the library says to it."""

import pathlib


def overwrite(path, data):
    """Replaces the bytes of a published file, which is read-only."""
    path = pathlib.Path(path)
    path.chmod(0o644)
    path.write_bytes(bytes(data))


def flip(path, offset=None):
    """Changes one byte: the one at `offset`, else the middle one."""
    data = bytearray(pathlib.Path(path).read_bytes())
    data[len(data) // 2 if offset is None else offset] ^= 0x55
    overwrite(path, data)


def shard_of(checkpoint):
    """The first shard of a checkpoint."""
    return sorted(pathlib.Path(checkpoint).glob("data-*.bin"))[0]


def spoil_data(checkpoint):
    """Damages the first tensor; COMMIT and manifest stay whole."""
    flip(shard_of(checkpoint), 64)


def spoil_manifest(checkpoint):
    flip(pathlib.Path(checkpoint) / "manifest.json")


def spoil_commit(checkpoint):
    flip(pathlib.Path(checkpoint) / "COMMIT")


def drop_commit(checkpoint):
    (pathlib.Path(checkpoint) / "COMMIT").unlink()
