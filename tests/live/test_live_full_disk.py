"""A disk that is full ends the run as a fault with its remedy, and the record stays whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hgx_lab.errors import RecordError
from hgx_lab.experiments import Interrupts
from hgx_lab.live import Publisher, RunState, Several, attach
from tests.live.live_runs import wait_for
from tests.support.runs import Heard, make_run, run_to_its_end


def test_a_full_disk_is_shown_as_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupts, sources = Interrupts(), []
    path = tmp_path / "r.h5"

    def iteration(it: Any) -> None:
        if it.index == 0:
            sources.append(attach(path))
        if it.index == 1:
            monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, free=12_300))

    with Publisher(interrupts) as publisher:
        audience = Several(publisher, Heard({"iteration": iteration}))
        ended = run_to_its_end(make_run(), path, monkeypatch, audience=audience, interrupts=interrupts)
    assert isinstance(ended.error, RecordError)
    ended.assert_safe()
    [source] = sources
    wait_for(source, lambda s: s.status.state is RunState.FAULT)
    assert "nearly full" in source.snapshot().status.detail
    source.close()
    with ended.record() as record:
        assert record.status == "failed"
        assert record.rows("iterations") >= 2
