"""Whoever watches a run can't end it, nor change it: failures are noted, and nothing else is different."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.acquisition import Event, EventKind
from hgx_lab.config import parse_run_file
from hgx_lab.experiments import SilentAudience, Source, perform, train
from hgx_lab.live import Several
from hgx_lab.records import Record, open_record
from tests.support.runs import TEXT, Ended, Heard, make_run, run_to_its_end, spy_on

MEASURED = {"calibration": {"kind": "measure", "duration": "0.3 s"}}
METHODS = (
    "began", "note", "calibrated", "event", "progress", "iteration", "validation", "state", "placed", "block", "ended",
)  # fmt: skip
IV = TEXT.split("task:", 1)[0].replace("experiment: train", "experiment: iv") + (
    "sweep: {electrode: a, span: [-0.5 V, 0.5 V], steps: 5}\n"
)


class DisplayError(Exception):
    """What a display may raise."""


class Failing(SilentAudience):
    """Raises in some of its methods, always, and counts how often."""

    def __init__(self, *methods: str, error: type[BaseException] = DisplayError) -> None:
        self.calls = dict.fromkeys(methods, 0)

        def failing(name: str) -> Callable[..., None]:
            def fail(*_: Any) -> None:
                self.calls[name] += 1
                raise error(f"{name} {self.calls[name]}")

            return fail

        for name in methods:
            setattr(self, name, failing(name))


def same(a: Record, b: Record) -> None:
    """To the last bit the same measurement."""
    for table in a.tables:
        for column in a.columns(table):
            np.testing.assert_array_equal(a.column(table, column), b.column(table, column), err_msg=column)
    kept = [[(e.kind, e.sample, e.message) for e in record.events if e.kind != "observer"] for record in (a, b)]
    assert kept[0] == kept[1]
    assert (a.status, a.reason) == (b.status, b.reason)


def noted(ended: Ended) -> list[str]:
    with ended.record() as record:
        return [e.message for e in record.events if e.kind == "observer"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "r.h5"
    train(make_run(MEASURED), record=path)
    return path


@pytest.mark.parametrize("methods", [*((m,) for m in METHODS), METHODS], ids=lambda m: m[0] if len(m) == 1 else "all")
def test_an_exception_in_an_observer_changes_nothing(
    methods: tuple[str, ...],
    plain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    audience = Failing(*methods)
    ended = run_to_its_end(make_run(MEASURED), tmp_path / "r.h5", monkeypatch, audience=audience)
    assert ended.error is None
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record, open_record(plain) as undisturbed:
        same(undisturbed, record)
    # It was called again and again, and noted once for each method; how the run ended is told behind the record.
    called = [m for m in methods if audience.calls[m]]
    assert set(methods) - set(called) <= {"note", "progress"}
    assert audience.calls.get("iteration", 4) == 4
    assert audience.calls.get("block", 99) > 10
    messages = noted(ended)
    assert sorted(messages) == sorted(
        f"{m}() of an observer raised DisplayError: {m} 1. The run goes on." for m in called if m != "ended"
    )
    printed = capsys.readouterr().err.splitlines()
    assert sorted(printed) == sorted(
        f"{m}() of an observer raised DisplayError: {m} 1. The run goes on." for m in called
    )


def test_the_record_says_where_an_observer_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=Failing("iteration"))
    with ended.record() as record:
        [event] = [e for e in record.events if e.kind == "observer"]
    assert "test_observers.py" in event.data["traceback"]


def test_an_exception_in_an_observer_of_a_measurement_changes_nothing(tmp_path: Path) -> None:
    run = parse_run_file(IV)
    perform(run, record=tmp_path / "plain.h5", source=Source(text=IV))
    audience = Failing(*METHODS)
    perform(run, record=tmp_path / "r.h5", source=Source(text=IV), audience=audience)
    assert audience.calls["progress"] >= 1
    with open_record(tmp_path / "plain.h5") as a, open_record(tmp_path / "r.h5") as b:
        same(a, b)
        assert b.status == "completed"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_ends_the_run_at_rest(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience, run, path = Failing("iteration", error=error), make_run(), tmp_path / "r.h5"
    cards = spy_on(monkeypatch)
    with pytest.raises(error):
        train(run, record=path, audience=audience)
    ended = Ended(run, path, cards, None, None)
    ended.assert_safe()
    ended.assert_at_rest()
    assert audience.calls["iteration"] == 1


def test_an_observer_cannot_change_the_samples(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Meddler(SilentAudience):
        def block(self, start: int, current: Any) -> None:
            current *= 1e6

    ended = run_to_its_end(make_run(MEASURED), tmp_path / "r.h5", monkeypatch, audience=Meddler())
    assert ended.error is None
    with ended.record() as record, open_record(plain) as undisturbed:
        same(undisturbed, record)
    [message] = noted(ended)
    assert message.startswith("block() of an observer raised ValueError")


def test_a_warning_that_no_observer_could_show_is_in_the_record_and_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run({"bench.faults": [{"kind": "disconnect", "at": "0.2 s"}], "stop.iterations": 20})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch, audience=Failing("event"))
    assert ended.error is not None
    with ended.record() as record:
        [warning] = [e.message for e in record.events if e.kind == "not-at-rest"]
    assert "Disconnect the device" in warning
    assert warning in capsys.readouterr().err


def test_an_error_that_cannot_even_say_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    ended = run_to_its_end(
        make_run(), tmp_path / "r.h5", monkeypatch, audience=Failing("event", "iteration", error=MuteError)
    )
    assert ended.error is None
    ended.assert_at_rest()


@pytest.mark.parametrize("dead", [None, "closed", "fails"])
def test_a_standard_error_that_is_dead_ends_nothing_either(
    dead: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fails:
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    closed = (tmp_path / "err").open("w")
    closed.close()
    monkeypatch.setattr("sys.stderr", {None: None, "closed": closed, "fails": Fails()}[dead])
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=Failing("event", "iteration"))
    assert ended.error is None
    ended.assert_at_rest()
    assert len(noted(ended)) == 2


def test_a_record_that_cannot_take_a_warning_does_not_keep_it_from_the_observers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hgx_lab.experiments._recorder import Recorder

    genuine = Recorder.message

    def full(self: Recorder, message: Any) -> None:
        if isinstance(message, Event) and message.kind is EventKind.NOT_AT_REST:
            raise OSError(28, "No space left on device")
        genuine(self, message)

    monkeypatch.setattr(Recorder, "message", full)
    run = make_run({"bench.faults": [{"kind": "disconnect", "at": "0.2 s"}], "stop.iterations": 20})
    heard = Heard()
    run_to_its_end(run, tmp_path / "r.h5", monkeypatch, audience=heard)
    assert EventKind.NOT_AT_REST in [e.kind for e in heard.of("event")]


def test_of_several_observers_the_others_know_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, one, two = Heard(), Heard(), Heard()
    run_to_its_end(make_run(MEASURED), tmp_path / "alone.h5", monkeypatch, audience=alone)

    class OtherError(Exception):
        pass

    several = Several(one, Failing(*METHODS), Failing("iteration", error=OtherError), two)
    ended = run_to_its_end(make_run(MEASURED), tmp_path / "r.h5", monkeypatch, audience=several)
    assert ended.error is None
    kinds = [[kind for kind, _ in heard.calls] for heard in (alone, one, two)]
    assert kinds[0] == kinds[1] == kinds[2]
    assert {"iteration() of an observer raised OtherError: iteration 1. The run goes on."} < set(noted(ended))


def test_a_publisher_whose_thread_fails_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hgx_lab.experiments import Interrupts
    from hgx_lab.live import Publisher
    from hgx_lab.live._board import Board

    def fail(self: Board, word: Any) -> None:
        raise DisplayError(type(word).__name__)

    interrupts = Interrupts()
    with Publisher(interrupts) as publisher:
        monkeypatch.setattr(Board, "take", fail)
        # So long that the other thread has come to it before the run is over.
        ended = run_to_its_end(
            make_run({"stop.iterations": 40}), tmp_path / "r.h5", monkeypatch, audience=publisher, interrupts=interrupts
        )
        monkeypatch.undo()
    assert ended.error is None
    ended.assert_at_rest()
    assert any("DisplayError" in message for message in noted(ended))
