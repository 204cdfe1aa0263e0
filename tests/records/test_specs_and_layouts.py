from __future__ import annotations

import pytest

from hgx_lab.errors import RecordError
from hgx_lab.records import (
    Column,
    Coordinate,
    RawSpec,
    RecordWriter,
    TableSpec,
    open_record,
    training_coordinates,
    training_tables,
)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Column("two words"),
        lambda: Column("x", (2,)),
        lambda: Column("x", (0,), dims=("d",)),
        lambda: Column("x", dtype="complex128"),
        lambda: TableSpec("t", ()),
        lambda: TableSpec("t", (Column("x"), Column("x"))),
        lambda: TableSpec("t", (Column("x", (2,), dims=("d",)), Column("y", (3,), dims=("d",)))),
        lambda: TableSpec("t", (Column("x", (2,), dims=("row",)),)),
        lambda: Coordinate("x", []),
        lambda: Coordinate("x", [[1.0]]),
        lambda: RawSpec((), 1.0),
        lambda: RawSpec(("a",), 0.0),
        lambda: RawSpec(("a",), 1.0, "int16"),
        lambda: RawSpec(("a",), 1.0, "int16", scale=(0.0,)),
        lambda: RawSpec(("a",), 1.0, "int8"),
    ],
)
def test_a_contradictory_specification_is_refused(wrong):
    with pytest.raises(RecordError):
        wrong()


def test_a_name_that_occurs_twice_leaves_no_file(tmp_path):
    table = TableSpec("t", (Column("x"),))
    with pytest.raises(RecordError, match="twice"):
        RecordWriter.create(tmp_path / "x.h5", header={}, tables=[table, table])
    with pytest.raises(RecordError, match="header"):
        RecordWriter.create(tmp_path / "x.h5", header={"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_the_tables_of_a_training_run_are_labelled(tmp_path):
    electrodes, controls, cases, channels = ["e0", "e1", "e2"], ["e1", "e2"], ["00", "01"], ["out"]
    tables = training_tables(electrodes, controls, cases, channels, test_cases=5)
    coordinates = training_coordinates(electrodes, controls, cases, channels, targets=[0, 1], frequencies_hz=[1, 2])
    path = tmp_path / "x.h5"
    with RecordWriter.create(path, header={}, tables=tables, coordinates=coordinates) as writer:
        writer.append(
            "readings", start=0, periods=1, kind=0, iteration=0, case=1, mean=[1e-9], mean_std=[1e-10],
            derivative=[[1.0, 2.0]], derivative_std=[[0.1, 0.1]], quadrature=[[0.0, 0.0]], overload=[0],
        )  # fmt: skip
    with open_record(path) as record:
        assert record.tables == ("segments", "readings", "iterations", "validation")
        reading = record["readings"]
        assert float(reading["derivative"].sel(tone="e2", channel="out")[0]) == 2.0
        assert reading["derivative"].attrs["units"] == "A/V"
        assert dict(record["segments"].sizes) == {"segment": 0, "electrode": 3, "tone": 2}
        assert record["iterations"]["gradient"].dims == ("iteration", "control")
        assert record["validation"]["outputs"].shape == (0, 5)
