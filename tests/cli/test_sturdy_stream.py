"""Writing to a standard stream, whatever has become of it."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.cli._characters import only_own_sequences, presentable
from hgx_lab.cli._sturdy_stream import SturdyStream

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors as POSIX has them")


def stream_to(descriptor: int, encoding: str = "utf-8") -> SturdyStream:
    file = os.fdopen(descriptor, "w", encoding=encoding, newline="\n")
    return SturdyStream(file, "standard output")


def broken() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def hung_up() -> int:
    """A terminal whose window has been closed: EIO."""
    import pty

    ours, theirs = pty.openpty()
    os.close(ours)
    return theirs


@pytest.mark.parametrize("unhurried", [False, True])
@pytest.mark.parametrize(
    ("make", "number"),
    [
        (broken, errno.EPIPE),
        (hung_up, errno.EIO),
        (lambda: os.open("/dev/full", os.O_WRONLY), errno.ENOSPC),
        (lambda: os.open("/dev/null", os.O_RDONLY), errno.EBADF),
    ],
)
def test_what_cannot_be_written_is_dropped_and_remembered(
    make: Callable[[], int], number: int, unhurried: bool
) -> None:
    stream = stream_to(make())
    texts = ["one\n", "two\n", "three\n"]
    if unhurried:
        with stream.unhurried():
            assert [stream.deliver(text) for text in texts] == [False] * 3
    else:
        assert [stream.write(text) for text in texts] == [4, 4, 6]
    assert stream.lost == 3
    assert isinstance(stream.trouble, OSError)
    assert stream.trouble.errno == number
    assert stream.reader_gone is (number == errno.EPIPE)
    # Nothing was kept that Python could fail to flush at its end.
    stream._under.flush()  # type: ignore[union-attr]
    stream._under.close()  # type: ignore[union-attr]


def test_a_stream_that_was_closed_before_the_start_takes_everything_and_delivers_nothing() -> None:
    stream = SturdyStream(None, "standard error")
    assert stream.write("x") == 1
    assert not stream.deliver("y")
    assert (stream.lost, stream.trouble, stream.isatty(), stream.encoding) == (2, None, False, "utf-8")
    with stream.unhurried():
        assert not stream.deliver("z")
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()


def test_a_closed_file_is_like_a_broken_one(tmp_path: Path) -> None:
    file = (tmp_path / "f").open("w", encoding="utf-8")
    stream = SturdyStream(file, "standard output")
    assert stream.deliver("here\n")
    file.close()
    assert not stream.deliver("gone\n")
    assert (tmp_path / "f").read_text("utf-8") == "here\n"


class _Disk(io.RawIOBase):
    """A disk with room for some bytes, and for all of them from a time on."""

    def __init__(self, room: int) -> None:
        self.room, self.written = room, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        taken = min(self.room, len(data))
        if taken == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += bytes(data[:taken])
        self.room -= taken
        return taken


def test_after_half_a_line_on_a_full_disk_the_next_begins_a_new_one() -> None:
    disk = _Disk(10)
    stream = SturdyStream(io.TextIOWrapper(io.BufferedWriter(disk), "utf-8"), "standard output")
    assert stream.deliver('{"a": 1}\n')
    assert not stream.deliver('{"b": 2}\n')
    assert not stream.deliver('{"c": 3}\n')
    disk.room = 1000
    assert stream.deliver('{"d": 4}\n')
    assert stream.deliver('{"e": 5}\n')
    assert disk.written == b'{"a": 1}\n{\n{"d": 4}\n{"e": 5}\n'


def test_a_descriptor_that_returns_at_once_is_waited_for(request: pytest.FixtureRequest) -> None:
    """What a shell or another program that shares a terminal may have done to it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stream = stream_to(writing)
    got: list[bytes] = []

    def read() -> None:
        with os.fdopen(reading, "rb") as file:
            got.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    assert stream.deliver("x" * 1_000_000 + "\n")
    stream._under.close()  # type: ignore[union-attr]
    reader.join()
    assert got == [b"x" * 1_000_000 + b"\n"]


def test_a_reader_that_stalls_holds_nobody_up_and_gets_everything_in_the_end() -> None:
    reading, writing = os.pipe()
    stream = stream_to(writing)
    lines = [f"line {i} {'.' * 1000}\n" for i in range(300)]  # several times what a pipe holds
    done, got = threading.Event(), []

    def read() -> None:
        done.wait()
        with os.fdopen(reading, "rb") as file:
            got.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with stream.unhurried():
            for line in lines:
                stream.write(line)
            assert not stream.deliver("and one more\n")
            done.set()  # only now does anybody read; leaving the block waits for it
        assert stream.deliver("the end\n")
    finally:
        done.set()
        stream._under.close()  # type: ignore[union-attr]
        reader.join()
    assert got[0].decode() == "".join(lines) + "and one more\nthe end\n"
    assert stream.lost == 0


def test_what_nobody_reads_for_ever_is_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hgx_lab.cli._sender._MOST_BYTES", 100_000)
    reading, writing = os.pipe()
    stream = stream_to(writing)
    done, got = threading.Event(), []

    def read() -> None:
        done.wait()
        with os.fdopen(reading, "rb") as file:
            got.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with stream.unhurried():
            for i in range(1000):
                stream.write(f"{i:4d}{'.' * 995}\n")
            done.set()
    finally:
        done.set()
        stream._under.close()  # type: ignore[union-attr]
        reader.join()
    *kept, last = got[0].decode().splitlines()
    assert [int(line[:4]) for line in kept] == list(range(len(kept)))
    assert len(kept) < 200
    assert last == f"hgx: {1000 - len(kept)} texts were dropped here, for nobody read them."
    assert stream.lost == 1000 - len(kept)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "1 nA ± 2 fA, 3 µs, 4 kΩ, 20 °C, 日本"),
        ("latin-1", "1 nA ± 2 fA, 3 µs, 4 kOhm, 20 °C, \\u65e5\\u672c"),
        ("ascii", "1 nA +- 2 fA, 3 us, 4 kOhm, 20  degC, \\u65e5\\u672c"),
        ("cp437", "1 nA ± 2 fA, 3 µs, 4 kΩ, 20 °C, \\u65e5\\u672c"),
        ("utf-16-le", "1 nA ± 2 fA, 3 µs, 4 kΩ, 20 °C, 日本"),
    ],
)
def test_characters_that_an_encoding_lacks_are_spelled(encoding: str, shown: str, tmp_path: Path) -> None:
    file = (tmp_path / "f").open("w", encoding=encoding, errors="strict", newline="\n")
    text = "1 nA ± 2 fA, 3 µs, 4 kΩ, 20 °C, 日本"
    assert SturdyStream(file, "standard output").deliver(text)
    file.close()
    assert (tmp_path / "f").read_bytes() == shown.encode(encoding)
    assert presentable(text, encoding) == shown


def test_bytes_of_a_file_name_that_are_no_text_are_shown(tmp_path: Path) -> None:
    file = (tmp_path / "f").open("w", encoding="utf-8", newline="\n")
    assert SturdyStream(file, "standard output").deliver("run\udcff.h5\n")
    file.close()
    assert (tmp_path / "f").read_bytes() == b"run\\udcff.h5\n"


HOSTILE = {
    "\x1b[2Jcleared": "\\x1b[2Jcleared",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "\x1b[6n": "\\x1b[6n",  # the terminal would type an answer
    "\x1bc": "\\x1bc",
    "\x1b[?1049h": "\\x1b[?1049h",
    "\x1bPq#0\x1b\\": "\\x1bPq#0\\x1b\\",
    "\x9b2J": "\\x9b2J",
    "\x00\x08\x7f": "\\x00\\x08\\x7f",
    "a\u202egnp.h5": "a\\u202egnp.h5",
    "lines\nand\ttabs": "lines\nand\ttabs",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_would_act_upon_is_escaped(text: str) -> None:
    assert presentable(text, "utf-8") == HOSTILE[text]
    assert only_own_sequences(text) == HOSTILE[text]


def test_colours_and_bars_of_our_own_get_through_but_never_from_a_text() -> None:
    ours = "\r\x1b[2K\x1b[1A\x1b[1;31mred\x1b[0m\x1b[?25l\x1b[?25h\x1b[38;2;1;2;3m"
    assert only_own_sequences(ours) == ours
    assert "\x1b" not in presentable(ours, "utf-8")
    assert "\r" not in presentable(ours, "utf-8")
