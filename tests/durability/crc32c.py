"""CRC-32C of a few bytes, so that hostile cases can mend checksums."""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reversed


def crc32c(data: bytes | bytearray) -> int:
    """Returns the checksum, bit by bit; for a shard of megabytes it would take minutes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
