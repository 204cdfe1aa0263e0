"""--outputs-at and the question for it: stated for one start, and asked for where somebody can answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.records import open_record
from tests.cli.conftest import ROOT
from tests.support.chassis import RUN, STATED, Chassis

pytest.importorskip("nidaqmx")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chassis]:
    from tests.doors.ni_library import installed

    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(RUN % "", encoding="utf-8")
    found = Chassis()
    with installed(found.rig):
        yield found


@pytest.mark.parametrize("command", [["run"], ["calibrate", "--duration", "0.5 s", "-o", "c.json"]])
def test_a_start_that_is_told_nothing_moves_nothing(
    bench: Chassis, hgx: Callable[..., Any], command: list[str]
) -> None:
    said = hgx(command[0], "run.yaml", *command[1:])
    assert said.code == 4
    assert not bench.seen.moved
    assert "outputs_known_at_volts, 0 V, held when it was written" in said.err
    assert "Disconnect the device" in said.err
    assert "--outputs-at 0V" in said.err


def test_a_run_begins_where_it_is_told(bench: Chassis, hgx: Callable[..., Any]) -> None:
    said = hgx("run", "run.yaml", "--outputs-at", STATED)
    assert said.code == 0, said.err
    assert "Outputs as stated for this start: a 800 mV, b -400 mV" in said.err
    bench.assert_no_jump()
    # The next one needs no word, and names where it has its own from.
    said = hgx("run", "run.yaml")
    assert said.code == 0, said.err
    assert "as the last run of this card left them at rest" in said.err
    assert "_chassis.h5" in said.err
    bench.assert_no_jump()


def test_a_calibration_begins_where_it_is_told(bench: Chassis, hgx: Callable[..., Any]) -> None:
    said = hgx("calibrate", "run.yaml", "--duration", "0.5 s", "-o", "c.json", "--outputs-at", STATED)
    assert said.code == 0, said.err
    assert "Outputs as stated for this start" in said.err
    bench.assert_no_jump()


@pytest.mark.parametrize("text", ["1 A", "c=0V", "0,0"])
def test_a_word_that_cant_be_read_is_bad_input(bench: Chassis, hgx: Callable[..., Any], text: str) -> None:
    for command in (["run"], ["calibrate"], ["doctor"]):
        said = hgx(*command, "run.yaml", "--outputs-at", text)
        assert said.code == 2
        assert "--outputs-at" in said.err or "no electrode" in said.err
    assert not bench.rig.counts["write_analog"]


class Terminal:
    """Answers at a terminal; an answer may be something to raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> None:
        self.answers = answers
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("hgx_lab.cli._outputs.sys", self)
        monkeypatch.setattr("builtins.input", self._input)
        self.stdin = self.stderr = self

    def isatty(self) -> bool:
        return True

    def _input(self) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer


def test_the_answer_counts_like_the_option(
    bench: Chassis, hgx: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(monkeypatch, ["zero", "c=1V", STATED])
    said = hgx("run", "run.yaml")
    assert said.code == 0, said.err
    assert not terminal.answers
    assert "Where do the outputs stand now" in said.err
    bench.assert_no_jump()
    # With a record at rest there is nothing to ask.
    assert hgx("run", "run.yaml").code == 0


@pytest.mark.parametrize(("answer", "code"), [("", 4), (EOFError(), 4), (KeyboardInterrupt(), 130)])
def test_no_answer_moves_nothing(
    bench: Chassis, hgx: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, answer: Any, code: int
) -> None:
    Terminal(monkeypatch, [answer])
    assert hgx("run", "run.yaml").code == code
    assert not bench.seen.moved


@pytest.mark.parametrize("more", [["--json"], ["--quiet"]])
def test_programs_arent_asked(
    bench: Chassis, hgx: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    Terminal(monkeypatch, [])
    assert hgx("run", "run.yaml", *more).code == 4
    assert not bench.seen.moved


@pytest.mark.slow
def test_at_a_real_terminal(tmp_path: Path) -> None:
    """The card is behind a server in this process; the command has a terminal of its own."""
    pytest.importorskip("grpc")
    pty = pytest.importorskip("pty")
    import subprocess

    from tests.doors.ni_grpc import serving

    found = Chassis()
    with serving(found.rig) as server:
        run = tmp_path / "run.yaml"
        run.write_text(RUN % f", remote: '{server.remote}'", encoding="utf-8")
        ours, its = pty.openpty()
        path = os.pathsep.join([str(ROOT), str(ROOT / "drivers"), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            [sys.executable, "-m", "hgx_lab.cli", "run", str(run), "-o", str(tmp_path / "r.h5")],
            stdin=its,
            stdout=its,
            stderr=its,
            env=os.environ | {"PYTHONPATH": path, "COLUMNS": "300", "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(its)
        said = b""
        answered = False
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
            if not answered and b"Where do the outputs stand now" in said:
                os.write(ours, STATED.encode() + b"\n")
                answered = True
        os.close(ours)
        assert process.wait(60) == 0, said.decode()
    assert answered
    found.assert_no_jump()
    with open_record(tmp_path / "r.h5") as record:
        assert [e.data["origin"] for e in record.events if e.kind == "outputs"] == ["stated"]
