"""The two containers of torch checkpoints, read without torch: the zip archive and the older run of pickles."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DeviceFileError
from hgx_drivers.simulated.devices._inert_pickle import InertUnpickler
from hgx_drivers.simulated.devices._stored import Storage, plain

__all__ = ["read_torch_file"]

_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
#: What the unpickler and the decoding raise on bytes that aren't a pickle or not one of ours.
_UNREADABLE = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    RecursionError,
    ImportError,
    struct.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


def read_torch_file(path: str | Path) -> Any:
    """What ``torch.save`` put into the file, as dicts, lists, numbers, text and arrays. Runs no code from it.

    Raises
    ------
    DeviceFileError
        The file can't be read, isn't a checkpoint, or asks for anything but data.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DeviceFileError(f"{path} can't be read: {error}") from error
    try:
        return _read_zip(content) if zipfile.is_zipfile(io.BytesIO(content)) else _read_legacy(content)
    except DeviceFileError as error:
        raise DeviceFileError(f"{path}: {error.message}", remedy=error.remedy) from error
    except _UNREADABLE as error:
        raise DeviceFileError(f"{path} isn't a torch checkpoint: {error}") from error


def _read_zip(content: bytes) -> Any:
    """``<name>/data.pkl`` and one file ``<name>/data/<key>`` for every storage."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise DeviceFileError(f"The archive holds {len(names)} files called data.pkl instead of one.")
        folder = names[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
            raise DeviceFileError("The numbers of the checkpoint aren't little-endian.")
        unpickler = InertUnpickler(io.BytesIO(archive.read(names[0])))
        saved = unpickler.load()
        for storage in unpickler.storages.values():
            numbers = archive.read(f"{folder}data/{storage.key}")
            storage.data = _numbers(storage, numbers[: storage.count * storage.dtype.itemsize])
    return plain(saved)


def _read_legacy(content: bytes) -> Any:
    """Pickles of magic number, protocol, system, object and storage keys; then each storage after its length."""
    stream = io.BytesIO(content)
    if InertUnpickler(stream).load() != _MAGIC or InertUnpickler(stream).load() != _LEGACY_PROTOCOL:
        raise DeviceFileError("The file doesn't begin like a torch checkpoint.")
    system = InertUnpickler(stream).load()
    if not (isinstance(system, dict) and system.get("little_endian") is True):
        raise DeviceFileError("The numbers of the checkpoint aren't little-endian.")
    unpickler = InertUnpickler(stream)
    saved = unpickler.load()
    keys = InertUnpickler(stream).load()
    if not isinstance(keys, list):
        raise DeviceFileError("The list of storages is missing.")
    for key in keys:
        storage = unpickler.storages[key]
        (count,) = struct.unpack("<q", stream.read(8))
        if count != storage.count:
            raise DeviceFileError(f"Storage {key!r} holds {count} numbers instead of {storage.count}.")
        storage.data = _numbers(storage, stream.read(count * storage.dtype.itemsize))
    return plain(saved)


def _numbers(storage: Storage, content: bytes) -> NDArray[Any]:
    if len(content) != storage.count * storage.dtype.itemsize:
        raise DeviceFileError(f"The file ends within the numbers of storage {storage.key!r}.")
    return np.frombuffer(content, storage.dtype)
