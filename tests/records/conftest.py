from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hgx_lab.records import Column, Coordinate, RawSpec, RecordWriter, TableSpec

TABLE = TableSpec(
    "steps",
    (
        Column("step", dtype="int32"),
        Column("current", (2, 3), unit="A", dims=("case", "control"), description="What was read."),
        Column("flag", (2,), "uint8", dims=("case",)),
    ),
    "step",
)
COORDINATES = (
    Coordinate("case", ["low", "high µ"]),
    Coordinate("control", ["c1", "c2", "c3"]),
    Coordinate("control_maximum", [0.5, 0.6, 0.7], "V", ("control",)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


@pytest.fixture
def make(path: Path):
    """Creates writers on ``path`` or another path; what the test leaves open is closed."""
    made: list[RecordWriter] = []

    def create(where: Path = path, **options) -> RecordWriter:
        defaults = {
            "header": {"experiment": "test", "run_file": {"a": {"b": [1, 2]}}},
            "run_file_text": "a: {b: [1, 2]}  # ü\n",
            "tables": [TABLE],
            "coordinates": COORDINATES,
            "raw": RawSpec(("x", "y"), 1000.0, "float64", "V"),
            "provenance": {"run_id": "0", "started": "2026-11-23T12:00:00+00:00"},
            "reserve_bytes": 0,
        }
        made.append(RecordWriter.create(where, **(defaults | options)))
        return made[-1]

    yield create
    for writer in made:
        writer.close("stopped", "end of the test")


@pytest.fixture
def row(rng: np.random.Generator):
    """Values of one row of the table."""

    def values(step: int) -> dict:
        return {"step": step, "current": rng.normal(size=(2, 3)), "flag": [step % 2, 1]}

    return values


@pytest.fixture(scope="session")
def kill_test() -> Iterator[ModuleType]:
    """The module scripts/kill_test.py."""
    file = Path(__file__).parents[2] / "scripts" / "kill_test.py"
    spec = spec_from_file_location("kill_test", file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["kill_test"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["kill_test"]
