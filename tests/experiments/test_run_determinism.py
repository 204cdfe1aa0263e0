"""The same run file is the same record, bit for bit; a resumed run goes on where its parent would have."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hgx_lab.errors import ExperimentError
from hgx_lab.experiments import Interrupts, RunInterrupted, Source, resumed, train, with_seed
from hgx_lab.records import digest, open_record
from hgx_lab.records._structure import read_text, write_text
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


@pytest.fixture(scope="module")
def generations(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A run of iterations 0 to 8, its branch after 3, and the branch's branch after 6; on a bench without noise."""
    folder = tmp_path_factory.mktemp("generations")
    first = record_of({**IDEAL, "tones.drift": False, "stop.iterations": 9}, folder / "first.h5")
    paths = [first]
    for number, after in enumerate((3, 6)):
        run, source = resumed(paths[-1], after)
        paths.append(folder / f"branch{number}.h5")
        train(run, record=paths[-1], source=source)
    return paths[0], paths[1], paths[2]


def test_a_branch_of_a_branch_begins_after_the_iteration_that_was_asked_for(
    generations: tuple[Path, Path, Path],
) -> None:
    """By the number that the record shows: row 6 of the branch would be iteration 10, which it never reached."""
    first, branch, second = generations
    with open_record(first) as a, open_record(branch) as b, open_record(second) as c:
        assert b.column("iterations", "iteration").tolist() == [4, 5, 6, 7, 8]
        assert c.column("iterations", "iteration").tolist() == [7, 8]
        assert (b.checkpoint_range, c.checkpoint_range) == ((4, 8), (7, 8))
        assert c.header["parent"] == {"run_id": b.run_id, "path": str(branch), "iteration": 6}
        # The branch's own next controls, to the last bit, and those of the run that was never interrupted.
        np.testing.assert_array_equal(c.column("iterations", "controls")[0], b.column("iterations", "controls")[3])
        for name in ("controls", "outputs", "gradient"):
            np.testing.assert_allclose(
                c.column("iterations", name), a.column("iterations", name)[7:], rtol=1e-5, atol=1e-12
            )


@pytest.mark.parametrize("iteration", [4, 5, 6, 7, 8])
def test_the_state_of_a_branch_is_that_of_the_iteration(iteration: int, generations: tuple[Path, Path, Path]) -> None:
    branch = generations[1]
    _, source = resumed(branch, iteration)
    with open_record(branch) as record:
        states = {c.iteration: c.state for c in (record.checkpoint(i) for i in range(record.checkpoints))}
        assert record.checkpoint_after(iteration).iteration == iteration
    assert source.checkpoint == states[iteration]
    assert source.checkpoint["completed"] == iteration + 1  # type: ignore[index]
    assert source.parent["iteration"] == iteration


def test_the_last_iteration_is_meant_where_none_is_named(generations: tuple[Path, Path, Path]) -> None:
    for record in generations:
        assert resumed(record)[1].parent["iteration"] == 8


def test_an_iteration_of_an_ancestor_is_refused_with_its_name(
    generations: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    first, branch, second = generations
    for record, iteration, held, where in (
        (branch, 3, "4 to 8", first),
        (branch, 0, "4 to 8", first),
        (second, 5, "7 to 8", branch),
        (second, 2, "7 to 8", first),
    ):
        words = rf"holds checkpoints after iterations {held}, not {iteration}\. It is in {where}: resume that one\."
        with pytest.raises(ExperimentError, match=words):
            resumed(record, iteration)
    for record, iteration in ((branch, 9), (second, 99), (first, 9), (branch, -2)):
        with pytest.raises(ExperimentError, match=rf"not {iteration}\.$"):
            resumed(record, iteration)


def test_records_that_were_moved_together_are_found_beside_each_other(
    generations: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    _, branch, second = generations
    rename = {str(branch.parent): "/nowhere"}
    for path in (branch, second):
        copied_with_ancestor(path, tmp_path / path.name, rename)
    with pytest.raises(ExperimentError, match=f"It is in {tmp_path / branch.name}: resume that one"):
        resumed(tmp_path / second.name, 5)


def test_an_ancestor_that_is_gone_is_named_all_the_same(generations: tuple[Path, Path, Path], tmp_path: Path) -> None:
    first, branch, second = generations
    alone = copied_with_ancestor(second, tmp_path / second.name, {str(branch.parent): "/nowhere"})
    with pytest.raises(ExperimentError, match=rf"by the run of /nowhere/{branch.name}, .* isn't there any more"):
        resumed(alone, 5)
    shutil.copy(first, tmp_path / branch.name)  # another run's record of that name isn't taken for it
    with pytest.raises(ExperimentError, match="isn't there any more"):
        resumed(alone, 5)


def copied_with_ancestor(record: Path, copy: Path, rename: dict[str, str]) -> Path:
    """A copy of a record whose parent was elsewhere."""
    shutil.copy(record, copy)
    with h5py.File(copy, "r+") as file:
        text = read_text(file["header"])
        for old, new in rename.items():
            text = text.replace(old, new)
        del file["header"]
        write_text(file, "header", text)
    return copy


def test_what_cannot_be_resumed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.h5"

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr("hgx_lab.experiments._train.make_optimizer", fail)
        train(make_run(), record=path)
    with pytest.raises(ExperimentError, match="holds no checkpoint"):
        resumed(path)
    whole = record_of({}, tmp_path / "whole.h5")
    for iteration in (4, 99, -2):
        with pytest.raises(ExperimentError, match=rf"after iterations 0 to 3, not {iteration}"):
            resumed(whole, iteration)
