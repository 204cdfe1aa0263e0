"""Layouts as JSON files: the numbers themselves, read back exactly."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from hgx_drivers.simulated.devices.dopant._errors import LayoutError
from hgx_drivers.simulated.devices.dopant._geometry import DiscGeometry
from hgx_drivers.simulated.devices.dopant._layout import DopantLayout

__all__ = ["load_layout", "save_layout", "standard_layout", "standard_names"]

_PACKAGE = "hgx_drivers.simulated.devices.dopant"
_FORMAT = "hgx-dopant-layout/1"
_PLAIN = {f.name for f in fields(DopantLayout)} - {"geometry"}
_NUMBERS = {
    "temperature_kelvin",
    "relative_permittivity",
    "localisation_radius",
    "attempt_rate_hz",
    "disorder_ev",
}
_TEXTS = {"name", "generator", "description"}


def save_layout(layout: DopantLayout, path: Path | str) -> None:
    """Write a layout as JSON; floats in the shortest form that reads back to the same bits."""
    document: dict[str, Any] = {
        "format": _FORMAT,
        "radius": layout.geometry.radius,
        "arcs": layout.geometry.arcs.tolist(),
    }
    for name in (f.name for f in fields(layout) if f.name in _PLAIN):
        value = getattr(layout, name)
        document[name] = value.tolist() if isinstance(value, np.ndarray) else value
    lines = [f"{json.dumps(key)}: {_rows(value)}" for key, value in document.items()]
    Path(path).write_text("{\n  " + ",\n  ".join(lines) + "\n}\n", encoding="utf-8")


def _rows(value: Any) -> str:
    """A matrix with one row a line, everything else on one line."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n    " + ",\n    ".join(json.dumps(row) for row in value) + "\n  ]"
    return json.dumps(value)


def load_layout(path: Path | str) -> DopantLayout:
    """Read a layout, refusing what is missing, unknown or out of range.

    Raises
    ------
    LayoutError
        With the file, the key and the remedy.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LayoutError(f"{path}: can't be read: {error}.", remedy="Check the path.") from error
    return _parse(text, str(path))


def standard_names() -> tuple[str, ...]:
    """Names of the layouts that come with the package."""
    folder = files(_PACKAGE).joinpath("layouts")
    return tuple(sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json")))


def standard_layout(name: str = "n16") -> DopantLayout:
    """A layout that comes with the package; ``n16`` is the standard device."""
    if name not in standard_names():
        raise LayoutError(
            f"There is no standard layout {name!r}.", remedy=f"Choose one of {', '.join(standard_names())}."
        )
    resource = files(_PACKAGE).joinpath("layouts", f"{name}.json")
    return _parse(resource.read_text(encoding="utf-8"), name)


def _parse(text: str, place: str) -> DopantLayout:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise LayoutError(f"{place}:{error.lineno}: isn't JSON: {error.msg}.") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise LayoutError(f"{place}: isn't a dopant layout of format {_FORMAT}.")
    keys, expected = set(document) - {"format"}, _PLAIN | {"radius", "arcs"}
    if keys != expected:
        missing, unknown = ", ".join(sorted(expected - keys)), ", ".join(sorted(keys - expected))
        raise LayoutError(f"{place}: missing keys: {missing or 'none'}; unknown keys: {unknown or 'none'}.")
    for key in _NUMBERS | {"radius"}:
        _require(document, key, (int, float), "a number", place)
    for key in ("output", "seed"):
        _require(document, key, (int,), "a whole number", place)
    for key in _TEXTS:
        _require(document, key, (str,), "text", place)
    try:
        arcs = np.array(document["arcs"], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LayoutError(f"{place}: arcs isn't an array of numbers: {error}.") from error
    try:
        geometry = DiscGeometry(float(document["radius"]), arcs)
        return DopantLayout(geometry=geometry, **{key: document[key] for key in _PLAIN})
    except LayoutError as error:
        raise LayoutError(f"{place}: {error.message}", remedy=error.remedy) from error


def _require(document: dict[str, Any], key: str, kinds: tuple[type, ...], what: str, place: str) -> None:
    value = document[key]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise LayoutError(f"{place}: {key} is {value!r}.", remedy=f"Give {what}.")
