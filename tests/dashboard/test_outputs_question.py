"""A window that starts a run on a card that can't measure its outputs asks where they stand, or shows the refusal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK
from hgx_lab.live import RunProcess, RunState
from tests.support.chassis import RUN, STATED, Chassis

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")


class Asked:
    """Stands in for the dialog: gives the answers, and keeps what was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[str | None] = []
        self.words: list[str] = []
        monkeypatch.setattr(QtWidgets.QInputDialog, "getText", self._get_text)

    def _get_text(self, parent: Any, title: str, words: str) -> tuple[str, bool]:
        self.words.append(words)
        answer = self.answers.pop(0)
        return ("", False) if answer is None else (answer, True)


@pytest.fixture
def chassis() -> Iterator[tuple[Chassis, str]]:
    """Behind a server, which a run in a process of its own reaches."""
    from tests.doors.ni_grpc import serving

    found = Chassis()
    with serving(found.rig) as server:
        yield found, RUN % f", remote: '{server.remote}'"


@pytest.fixture
def desk(qtbot: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk(DARK, settings, tmp_path / "runs")
    monkeypatch.setattr(made, "ask_before_closing", lambda: "stop")
    qtbot.addWidget(made)
    made.show()
    yield made
    if isinstance(made.source, RunProcess):
        made.source.process.wait(timeout=60)
    made.close()


def run_to_its_end(desk: Desk, qtbot: Any, text: str) -> None:
    desk.start_run(text, Path.cwd())
    source = desk.source
    assert isinstance(source, RunProcess)

    def over() -> bool:
        desk.draw()
        return not source.running and not desk.snapshot.status.state.alive

    qtbot.waitUntil(over, timeout=60_000)


def test_what_is_answered_is_where_the_run_starts(
    desk: Desk, qtbot: Any, chassis: tuple[Chassis, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, text = chassis
    asked = Asked(monkeypatch)
    asked.answers = [STATED]
    run_to_its_end(desk, qtbot, text)
    assert desk.snapshot.status.state is RunState.FINISHED, desk.snapshot.status
    bench.assert_no_jump()
    assert "a=0.8V,b=0V" in asked.words[0]


def test_no_answer_starts_nothing(desk: Desk, chassis: tuple[Chassis, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    asked.answers = [None, "half a volt"]
    complaints: list[Any] = []
    monkeypatch.setattr(desk, "complain", complaints.append)
    for _ in range(2):
        desk.start_run(chassis[1], Path.cwd())
        assert not isinstance(desk.source, RunProcess)
    (complaint,) = complaints
    assert "half a volt" in complaint.message
    assert not Path("runs").exists()
    assert not chassis[0].seen.moved


def test_without_the_old_key_the_refusal_is_shown_and_the_next_start_asks(
    desk: Desk, qtbot: Any, chassis: tuple[Chassis, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, text = chassis
    text = text.replace("outputs_known_at_volts: 0 V, ", "")
    asked = Asked(monkeypatch)
    run_to_its_end(desk, qtbot, text)
    assert not asked.words
    assert desk.snapshot.status.state is RunState.FAULT
    for part in ("can't measure its outputs a, b", "Disconnect the device", "--outputs-at"):
        assert part in desk.snapshot.status.detail
    assert not bench.seen.moved
    asked.answers = [STATED]
    run_to_its_end(desk, qtbot, text)
    assert desk.snapshot.status.state is RunState.FINISHED, desk.snapshot.status
    bench.assert_no_jump()
    # A run that the record before it vouched for isn't asked about again, whatever its log says.
    run_to_its_end(desk, qtbot, text)
    assert desk.snapshot.status.state is RunState.FINISHED, desk.snapshot.status
    run_to_its_end(desk, qtbot, text)
    assert len(asked.words) == 1


def test_a_branch_asks_too(desk: Desk, xor_record: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "xor.h5"
    shutil.copy(xor_record, copy)
    stated: list[Any] = []

    class Started:
        def __init__(self, *_: Any, outputs_at: str, **__: Any) -> None:
            stated.append(outputs_at)
            raise OSError

    monkeypatch.setattr("hgx_lab.dashboard._window.RunProcess", Started)
    monkeypatch.setattr("hgx_lab.dashboard._window.ask_for_outputs", lambda *_: "0.3 V")
    with pytest.raises(OSError):
        desk.branch(copy, 2)
    assert stated == ["0.3 V"]
    monkeypatch.setattr("hgx_lab.dashboard._window.ask_for_outputs", lambda *_: None)
    desk.branch(copy, 2)
    assert len(stated) == 1
