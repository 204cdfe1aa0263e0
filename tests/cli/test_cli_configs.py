"""Every ready run file is checked, run until it has measured something, and run shortened to see its error bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.experiments import Interrupts, RunInterrupted, perform
from hgx_lab.records import Record, open_record
from tests.support.runs import Heard

FILES = [f for f in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")) if not f.name.startswith("_")]

#: What makes a run of each kind short and leaves its tone plan and its windows as they are.
SHORTER: dict[str, dict[str, Any]] = {
    "train": {"stop": {"iterations": 3}},
    "abundance": {"settings": 4},
    "amplitude": {"points": 2, "repeats": 2},
    "convergence": {"points": 2, "longest": 0.04},
    "frequency-response": {"points": 1},
    "gradient-accuracy": {"points": 3, "finite_differences": 1},
    "iv": {"sweep.steps": 5, "against.steps": 2},
    "noise": {"duration": 5.0},
    "tone-spacing": {"repeats": 4},
}

#: Run files of one base period a window in which the mains take all bins below the lowest tone, and its electrode.
CONTINUED = {"feature": "e4", "own-device": "g2", "resistors": "u"}


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_a_ready_run_file_runs_and_stops(file: Path, tmp_path: Path) -> None:
    interrupts = Interrupts()

    def enough(_: object) -> None:
        interrupts.request("the test")

    audience = Heard({"iteration": enough, "progress": enough})
    record = tmp_path / "r.h5"
    try:
        perform(load_run_file(file), record=record, audience=audience, interrupts=interrupts)
    except RunInterrupted:
        expected = "interrupted"
    else:
        expected = "completed"
    with open_record(record) as opened:
        assert opened.status == expected
        kinds = [e.kind for e in opened.events]
        assert kinds.count("at-rest") == kinds.count("started") > 0
        assert "not-at-rest" not in kinds
        if audience.of("iteration") or expected == "completed":
            assert sum(opened.rows(table) for table in opened.tables) > 0
    assert audience.of("iteration") or audience.of("progress") or expected == "completed"


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_everything_that_a_ready_run_file_measures_has_an_error_bar(file: Path, tmp_path: Path) -> None:
    run = load_run_file(file)
    run = change_run_file(run, SHORTER[run.experiment])  # type: ignore[attr-defined]
    audience = Heard()
    perform(run, record=tmp_path / "r.h5", audience=audience)
    for iteration in audience.of("iteration"):
        assert np.isfinite(iteration.derivatives_std).all()
        assert np.isfinite(iteration.outputs_std).all()
        assert np.isfinite(iteration.gradient_std).all()
        assert 0.0 <= iteration.sign_confidence <= 1.0
    for validation in audience.of("validation"):
        assert np.isfinite(validation.outputs_std).all()
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "completed"
        checked = {(table, name) for table in record.tables for name in error_bars_of(record, table)}
        if file.stem in CONTINUED:
            method = f"empty bins around the tones; continued from the nearest of them to {CONTINUED[file.stem]}"
            assert record.header["error_bars"] == method
        if run.experiment == "train":  # type: ignore[attr-defined]
            assert "empty bins" in record.header["error_bars"]
            assert len(audience.of("iteration")) == record.rows("iterations") == 3
            assert {("iterations", "derivative_std"), ("validation", "outputs_std")} <= checked
        for table, name in checked:
            rows = record.column(table, name)
            assert len(rows)
            assert np.isfinite(rows[belongs_there(record, table, name, rows)]).all(), (table, name)


def error_bars_of(record: Record, table: str) -> list[str]:
    also = {"bound", "noise", "sign_confidence"} | ({"density"} if table == "spacings" else set())
    names = [n for n in record.columns(table) if "_std" in n or n in also]
    return names if record.rows(table) else []


def belongs_there(record: Record, table: str, name: str, rows: np.ndarray) -> np.ndarray:
    """Without tones there are no derivatives, and a smaller set of cases is filled up; the rest must be there."""
    if (table, name) == ("readings", "derivative_std"):
        return np.broadcast_to((record.column(table, "kind") == 0)[:, None, None], rows.shape)
    if table == "validation":
        return ~np.isnan(record.column(table, "outputs"))
    if name == "finite_difference_std":
        return np.broadcast_to((np.arange(len(rows)) < 1)[:, None], rows.shape)
    return np.ones(rows.shape, dtype=np.bool_)
