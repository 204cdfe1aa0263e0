from __future__ import annotations

import json
import threading
from datetime import datetime

import h5py
import numpy as np
import pytest
import xarray as xr

import hgx_lab
from hgx_lab.errors import RecordError
from hgx_lab.records import RawSpec, new_record_path, open_record


def test_what_is_written_comes_back_labelled(make, path, row):
    rows = [row(i) for i in range(7)]
    with make() as writer:
        for i, values in enumerate(rows):
            writer.append("steps", **values)
            if i % 3 == 0:
                writer.flush()
    with hgx_lab.open_record(path) as record:
        table = record["steps"]
        assert isinstance(table, xr.Dataset)
        assert table["current"].dims == ("step", "case", "control")
        assert table["current"].attrs == {"units": "A", "description": "What was read."}
        assert list(table["case"].values) == ["low", "high µ"]
        assert table["control_maximum"].attrs["units"] == "V"
        np.testing.assert_array_equal(table["current"], [r["current"] for r in rows])
        assert float(table["current"].sel(step=4, case="high µ", control="c2")) == rows[4]["current"][1, 1]
        assert table["flag"].dtype == np.uint8
        assert record.header == {"experiment": "test", "run_file": {"a": {"b": [1, 2]}}}
        assert record.run_file == {"a": {"b": [1, 2]}}
        assert record.run_file_text == "a: {b: [1, 2]}  # ü\n"
        assert (record.status, record.reason, record.run_id) == ("completed", "", "0")
        np.testing.assert_array_equal(record.column("steps", "step", slice(-3, None)), [4, 5, 6])


def test_after_close_it_is_an_ordinary_hdf5_file(make, path, row):
    with make() as writer:
        writer.append("steps", **row(3))
    with h5py.File(path, "r") as file:
        assert file["tables/steps/step"][()].tolist() == [3]
        assert json.loads(file["header"][()].decode())["experiment"] == "test"


def test_an_empty_record_reads_as_empty_tables(make, path):
    make().close("stopped", "Nothing to do.")
    with open_record(path) as record:
        assert record["steps"]["current"].shape == (0, 2, 3)
        assert record.raw().shape == (2, 0)
        assert (record.status, record.reason) == ("stopped", "Nothing to do.")
        assert record.checkpoints == 0
        with pytest.raises(RecordError, match="has 0"):
            record.checkpoint()


def test_nan_is_data_and_infinity_an_error(make, path, row):
    with make() as writer:
        writer.append("steps", **row(0) | {"current": np.full((2, 3), np.nan)})
        with pytest.raises(RecordError, match="can't hold -inf"):
            writer.append("steps", **row(0) | {"current": np.full((2, 3), -np.inf)})
    with open_record(path) as record:
        assert np.isnan(record["steps"]["current"]).all() and record.rows("steps") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"current": np.zeros((3, 2))}, r"shape \(2, 3\), not \(3, 2\)"),
        ({"step": 1.5}, "can't hold 1.5"),
        ({"step": 2**31}, "can't hold 2147483648"),
        ({"flag": [-1, 0]}, "can't hold -1"),
        ({"flag": ["a", "b"]}, "takes numbers"),
        ({"flag": [float("nan"), 0]}, "can't hold nan"),
        ({"extra": 1}, "unknown \\['extra'\\]"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_kept(make, path, row, change, message):
    with make() as writer:
        with pytest.raises(RecordError, match=message):
            writer.append("steps", **row(0) | change)
        with pytest.raises(RecordError, match="lacks"):
            writer.append("steps", step=1)
        with pytest.raises(RecordError, match="no table 'stepz'"):
            writer.append("stepz", step=1)
    with open_record(path) as record:
        assert record.rows("steps") == 0


def test_the_caller_may_reuse_its_arrays(make, path, row):
    values, block = row(0), np.ones((2, 5))
    with make() as writer:
        writer.append("steps", **values)
        writer.append_raw(0, block)
        values["current"][:] = 7.0
        block[:] = 7.0
    with open_record(path) as record:
        assert not (record["steps"]["current"] == 7.0).any()
        assert (record.raw() == 1.0).all()


def test_events_keep_their_data_and_odd_characters(make, path):
    message = 'line\nbreak \u2028 and \x85, "quoted", µ, 電'
    with make() as writer:
        writer.event("overload", 12345678901, message, channel="x", volts=1.25)
        writer.event("note")
    with open_record(path) as record:
        first, second, end = record.events
        assert (first.kind, first.sample, first.message) == ("overload", 12345678901, message)
        assert first.data == {"channel": "x", "volts": 1.25}
        assert second.sample is None and end.kind == "end"
        assert abs(first.time - datetime.now().timestamp()) < 60


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 0.0), ("float32", 1e-7), ("int16", 0.5 * 3.0e-4)])
def test_raw_blocks_with_a_gap(make, path, rng, dtype, tolerance):
    scale = (1e-4, 3e-4) if dtype == "int16" else ()
    blocks = {100: rng.uniform(-1, 1, (2, 50)), 150: rng.uniform(-1, 1, (2, 30)), 500: rng.uniform(-1, 1, (2, 20))}
    with make(raw=RawSpec(("x", "y"), 1000.0, dtype, "V", scale)) as writer:
        for start, block in blocks.items():
            writer.append_raw(start, block)
            writer.flush()
        with pytest.raises(RecordError, match="goes back: sample 519 after 519"):
            writer.append_raw(519, np.zeros((2, 1)))
    truth = np.concatenate(list(blocks.values()), axis=1)
    index = np.r_[100:180, 500:520]
    with open_record(path) as record:
        for start, stop in [(None, None), (0, 10**9), (120, 510), (170, 500), (180, 500), (505, 506)]:
            raw = record.raw(start, stop)
            keep = (index >= (start or 0)) & (index < (stop or 10**9))
            np.testing.assert_array_equal(raw["sample"], index[keep])
            np.testing.assert_allclose(raw.values, truth[:, keep], rtol=0, atol=tolerance + 1e-16)
        np.testing.assert_allclose(raw["time"], 0.505)
        assert list(raw["channel"].values) == ["x", "y"] and raw.attrs["units"] == "V"


def test_raw_input_that_does_not_fit(make, path):
    writer = make(raw=RawSpec(("x", "y"), 1000.0, "int16", "V", (1e-4, 1e-4)))
    with pytest.raises(RecordError, match="40000 counts"):
        writer.append_raw(0, np.full((2, 3), 4.0))
    with pytest.raises(RecordError, match="finite"):
        writer.append_raw(0, np.full((2, 3), np.nan))
    with pytest.raises(RecordError, match=r"\(2, n\), not \(3, 3\)"):
        writer.append_raw(0, np.zeros((3, 3)))
    without = make(path.with_name("other.h5"), raw=None)
    with pytest.raises(RecordError, match="keeps no raw"):
        without.append_raw(0, np.zeros((2, 3)))


def test_an_existing_file_is_never_overwritten(make, path, tmp_path):
    make().close()
    before = path.read_bytes()
    with pytest.raises(RecordError, match="never overwritten"):
        make()
    assert path.read_bytes() == before
    now = datetime(2026, 11, 23, 17, 5, 12)
    names = []
    for _ in range(3):
        new = new_record_path(tmp_path, "XOR, run: 1", now)
        make(new).close()
        names.append(new.name)
    stem = "2026-11-23T17-05-12_XOR-run-1"
    assert names == [f"{stem}.h5", f"{stem}_2.h5", f"{stem}_3.h5"]


def test_how_the_with_block_ends_is_recorded(make, path, tmp_path):
    with pytest.raises(ZeroDivisionError), make() as writer:
        _ = 1 / 0
    with pytest.raises(RecordError, match="was closed"):
        writer.append("steps", step=1, current=np.zeros((2, 3)), flag=[0, 0])
    with pytest.raises(RecordError, match="was closed"):
        writer.flush()
    writer.close("completed", "too late")
    with open_record(path) as record:
        assert (record.status, record.reason) == ("failed", "ZeroDivisionError: division by zero")
    other = tmp_path / "other.h5"
    with pytest.raises(KeyboardInterrupt), make(other):
        raise KeyboardInterrupt
    with open_record(other) as record:
        assert record.status == "interrupted"
    with pytest.raises(RecordError, match="can't end as 'done'"):
        writer.close("done")


def test_appending_from_several_threads(make, path):
    writer = make(pending_bytes=20_000)
    count, threads = 300, 4

    def append(who: int) -> None:
        for i in range(count):
            writer.append("steps", step=i, current=np.full((2, 3), who), flag=[who, who])
            writer.event("tick", i, who=who)
            writer.checkpoint(i, {"who": who})
            if who == 0:
                writer.append_raw(10 * i, np.full((2, 10), float(i)))

    workers = [threading.Thread(target=append, args=(who,)) for who in range(threads)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        writer.flush()
    for worker in workers:
        worker.join()
    writer.close()
    with open_record(path) as record:
        table = record["steps"]
        for who in range(threads):
            mine = table["flag"].values[:, 0] == who
            np.testing.assert_array_equal(table["step"].values[mine], np.arange(count))
            assert (table["current"].values[mine] == who).all()
            assert [e.sample for e in record.events if e.data.get("who") == who] == list(range(count))
        assert record.checkpoints == threads * count
        np.testing.assert_array_equal(record.raw().values[1], np.repeat(np.arange(count), 10))


def test_an_interrupted_flush_is_repeated(make, path, row, monkeypatch):
    writer = make()
    writer.append("steps", **row(0))
    writer.event("first")
    real = h5py.File.flush

    def interrupted(self) -> None:
        real(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(h5py.File, "flush", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.flush()
    writer.append("steps", **row(1))
    writer.append_raw(0, np.zeros((2, 4)))
    writer.close()
    with open_record(path) as record:
        assert record["steps"]["step"].values.tolist() == [0, 1]
        assert [e.kind for e in record.events] == ["first", "end"]
        assert record.raw().shape == (2, 4)
