"""What the names in a checkpoint stand for: dicts, tensors and arrays that are described but not yet made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DeviceFileError

__all__ = [
    "Storage",
    "StoredArray",
    "StoredDict",
    "StoredDtype",
    "StoredScalar",
    "StoredTensor",
    "no_state",
    "plain",
]

_PLAIN_KINDS = "biufU"


def no_state(name: str) -> DeviceFileError:
    """The error for a pickle that sets the state of something that has none."""
    return DeviceFileError(f"The file tries to change a {name}, as no checkpoint does.")


@dataclass(slots=True, eq=False)
class Storage:
    """A flat run of numbers that stands elsewhere in the file under ``key``; ``data`` is set when it was read."""

    dtype: np.dtype[Any]
    key: str
    count: int
    data: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        raise no_state("storage")


@dataclass(slots=True)
class StoredTensor:
    """A strided view of a storage, in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """The numbers as a new array, after the view was checked against the storage."""
        data = self.storage.data
        if data is None:
            raise DeviceFileError(f"The numbers of a tensor (storage {self.storage.key!r}) aren't in the file.")
        if len(self.shape) != len(self.strides) or min((self.offset, *self.shape, *self.strides)) < 0:
            raise DeviceFileError(f"A tensor of shape {self.shape} and strides {self.strides} can't be.")
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if 0 not in self.shape and last >= len(data):
            raise DeviceFileError(f"A tensor of shape {self.shape} reaches beyond its {len(data)} numbers.")
        strides = tuple(s * data.itemsize for s in self.strides)
        return np.lib.stride_tricks.as_strided(data[self.offset :], self.shape, strides).copy()

    def __setstate__(self, state: object) -> None:
        raise no_state("tensor")


class StoredDict(dict[Any, Any]):
    """In place of OrderedDict. What a pickle wants to set on the object itself is dropped."""

    def __setstate__(self, state: object) -> None:
        del state


class StoredArray:
    """In place of a numpy array or scalar: what numpy would be told to make."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class StoredScalar(StoredArray):
    """In place of a numpy scalar: (dtype, bytes)."""


class StoredDtype(StoredArray):
    """In place of a numpy dtype: (name, ...), state (version, byte order, ...)."""

    def numpy_dtype(self) -> np.dtype[Any] | None:
        """The dtype, if it is one of plain numbers or characters."""
        name = self.arguments[0] if self.arguments else None
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "|"
        if not isinstance(name, str) or name[:1] not in _PLAIN_KINDS or not name[1:].isdigit():
            return None
        return np.dtype((order if order in ("<", ">") else "") + name)


def plain(value: object) -> Any:
    """The value with every stand-in replaced by what it stands for: arrays, numbers, text, dicts, lists.

    Object arrays become lists; anything that can't be decoded becomes None.
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if isinstance(key, (str, int, float))}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, StoredTensor):
        return value.array()
    if isinstance(value, StoredScalar):
        array = _decoded(value.arguments, (), False)
        return None if array is None else array[()]
    if isinstance(value, StoredArray):
        match value.state:
            case (int(), tuple() as shape, StoredDtype() as dtype, bool() as fortran, bytes() | list() as content):
                if isinstance(content, list):
                    return plain(content)
                return _decoded((dtype, content), shape, fortran)
            case _:
                return None
    return value if isinstance(value, (str, int, float, bool)) else None


def _decoded(described: tuple[object, ...], shape: tuple[Any, ...], fortran: bool) -> NDArray[Any] | None:
    match described:
        case (StoredDtype() as stored, bytes() as content):
            dtype = stored.numpy_dtype()
            if dtype is None or not all(type(n) is int and n >= 0 for n in shape):
                return None
            if dtype.itemsize * int(np.prod(shape, dtype=object)) != len(content) or not dtype.itemsize:
                return None
            return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C").copy()
        case _:
            return None
