"""Records of earlier formats open with the numbers that h5py alone finds in them, are listed, shown and rewound."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hgx_lab.experiments import data_from_record
from hgx_lab.live import Past, RecordSource, RunState, attach
from hgx_lab.records import list_records, open_record, repair
from hgx_lab.reproduction._sphere_data import read_shells
from hgx_lab.reproduction._traces import read_gate_trace
from tests.support.old_files import FORMATS, WITH_FILES, OldFiles, moved, now, summary

Home = Callable[[OldFiles], Path]

RECORDS = [pytest.param(old, name, id=f"{old.name}-{name}") for old in FORMATS for name in old.records]
TRAININGS = [pytest.param(old, name, id=f"{old.name}-{name}") for old in FORMATS for name in old.trainings]
#: One of every experiment that has a figure, of a killed run, one without iterations, one without anything, one whose
#: targets aren't classes.
DRAWN = (
    *("abundance", "amplitude", "convergence", "frequency-response", "gradient-accuracy", "iv-killed", "noise"),
    *("tone-spacing", "killed", "validated-again", "wire-off", "values"),
)
STATES = {"killed": RunState.LOST, "failed": RunState.FAULT}


def file_of(old: OldFiles, home: Path, name: str) -> Path:
    return home / "lab" / "runs" / f"{name}.h5"


def same(found: Any, kept: Any) -> None:
    """Equal to the last bit; None stands for NaN."""
    np.testing.assert_array_equal(np.asarray(found, dtype=np.float64), np.array(kept, dtype=np.float64))


@pytest.mark.parametrize(("old", "name"), RECORDS)
def test_an_old_record_holds_what_h5py_finds_in_it(old: OldFiles, name: str, home_of: Home) -> None:
    kept = old.records[name]
    with open_record(file_of(old, home_of(old), name)) as record:
        assert record.status == kept["status"]
        assert record.reason == kept["reason"]
        assert record.run_id == kept["run_id"]
        assert [record.header[key] for key in ("experiment", "name", "seed")] == [
            kept[key] for key in ("experiment", "name", "seed")
        ]
        assert [e["name"] for e in record.run_file["electrodes"]] == kept["electrodes"]
        assert [event.kind for event in record.events] == kept["events"]
        for table, held in kept["tables"].items():
            assert record.rows(now(old, table)) == held["rows"]
            for column, numbers in held["columns"].items():
                today, its = now(old, f"{table}.{column}").split(".")
                found = summary(record.column(today, its))
                assert found[0] == numbers[0], f"{table}.{column}"
                np.testing.assert_allclose(*np.array([found, numbers], dtype=np.float64), rtol=1e-12, err_msg=column)
        for column, values in kept.get("iterations", {}).items():
            today, its = now(old, f"iterations.{column}").split(".")
            found = record.column(today, its)
            # An axis of one read-out may stand between iterations and cases.
            same(found.reshape(np.shape(values)), values)
        if "raw" in kept:
            raw = record.raw()
            assert raw.attrs["rate_hz"] == kept["raw"]["rate_hz"]
            assert summary(raw.values) == pytest.approx(kept["raw"]["summary"], rel=1e-12)


@pytest.mark.parametrize(("old", "name"), TRAININGS)
def test_an_old_record_has_its_checkpoints(old: OldFiles, name: str, home_of: Home) -> None:
    kept = old.records[name]["checkpoints"]
    with open_record(file_of(old, home_of(old), name)) as record:
        found = [record.checkpoint(i) for i in range(record.checkpoints)]
    assert [c.iteration for c in found] == [c["iteration"] for c in kept]
    assert [c.iteration for c in found] == old.records[name]["iterations"]["iteration"]


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_old_records_are_listed(old: OldFiles, home_of: Home, hgx: Any) -> None:
    runs = home_of(old) / "lab" / "runs"
    found = {one.name: one for one in list_records(runs)}
    assert found.keys() == old.records.keys()
    for name, kept in old.records.items():
        one = found[name]
        assert (one.error, one.status, one.reason, one.experiment) == (
            "",
            kept["status"],
            kept["reason"],
            kept["experiment"],
        )
        iterations = kept.get("iterations")
        assert one.iterations == (None if iterations is None else len(iterations["loss"]))
        assert one.loss == (iterations["loss"][-1] if iterations and iterations["loss"] else None)
    said = hgx("list", runs)
    assert said.code == 0
    assert all(f"{name}.h5" in said.out for name in old.records)
    assert "unreadable" not in said.out


@pytest.mark.parametrize(("old", "name"), RECORDS)
def test_an_old_record_is_shown(old: OldFiles, name: str, home_of: Home, hgx: Any) -> None:
    kept = old.records[name]
    said = hgx("show", file_of(old, home_of(old), name), "--no-figure")
    assert said.code == 0, said.err
    assert kept["experiment"] in said.out
    assert kept["status"] in said.out


# Matplotlib warns when a busy machine takes a second to place a legend.
@pytest.mark.filterwarnings("ignore:Creating legend with loc:UserWarning")
@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_old_record_is_drawn(old: OldFiles, name: str, home_of: Home, hgx: Any, tmp_path: Path) -> None:
    said = hgx("show", file_of(old, home_of(old), name), "--save", tmp_path / "figure.png")
    assert said.code == 0, said.err
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("old", "name"), RECORDS)
def test_an_old_record_is_looked_at_as_a_run(old: OldFiles, name: str, home_of: Home, tmp_path: Path) -> None:
    home, kept = home_of(old), old.records[name]
    path = file_of(old, home, name)
    if name in WITH_FILES:
        path = moved(path, old.expected["lab"], home / "lab", tmp_path / path.name)
    source = RecordSource(path)
    try:
        seen = source.snapshot()
    finally:
        source.close()
    assert seen.status.state is STATES.get(kept["status"], RunState.FINISHED)
    assert seen.description is not None
    assert [e.name for e in seen.description.electrodes] == kept["electrodes"]
    assert [e.kind for e in seen.events] == kept["events"]
    if not kept.get("iterations", {}).get("iteration"):
        assert len(seen.history) == 0
        return
    iterations = kept["iterations"]
    same(seen.history["loss"], iterations["loss"])
    same(seen.history["controls"], iterations["controls"])
    assert seen.latest is not None
    same(seen.latest.derivatives, iterations["derivative"][-1])
    same(seen.latest.derivatives_std, iterations["derivative_std"][-1])


@pytest.mark.parametrize(("old", "name"), TRAININGS)
def test_an_old_record_is_rewound(old: OldFiles, name: str, home_of: Home) -> None:
    kept = old.records[name]["iterations"]
    with open_record(file_of(old, home_of(old), name)) as record:
        past = Past(record)
        assert past.iterations.tolist() == kept["iteration"]
        for place, iteration in enumerate(kept["iteration"]):
            seen = past.at(iteration)
            assert seen.latest is not None
            assert (seen.latest.index, seen.latest.loss) == (iteration, kept["loss"][place])
            for today, column in (
                ("controls", "controls"),
                ("outputs", "outputs"),
                ("derivatives", "derivative"),
                ("derivatives_std", "derivative_std"),
                ("gradient", "gradient"),
            ):
                same(getattr(seen.latest, today), kept[column][place])
            same(seen.history["loss"], kept["loss"][: place + 1])
            assert seen.volts is not None
            assert set(kept["controls"][place]) <= set(seen.volts.tolist())


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_a_killed_old_run_that_could_be_attached_to_is_its_record(old: OldFiles, home_of: Home) -> None:
    path = file_of(old, home_of(old), "killed-live")
    assert path.with_name(path.name + ".live").exists()
    source = attach(path)
    try:
        assert isinstance(source, RecordSource)
        assert source.snapshot().status.state is RunState.LOST
    finally:
        source.close()


@pytest.mark.parametrize("name", ["killed", "killed-in-a-flush", "killed-live", "guarded-killed", "iv-killed"])
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_a_killed_old_record_is_repaired(old: OldFiles, name: str, home_of: Home, tmp_path: Path) -> None:
    path = Path(shutil.copy(file_of(old, home_of(old), name), tmp_path))
    with pytest.raises(OSError, match="already open for write"):
        h5py.File(path, "r")
    assert repair(path)
    with h5py.File(path, "r") as file:
        for table, held in old.records[name]["tables"].items():
            group: Any = file[f"tables/{table}"]
            assert {len(column) for column in group.values()} == {held["rows"]}
    with open_record(path) as record:
        assert record.status == "killed"


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_the_flush_that_was_cut_off_had_begun(old: OldFiles, home_of: Home) -> None:
    """Otherwise the record of it would be none: the file has rows that were never declared complete."""
    name = "killed-in-a-flush"
    with h5py.File(file_of(old, home_of(old), name), "r", libver="latest", swmr=True) as file:
        losses: Any = file["tables/iterations/loss"]
        assert len(losses) == old.records[name]["tables"]["iterations"]["rows"] + 1


@pytest.mark.parametrize("name", ["gate", "sphere", "abundance"])
@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_a_network_can_be_fitted_to_an_old_record(old: OldFiles, name: str, home_of: Home) -> None:
    data = data_from_record(file_of(old, home_of(old), name))
    assert list(data.names) == old.records[name]["electrodes"]
    means = {"abundance": "settings.current"}.get(name, "readings.mean")
    table, column = means.split(".")
    kept = old.records[name]["tables"][table]["columns"][column]
    assert [data.current.size, data.current.mean()] == pytest.approx(kept[:2], rel=1e-12)


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_the_figures_of_a_reproduction_read_old_records(old: OldFiles, home_of: Home) -> None:
    trace = read_gate_trace(file_of(old, home_of(old), "raw"))
    # Two passes over the same four cases, so that the mean of both is near that of the last.
    [count, mean, _] = old.records["raw"]["tables"]["validation"]["columns"]["outputs"]
    assert (count, trace.outputs.size) == (8, 4)
    assert trace.outputs.mean() == pytest.approx(mean, abs=1e-9)
    for (begin, end), output in zip(trace.windows, trace.outputs, strict=True):
        inside = (trace.time >= begin) & (trace.time < end)
        assert trace.current[inside].mean() == pytest.approx(output, abs=0.5e-9)
    for name, points in (("sphere", (8, 6)), ("ring", (8, 10))):
        shells = read_shells(file_of(old, home_of(old), name))
        same(shells.loss, old.records[name]["iterations"]["loss"])
        assert (len(shells.training.current), len(shells.test.current)) == points


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_an_overload_of_an_old_run_is_seen(old: OldFiles, home_of: Home) -> None:
    path = file_of(old, home_of(old), "clipped")
    assert old.records["clipped"]["tables"]["readings"]["columns"]["overload"][1] > 0
    with open_record(path) as record:
        snapshot = Past(record).at(old.records["clipped"]["iterations"]["iteration"][-1])
    assert snapshot.overload
    assert "overload" in old.records["clipped"]["events"]
