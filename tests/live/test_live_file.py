"""Which file beside a record is believed: this user's own, private, of this computer. Nothing else is connected to."""

from __future__ import annotations

import json
import os
import pickle
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.errors import ExperimentError, RecordError
from hgx_lab.live import LiveFileRefused, RecordSource, RunState, attach
from hgx_lab.live._door import Door, door_path
from tests.support.runs import make_run, run_to_its_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and permissions of POSIX")

KEY = bytes(32)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "r.h5"
    with pytest.MonkeyPatch.context() as patch:
        run_to_its_end(make_run(), path, patch)
    return path


@pytest.fixture
def record(finished: Path, tmp_path: Path) -> Path:
    path = tmp_path / "r.h5"
    path.write_bytes(finished.read_bytes())
    return path


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        pytest.fail(f"connected to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


class Program:
    """A pickle that leaves a file where it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[tuple[tuple[str, int], Path]]:
    """Somebody who has the key, listens on this computer, and sends a program."""
    mark = tmp_path / "was here"
    with Listener(("127.0.0.1", 0), authkey=KEY) as listener:

        def serve() -> None:
            try:
                with listener.accept() as visitor:
                    visitor.send_bytes(pickle.dumps([Program(mark)]))
            except (OSError, EOFError):
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.address, mark  # type: ignore[misc]
        with socket.create_connection(listener.address):  # type: ignore[arg-type]
            pass
        thread.join(10)


def leave(record: Path, address: object, *, mode: int = 0o600) -> Path:
    path = door_path(record)
    path.write_text(json.dumps({"address": address, "key": KEY.hex(), "pid": os.getpid()}))
    path.chmod(mode)
    return path


def assert_refused(record: Path, why: str) -> None:
    with pytest.raises(LiveFileRefused, match=why):
        Door.read(record)
    source = attach(record)
    assert isinstance(source, RecordSource)
    snapshot = source.snapshot()
    assert snapshot.status.state is RunState.FINISHED
    assert snapshot.status.iteration == 4  # it is read all the same
    assert snapshot.events[-1].kind == "not attached"
    assert str(door_path(record)) in snapshot.events[-1].message
    with pytest.raises(ExperimentError, match="isn't used"):
        source.stop()
    source.close()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o606, 0o700, 0o400])
def test_a_file_with_other_permissions_is_refused(
    record: Path, stranger: tuple[tuple[str, int], Path], mode: int
) -> None:
    address, mark = stranger
    leave(record, address, mode=mode)
    assert_refused(record, f"permissions are {mode:04o}")
    assert not mark.exists()


@pytest.mark.usefixtures("no_connection")
def test_a_file_of_another_user_is_refused(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(record, ["127.0.0.1", 9])
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert_refused(record, "belongs to .* and not to you")


@pytest.mark.usefixtures("no_connection")
def test_links_pipes_and_folders_are_refused(record: Path, tmp_path: Path) -> None:
    elsewhere = leave(tmp_path / "other.h5", ["127.0.0.1", 9])
    path = door_path(record)
    path.symlink_to(elsewhere)
    assert_refused(record, "is a link")
    path.unlink()
    os.mkfifo(path, 0o600)  # opening one waits for a writer, for ever
    assert_refused(record, "isn't a plain file")
    path.unlink()
    path.mkdir(0o700)
    assert_refused(record, "isn't a plain file|can't be read")


@pytest.mark.usefixtures("no_connection")
def test_a_file_that_no_run_writes_is_refused_or_nothing(record: Path) -> None:
    path = leave(record, ["127.0.0.1", 9])
    path.write_text(" " * 5000)
    assert_refused(record, "5000 bytes")
    for text in ("", "[]", "{", "null", '{"address": 7, "key": "00", "pid": 1}', '{"address": "/x", "key": "zz"}'):
        path.write_text(text)
        assert Door.read(record) is None
        source = attach(record)
        assert isinstance(source, RecordSource)
        assert source.refused is None
        source.close()


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize(
    "address",
    [
        ["198.51.100.7", 4000],
        ["lab.example.org", 4000],
        ["localhost", 4000],  # whatever the name leads to
        ["0.0.0.0", 4000],
        ["::ffff:198.51.100.7", 4000],
        ["127.0.0.1", 0],
        ["127.0.0.1", 70000],
        "\\\\lab.example.org\\pipe\\run",
        "\0abstract",
        "relative/socket",
        "/tmp/\0",
        "",
    ],
)
def test_an_address_elsewhere_is_refused(record: Path, address: object) -> None:
    leave(record, address)
    assert_refused(record, "isn't this computer|isn't a socket of this computer")


@pytest.mark.usefixtures("no_connection")
def test_a_socket_that_is_none_or_of_another_user_is_refused(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(record, str(record))
    assert_refused(record, "isn't a socket of yours")
    place = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(place))
        leave(record, str(place))
        assert Door.read(record) is not None
        whole, user = os.lstat, os.geteuid()

        def of_another(path: str) -> os.stat_result:
            found = whole(path)
            return found if path != str(place) else os.stat_result((*found[:4], user + 1, *found[5:]))

        monkeypatch.setattr(os, "lstat", of_another)
        assert_refused(record, "isn't a socket of yours")


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system doesn't say who is at the other end")
def test_another_user_at_the_other_end_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "socket")
    with Listener(place) as listener:
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        with pytest.raises(ConnectionRefusedError, match="at the other end"):
            Door(place, KEY, 1).open()
        with listener.accept() as visitor, pytest.raises(EOFError):
            visitor.recv_bytes()


def test_whoever_accepts_and_says_nothing_or_nonsense_is_given_up(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hgx_lab.live._door._PATIENCE_SECONDS", 0.2)
    place = str(tmp_path / "socket")
    leave(record, place)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(8)
        for nonsense in (b"", b"\0\0\0\7garbage", b"\xff" * 40, b"\0\0"):

            def serve(said: bytes = nonsense) -> None:
                visitor, _ = listener.accept()
                with visitor:
                    visitor.sendall(said)
                    with suppress(ConnectionResetError):
                        while visitor.recv(100):  # until the reader has given up
                            pass

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            source = attach(record)
            assert isinstance(source, RecordSource)
            source.close()
            thread.join(20)
            assert not thread.is_alive()


def test_the_file_is_private_and_whole_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, door = tmp_path / "r.h5", Door(str(tmp_path / "socket"), KEY, 12)
    path, replace, seen = door_path(record), Path.replace, []

    def watched(self: Path, target: Path) -> Path:
        seen.append((stat.S_IMODE(self.stat().st_mode), json.loads(self.read_text())["pid"], path.exists()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    before = os.umask(0)
    try:
        door.write(record)
        Door(door.address, KEY, 13).write(record)
    finally:
        os.umask(before)
    # What has the name is whole, and stays until the new one takes its place.
    assert seen == [(0o600, 12, False), (0o600, 13, True)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Door.read(record) == Door(door.address, KEY, 13)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    record, victim = tmp_path / "r.h5", tmp_path / "victim"
    victim.write_text("mine")
    door_path(record).symlink_to(victim)
    Door("/run/x", KEY, 12).write(record)
    assert victim.read_text() == "mine"
    assert not door_path(record).is_symlink()


def test_a_disk_without_permissions_gets_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.fstat

    def open_to_all(handle: int) -> os.stat_result:
        found = whole(handle)
        return os.stat_result((found.st_mode | 0o077, *found[1:]))

    monkeypatch.setattr(os, "fstat", open_to_all)
    with pytest.raises(RecordError, match="open to others"):
        Door("/run/x", KEY, 12).write(tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []
