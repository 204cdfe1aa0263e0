"""What YAML text says: plain values, where each of them stands, and what is wrong with the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from hgx_lab.config.problems import KeyPath

__all__ = ["Place", "Tree", "YamlFault", "plain_value"]

_INTEGER = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL: Final = {"": None, "~": None, "true": True, "false": False} | {
    sign + name: float(sign + name[1:]) for sign in ("", "+", "-") for name in (".inf", ".nan")
}


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Something that isn't usable YAML."""

    place: Place
    path: KeyPath
    message: str
    suggestion: str = ""


@dataclass(slots=True)
class Tree:
    """Plain values (dict, list, str, int, float, bool, None), the places of keys and values, and what is wrong.

    ``complete`` tells that the text could be read to its end.
    """

    data: Any = None
    complete: bool = False
    values: dict[KeyPath, Place] = field(default_factory=dict[KeyPath, Place])
    keys: dict[KeyPath, Place] = field(default_factory=dict[KeyPath, Place])
    faults: list[YamlFault] = field(default_factory=list[YamlFault])

    def holds(self, path: KeyPath) -> bool:
        """Whether the text gives a value at a path, and doesn't leave it out."""
        return path in self.values

    def place_of(self, path: KeyPath, *, at_key: bool = False) -> Place:
        """Where a value (or its key) stands; where its nearest parent stands when it isn't in the text."""
        if at_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), 0, -1):
            # A parent is shown by its key: the line people look for, also when the value starts below it.
            places = (self.values, self.keys) if length == len(path) else (self.keys, self.values)
            for known in places:
                if path[:length] in known:
                    return known[path[:length]]
        return Place()


def plain_value(text: str) -> Any:
    """What an unquoted text means in the core schema of YAML 1.2."""
    if text.lower() in ("null", *_SPECIAL) and text in (text.lower(), text.upper(), text.capitalize()):
        return _SPECIAL.get(text.lower())
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
