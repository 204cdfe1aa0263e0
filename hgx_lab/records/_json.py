"""JSON that brings numpy arrays, infinite numbers and integers of any size back exactly as they were.

Strict JSON: arrays become ``{"$array": [...], "dtype": ..., "shape": [...]}``, NaN and the infinities
``{"$float": "nan"}``. Finite floats keep their shortest exact decimal form.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hgx_lab.errors import RecordError

__all__ = ["dumps", "loads"]


def _plain(value: Any, place: str) -> Any:
    match value:
        case None | bool() | str():
            return value
        case np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            number = float(value)
            return number if math.isfinite(number) else {"$float": repr(number)}
        case np.ndarray():
            if value.dtype.kind not in "biufU":
                raise RecordError(f"{place}: an array of {value.dtype} can't be written as JSON.")
            items = [_plain(item, place) for item in value.ravel().tolist()]
            return {"$array": items, "dtype": value.dtype.str, "shape": list(value.shape)}
        case list() | tuple():
            return [_plain(item, f"{place}[{i}]") for i, item in enumerate(value)]
        case Mapping():
            for key in value:
                if not isinstance(key, str) or key.startswith("$"):
                    raise RecordError(f"{place}: {key!r} can't be a key in JSON.")
            return {key: _plain(item, f"{place}.{key}") for key, item in value.items()}
        case _:
            raise RecordError(f"{place}: a {type(value).__name__} can't be written as JSON.")


def _restore(entry: dict[str, Any]) -> Any:
    if "$float" in entry:
        return float(entry["$float"])
    if "$array" in entry:
        return np.array(entry["$array"], dtype=np.dtype(entry["dtype"])).reshape(entry["shape"])
    return entry


def dumps(value: Any, place: str = "$") -> str:
    """One line of JSON; tuples come back as lists.

    Raises
    ------
    RecordError
        Something JSON can't hold, with its place.
    """
    line = json.dumps(_plain(value, place), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A byte of a file name that is no text is a lone surrogate, which UTF-8 can't hold; its escape is good JSON.
    return line.encode(errors="backslashreplace").decode()


def loads(text: str) -> Any:
    """The value that :func:`dumps` was given."""
    return json.loads(text, object_hook=_restore)
