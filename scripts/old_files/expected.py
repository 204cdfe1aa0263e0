"""The numbers in a record, read by h5py alone: what every later reader of the record must find in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["contents_of", "sha256"]

#: Columns of an iteration that are kept whole, beside the summary of every column.
_WHOLE = ("iteration", "loss", "controls", "outputs", "derivative", "derivative_std", "gradient")


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents_of(path: Path) -> dict[str, Any]:
    """Header, ending, tables, checkpoints and raw samples of a record."""
    with _opened(path) as file:
        return _contents(file)


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError:  # its writer was killed: HDF5 opens it as one of many readers only
        return h5py.File(path, "r", libver="latest", swmr=True)


def _contents(file: h5py.File) -> dict[str, Any]:
    header = json.loads(_text(file, "header"))
    origin = json.loads(_text(file, "provenance/origin"))
    counts = dict(zip(json.loads(file["committed"].attrs["names"]), map(int, file["committed"][()]), strict=True))
    events = _lines(file, "events", counts["events"])
    last = events[-1] if events else {"kind": ""}
    ended = last["kind"] == "end"
    found: dict[str, Any] = {
        "experiment": header["experiment"],
        "name": header["name"],
        "seed": header["seed"],
        "run_id": origin["run_id"],
        "status": last["data"]["status"] if ended else "killed",
        "reason": last["message"] if ended else "",
        "events": [event["kind"] for event in events],
        "electrodes": [e["name"] for e in header["run_file"]["electrodes"]],
    }
    if parent := header.get("parent"):
        found["parent"] = {
            "run_id": parent["run_id"],
            "record": Path(parent["path"]).name,
            "iteration": parent["iteration"],
        }
    found["tables"] = {
        name.removeprefix("tables/"): _table(file[name], count)
        for name, count in counts.items()
        if name.startswith("tables/")
    }
    if "tables/iterations" in counts:
        rows = slice(counts["tables/iterations"])
        found["iterations"] = {name: _plain(file[f"tables/iterations/{name}"][rows]) for name in _WHOLE}
        found["checkpoints"] = [_checkpoint(line) for line in _lines(file, "checkpoints", counts["checkpoints"])]
    if "raw" in file:
        samples = file["raw/samples"][:, : counts["raw/samples"]]
        found["raw"] = {"rate_hz": float(file["raw"].attrs["rate_hz"]), "summary": _summary(samples)}
    return found


def _text(file: h5py.File, name: str) -> str:
    return bytes(file[name][()]).decode()


def _lines(file: h5py.File, name: str, count: int) -> list[dict[str, Any]]:
    end = int(file[name]["end"][count - 1]) if count else 0
    lines = bytes(file[name]["text"][:end]).decode().split("\n")[:-1]
    return [json.loads(line) for line in lines]


def _table(group: h5py.Group, rows: int) -> dict[str, Any]:
    columns = json.loads(group.attrs["columns"])
    return {"rows": rows, "columns": {name: _summary(group[name][:rows]) for name in columns}}


def _summary(values: NDArray[Any]) -> list[Any]:
    """How many numbers are finite, their mean and their standard deviation."""
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    return [int(finite.size), *((float(finite.mean()), float(finite.std())) if finite.size else (None, None))]


def _plain(values: NDArray[Any]) -> Any:
    """Nested lists, with None where a number is NaN."""
    if values.ndim:
        return [_plain(value) for value in values]
    return None if np.isnan(values) else values.item()


def _checkpoint(line: dict[str, Any]) -> dict[str, Any]:
    """After which iteration it is, and the controls that come next."""
    state = line["state"]
    following = state["pending"][0] if state["pending"] else state
    return {"iteration": line["iteration"], "over": state["end"] is not None, "controls": following["controls"]}
