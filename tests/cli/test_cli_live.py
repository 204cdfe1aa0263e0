"""``hgx run --live`` and ``hgx dashboard``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hgx_lab.cli import _dashboard
from hgx_lab.live._door import door_path
from hgx_lab.records import open_record
from tests.support.runs import TEXT

Hgx = Callable[..., Any]


def test_a_published_run_is_the_same_run(hgx: Hgx, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(TEXT, encoding="utf-8")
    plain, live = tmp_path / "plain.h5", tmp_path / "live.h5"
    assert hgx("run", str(file), "--quiet", "--output", str(plain)).code == 0
    assert hgx("run", str(file), "--quiet", "--live", "--output", str(live)).code == 0
    assert not door_path(live).exists()
    with open_record(plain) as a, open_record(live) as b:
        for table in a.tables:
            for column in a.columns(table):
                assert a.column(table, column).tobytes() == b.column(table, column).tobytes()
    branch = tmp_path / "branch.h5"
    assert hgx("resume", str(live), "--iteration", "1", "--quiet", "--live", "--output", str(branch)).code == 0
    with open_record(branch) as record:
        assert record.column("iterations", "iteration").tolist() == [2, 3]


@pytest.mark.parametrize("arguments", [["dashboard"], ["run", "run.yaml", "--dashboard", "--output", "r.h5"]])
def test_without_qt_there_is_one_sentence_with_the_remedy(
    arguments: list[str], hgx: Hgx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(_dashboard, "find_spec", lambda _: None)
    said = hgx(*arguments)
    assert said.code == 2
    assert "pip install 'hgx-lab[dashboard]'" in said.err
    assert "Traceback" not in said.err
    assert not Path("r.h5").exists()


def test_a_run_opens_the_dashboard_on_its_record(hgx: Hgx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, record = tmp_path / "run.yaml", tmp_path / "r.h5"
    file.write_text(TEXT, encoding="utf-8")
    started: list[list[str]] = []

    def popen(command: list[str], **_: Any) -> None:
        # It can attach at this moment.
        assert door_path(record).exists()
        assert record.exists()
        started.append(command)

    monkeypatch.setattr(_dashboard, "require_qt", lambda: None)
    monkeypatch.setattr(_dashboard, "subprocess", SimpleNamespace(Popen=popen, DEVNULL=-3))
    assert hgx("run", str(file), "--quiet", "--dashboard", "--output", str(record)).code == 0
    assert [c[-2:] for c in started] == [["dashboard", str(record)]]
