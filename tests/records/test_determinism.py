from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.records import Coordinate, digest, open_record, provenance


def write(make, path, *, flush_every: int, last: float = 0.25, **options):
    with make(path, provenance=provenance(), **options) as writer:
        for i in range(40):
            writer.append("steps", step=i, current=np.full((2, 3), i / 7), flag=[0, 1])
            writer.event("tick", i, value=i / 3)
            writer.append_raw(100 * i, np.full((2, 80), i / 9))
            writer.checkpoint(i, {"x": np.full(3, last if i == 39 else i)})
            if i % flush_every == 0:
                writer.flush()
    return path


def test_the_same_run_has_the_same_digest(make, tmp_path):
    one = write(make, tmp_path / "one.h5", flush_every=1)
    two = write(make, tmp_path / "two.h5", flush_every=7)
    assert digest(one) == digest(two)
    with open_record(one) as first, open_record(two) as second:
        assert first.run_id != second.run_id
        assert first["steps"].drop_attrs().identical(second["steps"].drop_attrs())
        assert first.raw().identical(second.raw())


@pytest.mark.parametrize(
    "difference",
    [
        {"last": 0.25000000000000006},
        {"header": {"experiment": "other"}},
        {"run_file_text": "b: 1"},
        {"coordinates": [Coordinate("case", ["a", "b"])]},
    ],
)
def test_any_difference_changes_the_digest(make, tmp_path, difference):
    one = write(make, tmp_path / "one.h5", flush_every=1)
    two = write(make, tmp_path / "two.h5", flush_every=1, **difference)
    assert digest(one) != digest(two)


def test_outside_provenance_the_files_are_the_same_bytes(make, tmp_path, monkeypatch):
    # With the clocks stopped nothing at all may differ.
    import time

    monkeypatch.setattr(time, "time", lambda: 1.0)
    origin = provenance(run_id="x") | {"started": ""}
    files = []
    for name in ("one.h5", "two.h5"):
        with make(tmp_path / name, provenance=origin) as writer:
            for i in range(30):
                writer.append("steps", step=i, current=np.full((2, 3), i / 7), flag=[0, 1])
                writer.event("tick", i)
                writer.flush()
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
