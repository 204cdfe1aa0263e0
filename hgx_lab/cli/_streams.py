"""Standard output and standard error while the program runs: sturdy ones in place of Python's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hgx_lab.cli._sturdy_stream import SturdyStream

__all__ = ["Streams", "current", "standard_streams", "unhurried"]


class Streams:
    """The two streams, and whether there is more to the command than what it prints."""

    def __init__(self) -> None:
        self.out = SturdyStream(sys.stdout, "standard output")
        self.err = SturdyStream(sys.stderr, "standard error")
        #: True once outputs may have been up: the exit code is that of the run then, whatever became of its display.
        self.measured = False


_current: list[Streams] = []


@contextmanager
def standard_streams() -> Iterator[Streams]:
    """Put sturdy streams in place of Python's while the block runs."""
    _fill_descriptors()
    before = sys.stdout, sys.stderr
    streams = Streams()
    _current.append(streams)
    sys.stdout, sys.stderr = streams.out, streams.err
    try:
        yield streams
    finally:
        sys.stdout, sys.stderr = before
        _current.pop()


def current() -> Streams:
    """Return the streams of this program; those that Python has now where nobody has put others in place."""
    return _current[-1] if _current else Streams()


@contextmanager
def unhurried() -> Iterator[None]:
    """Keep whoever reads the streams from holding up the block, in which outputs may be up."""
    streams = current()
    streams.measured = True
    with ExitStack() as stack:
        for stream in (streams.out, streams.err):
            stack.enter_context(stream.unhurried())
        yield


def _fill_descriptors() -> None:
    """Open standard descriptors that were closed at the start.

    The next file to be opened would get such a number, and a library that prints an error would write into a record.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
