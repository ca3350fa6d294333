"""CRC-32C of a few bytes, so that hostile cases can mend checksums."""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reversed


def _shifted(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_shifted(byte) for byte in range(256)]


def crc32c(data: bytes | bytearray) -> int:
    """Returns the checksum, byte by byte; for a shard of many megabytes it would take minutes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
