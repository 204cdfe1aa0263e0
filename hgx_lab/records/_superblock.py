"""The first bytes of an HDF5 file: whether it was closed, and how long it should be.

HDF5 refuses a file whose writer was killed until its "open for writing" flags are cleared, except in SWMR
mode, where it waits for ever for damaged parts to become whole, and takes what is missing at the end for zeros.
Layout of the superblock: HDF5 File Format Specification 3.0, section II.A; its checksum is Bob Jenkins'
lookup3 ("hashlittle", public domain).
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgx_lab.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ClosedView", "Superblock", "checksum", "clear_flags", "read_superblock"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LENGTH = 48  # versions 2 and 3 with 8-byte offsets: signature ... end of file address, checksum
_EOF_AT = 28
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Superblock:
    """Version, what the last writer left set, and the length it claims in bytes (0 if unknown)."""

    version: int
    left_open: bool
    swmr: bool  # left open by a writer that readers may watch
    claimed_bytes: int


def _rotate(x: int, k: int) -> int:
    return ((x << k) | (x >> (32 - k))) & _MASK


def checksum(data: bytes) -> int:
    """Jenkins' lookup3 with a zero seed, as HDF5 uses it for metadata."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    words = [data[i : i + 12].ljust(12, b"\0") for i in range(0, len(data), 12)]
    for i, word in enumerate(words):
        x, y, z = struct.unpack("<3I", word)
        a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
        if i == len(words) - 1:
            break
        for k in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & _MASK) ^ _rotate(c, k)
            c = (c + b) & _MASK
            a, b, c = b, c, a
    if not words:
        return c
    for k in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _rotate(b, k)) & _MASK
        a, b, c = b, c, a
    return b  # the names turn after each step: what was written last is b


def read_superblock(path: Path) -> Superblock:
    """Read the superblock of a file.

    Raises
    ------
    RecordError
        The file can't be read, or isn't HDF5.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_LENGTH)
    except OSError as error:
        raise RecordError(f"{path} can't be read: {error.strerror}.") from error
    if not head.startswith(_SIGNATURE) or len(head) < _LENGTH:
        raise RecordError(f"{path} isn't an HDF5 file ({path.stat().st_size} bytes).")
    version = head[8]
    if version not in (2, 3) or head[9] != 8:
        return Superblock(version, False, False, 0)
    (claimed,) = struct.unpack_from("<Q", head, _EOF_AT)
    return Superblock(version, bool(head[11] & 1), bool(head[11] & 4), claimed)


def _cleared(head: bytes, size: int) -> bytes:
    """The superblock as a writer would have left it had it closed the file, ``size`` bytes long."""
    closed = bytearray(head)
    closed[11] = 0
    struct.pack_into("<Q", closed, _EOF_AT, size)
    struct.pack_into("<I", closed, _LENGTH - 4, checksum(bytes(closed[:-4])))
    return bytes(closed)


def clear_flags(path: Path) -> None:
    """Make a file that was left open by a killed writer an ordinary one, in place."""
    size = max(read_superblock(path).claimed_bytes, path.stat().st_size)
    with path.open("r+b") as file:
        head = file.read(_LENGTH)
        file.truncate(size)
        file.seek(0)
        file.write(_cleared(head, size))


class ClosedView(io.RawIOBase):
    """A file that was left open by a killed writer, seen as if it had been closed; nothing is changed."""

    def __init__(self, path: Path) -> None:
        self._size = max(read_superblock(path).claimed_bytes, path.stat().st_size)
        self._file = path.open("rb", buffering=0)
        self._head = _cleared(self._file.read(_LENGTH), self._size)
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a byte."""
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read as many bytes as fit and are there."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._position))
        self._file.seek(self._position)
        data = self._file.read(count).ljust(count, b"\0")
        if self._position < _LENGTH:
            data = self._head[self._position : self._position + count] + data[_LENGTH - self._position :]
        view[:count] = data[:count]
        self._position += count
        return count

    def close(self) -> None:
        """Close the file below. Idempotent."""
        self._file.close()
        super().close()
