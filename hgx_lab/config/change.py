"""A run file with some values changed, checked like one that is read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hgx_lab.config.bench import SimulatedBench, keys_of_preset
from hgx_lab.config.loader import parse_run_file
from hgx_lab.config.quantities import WITH_UNITS
from hgx_lab.config.run_file import RunFile
from hgx_lab.config.yaml_dump import dump_yaml

__all__ = ["change_run_file"]


def change_run_file(run: RunFile, changes: Mapping[str, Any]) -> RunFile:
    """A changed copy of a run file.

    Parameters
    ----------
    run:
        The run file, which stays as it is.
    changes:
        New values by their key path: ``{"seed": 2, "stop.iterations": 50, "electrodes.0.start": "0.1 V"}``; plain
        values as in a run file. A whole section is a mapping. Another preset of the bench replaces the values of
        the one before, and leaves those that differ from it.

    Raises
    ------
    RunFileError
        The changed run file isn't sound; lines are those of its dump.
    """
    data: dict[str, Any] = run.model_dump(mode="json", context={WITH_UNITS: True})
    if "bench.preset" in changes and isinstance(run.bench, SimulatedBench):
        for key in keys_of_preset(run.bench):
            del data["bench"][key]
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = data
        for part in parents:
            place = _inside(place, part)
        if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
            place[int(last)] = value
        elif isinstance(place, dict):
            place[last] = value
        else:
            data[path] = value  # nothing of that name: refused as an unknown key
    return parse_run_file(dump_yaml(data), source=f"{run.name} with changes", check_files=False)


def _inside(place: Any, part: str) -> Any:
    """The section or list behind a key; made when it was null, and None when it can't be."""
    if isinstance(place, list):
        return place[int(part)] if part.isdecimal() and int(part) < len(place) else None
    if isinstance(place, dict):
        if place.get(part) is None:
            place[part] = {}
        return place[part]
    return None
