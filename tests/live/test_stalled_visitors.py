"""Visitors that stall, send nonsense or come in crowds: readers get in all the same, and the run ends when it ends."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hgx_lab.experiments import Interrupts
from hgx_lab.live import LiveSource, Publisher, RunState, attach
from hgx_lab.live import _acceptor as acceptor
from hgx_lab.live._door import Door
from tests.live.live_runs import wait_for
from tests.live.test_board_and_publisher import iteration
from tests.support.runs import make_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")


@pytest.fixture
def visitors() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def visit(record: Path, visitors: ExitStack) -> socket.socket:
    """Connect and say nothing."""
    door = Door.read(record)
    assert door is not None
    line = visitors.enter_context(socket.socket(socket.AF_UNIX))
    line.settimeout(20)
    line.connect(str(door.address))
    return line


def until(true: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "never"
        time.sleep(0.01)


def threads(word: str) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith(f"hgx-live-{word}")]


def assert_attached(record: Path) -> None:
    source = attach(record)  # would be read as a record, which isn't there
    assert isinstance(source, LiveSource)
    wait_for(source, lambda s: s.description is not None)
    source.close()


def published(publisher: Publisher, record: Path) -> None:
    publisher.began(record, make_run())
    publisher.state("learning")


def test_silent_visitors_keep_nobody_out(tmp_path: Path, visitors: ExitStack) -> None:
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        published(publisher, record)
        for _ in range(3):
            visit(record, visitors)
        assert_attached(record)


def test_nonsense_keeps_nobody_out(tmp_path: Path, visitors: ExitStack) -> None:
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        published(publisher, record)
        for said in (b"\0\0\0\7garbage", b"\xff" * 1000, b"\0\0", b"GET / HTTP/1.1\r\n\r\n"):
            visit(record, visitors).sendall(said)
        visit(record, visitors).close()
        assert_attached(record)
        assert threads("accept")


def test_a_crowd_is_bounded_and_keeps_nobody_out(tmp_path: Path, visitors: ExitStack) -> None:
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        published(publisher, record)
        lines = [visit(record, visitors) for _ in range(4 * acceptor._VISITORS)]
        until(lambda: len(threads("greet")) <= acceptor._VISITORS)
        # Those who came first have been cut off: after the challenge nothing more comes.
        while lines[0].recv(4096):
            pass
        assert_attached(record)


def test_a_handshake_has_its_time(tmp_path: Path, visitors: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "_HANDSHAKE_SECONDS", 0.1)
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        published(publisher, record)
        line = visit(record, visitors)
        line.sendall(b"\0")  # begins, and never goes on
        while line.recv(4096):
            pass
        until(lambda: not threads("greet"))


def test_the_end_of_a_run_waits_for_no_visitor(tmp_path: Path, visitors: ExitStack) -> None:
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        published(publisher, record)
        lines = [visit(record, visitors) for _ in range(3)]
        until(lambda: len(threads("greet")) == 3)
    assert threads("") == []  # everybody has been cut off, nobody is waited for
    for line in lines:
        while line.recv(4096):
            pass


def test_a_reader_that_was_dropped_comes_back(tmp_path: Path) -> None:
    record, interrupts = tmp_path / "r.h5", Interrupts()
    with Publisher(interrupts) as publisher:
        published(publisher, record)
        source = attach(record)
        wait_for(source, lambda s: s.status.state is RunState.LEARNING)
        until(lambda: publisher._readers)
        publisher._readers[0].drop()  # as one that was frozen while the run went on
        for i in range(5):
            publisher.iteration(iteration(i))
        wait_for(source, lambda s: s.status.iteration == 5)
        assert isinstance(source, LiveSource)
        until(lambda: source.connected)
        source.pause()
        until(lambda: interrupts.paused)
        source.close()
