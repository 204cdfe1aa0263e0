"""The same run file is the same record, bit for bit; a resumed run goes on where its parent would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import Interrupts, RunInterrupted, Source, resumed, train, with_seed
from hgx_lab.records import digest, open_record
from tests.support.runs import IDEAL, TEXT, Heard, make_run

NOISY = {
    "bench.noise": {"flicker": 1e-23, "white": 1e-27},
    "bench.drift": {"rate": 1e-9},
    "calibration": {"kind": "measure", "duration": "0.2 s"},
    "record.raw": True,
}


def record_of(changes: dict[str, Any], path: Path, seed: int = 7) -> Path:
    train(with_seed(make_run(changes), seed), record=path, source=Source(text=TEXT))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"timing.update": "wait"},
        {"timing.update": "in-flight"},
        {"timing.playback": "ramped"},
        {"timing.order": "random", "restart": {"patience": 1}},
    ],
    ids=["wait", "in-flight", "ramped", "random"],
)
def test_the_same_run_file_gives_the_same_record(changes: dict[str, Any], tmp_path: Path) -> None:
    changes = {**NOISY, **changes}
    first, second = record_of(changes, tmp_path / "1.h5"), record_of(changes, tmp_path / "2.h5")
    assert digest(first) == digest(second)
    assert digest(record_of(changes, tmp_path / "3.h5", seed=8)) != digest(first)


def test_a_dawdling_listener_changes_nothing(tmp_path: Path) -> None:
    """The consumer's speed is the machine's affair: who waits for whom doesn't show in the record."""
    run = make_run(NOISY)
    plain, slow = tmp_path / "plain.h5", tmp_path / "slow.h5"
    train(run, record=plain, source=Source(text=TEXT))

    def dawdle(_: object) -> None:
        sum(range(200_000))

    train(run, record=slow, source=Source(text=TEXT), audience=Heard({"iteration": dawdle, "event": dawdle}))
    assert digest(plain) == digest(slow)


@pytest.mark.parametrize("after", [0, 2, 5])
@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_a_resumed_run_goes_on_where_its_parent_would_have(update: str, after: int, tmp_path: Path) -> None:
    changes = {
        **IDEAL,
        "tones.drift": False,
        "timing.update": update,
        "timing.order": "random",
        "stop.iterations": 9,
        "restart": {"patience": 2, "minimum_improvement": 0.5},
    }
    parent = record_of(changes, tmp_path / "parent.h5")
    run, source = resumed(parent, after)
    assert run == make_run(changes)
    child = tmp_path / "child.h5"
    train(run, record=child, source=source)
    with open_record(parent) as old, open_record(child) as new:
        assert list(new.column("iterations", "iteration")) == list(range(after + 1, 9))
        # What was on its way when the checkpoint was taken is played again, to the last bit.
        pending = old.checkpoint(after).state["pending"]
        assert len(pending) == (update == "in-flight")
        first = pending[0]["controls"] if pending else old.checkpoint(after).state["controls"]
        np.testing.assert_array_equal(new.column("iterations", "controls")[0], first)
        np.testing.assert_array_equal(old.column("iterations", "controls")[after + 1], first)
        # On a bench without noise all the rest follows.
        for name in ("controls", "outputs", "restart", "learning_rate"):
            np.testing.assert_allclose(
                new.column("iterations", name), old.column("iterations", name)[after + 1 :], rtol=1e-6, atol=1e-12
            )
        mine, theirs = (r.checkpoint(-1).state for r in (new, old))
        assert mine["generator"] == theirs["generator"]
        assert mine["completed"] == theirs["completed"]
        assert mine["optimizer"].keys() == theirs["optimizer"].keys()
        for key, value in theirs["optimizer"].items():
            if not isinstance(value, str):
                np.testing.assert_allclose(mine["optimizer"][key], value, rtol=1e-5, atol=1e-9)
        # Its ancestry is in the header.
        ancestry = new.header["parent"]
        assert (ancestry["run_id"], ancestry["iteration"]) == (old.run_id, after)
        assert Path(ancestry["path"]) == parent
        assert new.run_file_text == old.run_file_text


def test_an_interrupted_run_is_resumed_after_its_last_iteration(tmp_path: Path) -> None:
    interrupts = Interrupts()

    def stop(iteration: Any) -> None:
        if iteration.index == 2:
            interrupts.request("the test")

    run = make_run({**IDEAL, "tones.drift": False, "stop.iterations": 6})
    parent, whole, child = (tmp_path / f"{name}.h5" for name in ("parent", "whole", "child"))
    with pytest.raises(RunInterrupted):
        train(run, record=parent, audience=Heard({"iteration": stop}), interrupts=interrupts)
    train(run, record=whole)
    again, source = resumed(parent)
    train(again, record=child, source=source)
    with open_record(parent) as a, open_record(child) as b, open_record(whole) as c:
        both = np.concatenate([a.column("iterations", "controls"), b.column("iterations", "controls")])
        np.testing.assert_allclose(both, c.column("iterations", "controls"), rtol=1e-6, atol=1e-12)


def test_what_cannot_be_resumed_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"

    def fail(_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train(make_run(), record=path, audience=Heard({"event": fail}))
    with pytest.raises(ExperimentError, match="holds no checkpoint"):
        resumed(path)
    whole = record_of({}, tmp_path / "whole.h5")
    for iteration in (4, 99, -2):
        with pytest.raises(ExperimentError, match=rf"after iterations 0 to 3, not {iteration}"):
            resumed(whole, iteration)
