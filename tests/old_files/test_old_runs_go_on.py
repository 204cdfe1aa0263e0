"""Runs go on from the checkpoints of earlier formats, with the controls that were next, on the simulated bench."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import RunFileError, SimulatedBench, TrainRun, change_run_file
from hgx_lab.errors import HgxError
from hgx_lab.experiments import Source, resumed, simulated, train
from hgx_lab.records import open_record
from tests.support.old_files import FORMATS, WITH_FILES, OldFiles, moved

Home = Callable[[OldFiles], Path]


def is_over(old: OldFiles, name: str) -> bool:
    """Whether nothing but the validation is left after the last checkpoint."""
    return bool(old.records[name]["checkpoints"][-1]["over"])


def last_to_go_on_from(old: OldFiles, name: str) -> int | None:
    """Place of the last checkpoint after which an iteration comes; None where there is none.

    An earlier checkpoint than the last is asked for by a number, which is its place where the iterations begin with 0.
    """
    last = len(old.records[name]["checkpoints"]) - 1
    if not is_over(old, name):
        return last
    return last - 1 if last > 0 and old.records[name]["iterations"]["iteration"][0] == 0 else None


GOING_ON = [
    pytest.param(old, name, place, id=f"{old.name}-{name}")
    for old in FORMATS
    for name in old.trainings
    if (place := last_to_go_on_from(old, name)) is not None
]
OVER = [
    pytest.param(old, name, id=f"{old.name}-{name}")
    for old in FORMATS
    for name in ("gate", "resumed-again", "branch", "own-device")
    if is_over(old, name)
]


@pytest.fixture
def derived(home_of: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[TrainRun, Source]]:
    """A run that goes on from an old record, on the simulated bench whatever the old one was."""

    def derive(old: OldFiles, name: str, iteration: int, changes: dict[str, Any]) -> tuple[TrainRun, Source]:
        lab = home_of(old) / "lab"
        monkeypatch.chdir(lab)  # where a saved calibration is looked for
        path = lab / "runs" / f"{name}.h5"
        if name in WITH_FILES:
            path = moved(path, old.expected["lab"], lab, tmp_path / path.name)
        found, source = resumed(path, iteration)
        if isinstance(found.bench, SimulatedBench):
            changes = {**changes, "bench.faults": []}
        if name != "saved-calibration":  # seconds of the bench that aren't what this is about
            changes = {**changes, "self_test": None, "calibration": {"kind": "fixed", "delay": "60 us"}}
        run = change_run_file(simulated(found), changes)
        assert isinstance(run, TrainRun)
        return run, source

    return derive


@pytest.mark.parametrize(("old", "name", "place"), GOING_ON)
def test_an_old_run_goes_on(old: OldFiles, name: str, place: int, derived: Any, tmp_path: Path) -> None:
    kept = old.records[name]
    last = len(kept["checkpoints"]) - 1
    checkpoint = kept["checkpoints"][place]
    number = checkpoint["iteration"]
    one_more = {"stop": {"iterations": number + 2}, "validation": None}
    run, source = derived(old, name, -1 if place == last else number, one_more)
    train(run, record=tmp_path / "child.h5", source=source)
    with open_record(tmp_path / "child.h5") as child:
        assert child.status == "completed"
        iterations = child["iterations"]
        assert iterations["iteration"].values.tolist() == [number + 1]
        np.testing.assert_array_equal(iterations["controls"].values, [checkpoint["controls"]])
        assert np.isfinite(iterations["loss"].values).all()
        parent = child.header["parent"]
        assert (parent["run_id"], parent["iteration"]) == (kept["run_id"], number)
    if place < last:
        # What the old run did next, by its own table.
        np.testing.assert_array_equal(checkpoint["controls"], kept["iterations"]["controls"][place + 1])


@pytest.mark.parametrize("name", ["interrupted", "killed", "restarted", "ring", "feature", "raw"])
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_old_run_is_branched_at_its_first_iteration(old: OldFiles, name: str, derived: Any, tmp_path: Path) -> None:
    run, source = derived(old, name, 0, {"stop": {"iterations": 3}, "validation": None})
    train(run, record=tmp_path / "branch.h5", source=source)
    with open_record(tmp_path / "branch.h5") as branch:
        assert branch.column("iterations", "iteration").tolist() == [1, 2]
        first = branch.column("iterations", "controls")[0]
    np.testing.assert_array_equal(first, old.records[name]["iterations"]["controls"][1])


@pytest.mark.parametrize(("old", "name"), OVER)
def test_an_old_run_that_is_over_is_validated_again(old: OldFiles, name: str, derived: Any, tmp_path: Path) -> None:
    run, source = derived(old, name, -1, {})
    train(run, record=tmp_path / "again.h5", source=source)
    with open_record(tmp_path / "again.h5") as again:
        assert (again.status, again.reason) == ("completed", old.records[name]["reason"])
        assert again.rows("iterations") == 0
        assert again.rows("validation") == 1


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_old_run_is_resumed_by_its_command(old: OldFiles, home_of: Home, hgx: Any, tmp_path: Path) -> None:
    said = hgx("resume", home_of(old) / "lab" / "runs" / "resumed.h5", "--quiet", "--output", tmp_path / "child.h5")
    assert said.code == 0, said.err
    with open_record(tmp_path / "child.h5") as child:
        # As it went on then: the controls of the first iteration were in the checkpoint.
        kept = old.records["resumed-again"]["iterations"]
        assert child.column("iterations", "iteration").tolist() == kept["iteration"]
        np.testing.assert_array_equal(child.column("iterations", "controls")[0], kept["controls"][0])


@pytest.mark.parametrize("name", ["wire-off", "validated-again", "iv", "calibration"])
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_old_record_without_a_checkpoint_says_so(old: OldFiles, name: str, home_of: Home) -> None:
    with pytest.raises(HgxError, match="no checkpoint") as caught:
        resumed(home_of(old) / "lab" / "runs" / f"{name}.h5")
    assert caught.value.remedy


@pytest.mark.parametrize(("name", "file"), [("table", r"table\.csv"), ("surrogate", r"surrogate\.npz")])
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_old_run_without_its_files_says_which(old: OldFiles, name: str, file: str, home_of: Home) -> None:
    with pytest.raises(RunFileError, match=file):
        resumed(home_of(old) / "lab" / "runs" / f"{name}.h5")
