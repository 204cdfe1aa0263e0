"""Run files as text: changed with their comments kept, and what they say as plain SI values, by no part of hgx-lab."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import StringIO
from types import NoneType
from typing import Any

from ruamel.yaml import YAML

__all__ = ["changed", "stated"]

_PREFIXES = {"": 0, "p": -12, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9}
_UNITS = ("Hz", "V", "A", "s", "F", "Ohm")
_OTHERS = {"%": 1e-2, "min": 60.0, "d": 86400.0}
_QUANTITY = re.compile(r"([-+]?\d+\.?\d*(?:e[-+]?\d+)?) ([A-Za-z%][A-Za-z/^0-9]*)")


def changed(text: str, changes: Mapping[str, Any]) -> str:
    """The text of a run file with values set by their key path, sections made where there are none; lists by place."""
    yaml = YAML()
    yaml.width = 110
    yaml.representer.add_representer(NoneType, lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null"))
    data = yaml.load(text)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = data
        for part in parents:
            place = place[int(part)] if part.isdecimal() else place.setdefault(part, {})
        place[int(last) if last.isdecimal() else last] = value
    out = StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def stated(text: str) -> dict[str, Any]:
    """Every value that a run file states, by its key path, quantities in SI."""
    return dict(_leaves(YAML(typ="safe", pure=True).load(text), ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, _in_si(value) if isinstance(value, str) else value


def _in_si(text: str) -> str | float:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return text
    factor = 1.0
    for sign, part in zip("*" + "".join(c for c in found[2] if c == "/"), found[2].split("/"), strict=True):
        unit, _, power = part.partition("^")
        factor *= _factor(unit) ** (int(power or 1) * (1 if sign == "*" else -1))
    return float(found[1]) * factor


def _factor(unit: str) -> float:
    if unit in _OTHERS:
        return _OTHERS[unit]
    for base in _UNITS:
        prefix = unit.removesuffix(base)
        if unit.endswith(base) and prefix in _PREFIXES:
            return 10.0 ** _PREFIXES[prefix]
    raise ValueError(f"{unit!r} is no unit that the old run files use.")
