"""An unpickler that can only make data: no name in a pickle leads to code of Python, numpy or torch.

A pickle calls whatever it names, and sets the state of whatever it made. Here each of the few names that a
checkpoint needs leads to a stand-in below that keeps its arguments and can't be changed, and every other name ends
the reading. Arrays and tensors are decoded afterwards, by us.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from hgx_drivers.errors import DeviceFileError
from hgx_drivers.simulated.devices._stored import (
    Storage,
    StoredArray,
    StoredDict,
    StoredDtype,
    StoredScalar,
    StoredTensor,
    no_state,
)

__all__ = ["InertUnpickler"]

_STORAGE_TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


class _StandIn:
    """What a name in the file leads to: it can be called, if it has something to call, and nothing else."""

    __slots__ = ("_make", "dtype")

    def __init__(self, make: Callable[..., object] | None = None, dtype: str | None = None) -> None:
        self._make = make
        self.dtype = dtype

    def __call__(self, *arguments: object) -> object:
        if self._make is None:
            raise DeviceFileError("The file tries to make an object of a class that it may only name.")
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise no_state("class or function")


def _encoded(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise DeviceFileError("The file encodes text in a way that no checkpoint does.")
    return text.encode("latin1")


def _tensor(storage: object, offset: object, shape: object, strides: object, *rest: object) -> StoredTensor:
    del rest  # requires_grad, hooks, metadata
    numbers = (offset, *shape, *strides) if isinstance(shape, tuple) and isinstance(strides, tuple) else (None,)
    if not isinstance(storage, Storage) or not all(type(n) is int for n in numbers):
        raise DeviceFileError("A tensor in the file isn't described as torch does it.")
    return StoredTensor(storage, offset, shape, strides)  # pyright: ignore[reportArgumentType]


def _parameter(data: object, *rest: object) -> object:
    del rest
    return data


def _size(*arguments: object) -> tuple[object, ...]:
    return tuple(arguments[0]) if arguments and isinstance(arguments[0], (list, tuple)) else ()


class InertUnpickler(pickle.Unpickler):
    """Reads one pickle of a checkpoint; ``storages`` fills with the storages it refers to, by key."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="latin1")
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        """The stand-in for a name; DeviceFileError for every name that no checkpoint needs."""
        if module == "torch" and name in _STORAGE_TYPES:
            return _StandIn(dtype=_STORAGE_TYPES[name])
        stand_in = _stand_ins().get((module.replace("numpy._core", "numpy.core"), name))
        if stand_in is None:
            raise DeviceFileError(
                f"The file asks for {module}.{name}, which isn't data. Nothing was run.",
                remedy="Ask its owner for a plain state dict (torch.save(model.state_dict(), ...)).",
            )
        return _StandIn(stand_in[0])

    def persistent_load(self, pid: object, /) -> Storage:
        """A storage by its description ('storage', type, key, place, count[, view])."""
        match pid:
            case ("storage", _StandIn(dtype=str() as name), str() as key, str(), int() as count, *view) if (
                count >= 0 and view in ([], [None])
            ):
                return self.storages.setdefault(key, Storage(np.dtype(name), key, count))
            case _:
                raise DeviceFileError("The file refers to numbers in a way that no checkpoint does.")


def _stand_ins() -> dict[tuple[str, str], tuple[Callable[..., object] | None]]:
    return {
        ("collections", "OrderedDict"): (StoredDict,),
        ("torch._utils", "_rebuild_tensor_v2"): (_tensor,),
        ("torch._utils", "_rebuild_parameter"): (_parameter,),
        ("torch", "Size"): (_size,),
        ("numpy.core.multiarray", "_reconstruct"): (StoredArray,),
        ("numpy.core.multiarray", "scalar"): (StoredScalar,),
        ("numpy", "ndarray"): (None,),
        ("numpy", "dtype"): (StoredDtype,),
        ("_codecs", "encode"): (_encoded,),
    }
