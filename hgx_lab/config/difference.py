"""What differs between two run files, key by key, defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hgx_lab.config.problems import KeyPath, key_path_text
from hgx_lab.config.quantities import WITH_UNITS
from hgx_lab.config.run_file import RunFile

__all__ = ["Difference", "differences", "flat_values"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A key and what it is in either run file, as text; empty where one of them doesn't have the key."""

    path: str
    before: str
    after: str


def flat_values(run: RunFile) -> dict[str, str]:
    """Every value of a run file as text, by its key path."""
    found: dict[str, str] = {}
    _flatten(run.model_dump(mode="json", context={WITH_UNITS: True}), (), found)
    return found


def differences(before: RunFile, after: RunFile) -> tuple[Difference, ...]:
    """The keys whose values differ, in the order of the run files."""
    old, new = flat_values(before), flat_values(after)
    paths = dict.fromkeys([*new, *old])
    return tuple(Difference(p, old.get(p, ""), new.get(p, "")) for p in paths if old.get(p) != new.get(p))


def _flatten(value: Any, path: KeyPath, found: dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _flatten(inner, (*path, key), found)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, inner in enumerate(value):
            _flatten(inner, (*path, index), found)
    else:
        found[key_path_text(path)] = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else str(value)
    )
