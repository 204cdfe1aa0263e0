"""Every ready run file is checked, and run until it has measured something."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgx_lab.config import load_run_file
from hgx_lab.experiments import Interrupts, RunInterrupted, perform
from hgx_lab.records import open_record
from tests.support.runs import Heard

FILES = [f for f in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")) if not f.name.startswith("_")]


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
