"""A standard stream that can't end a run: writing to it neither raises nor, while outputs are up, waits for long."""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from hgx_lab.cli._characters import HANDLER, only_own_sequences
from hgx_lab.cli._sender import Sender

__all__ = ["SturdyStream"]


class SturdyStream(io.TextIOBase):
    """Writes to a standard stream whatever has become of it: closed, broken, full, stalled, or without the characters.

    What can't be written is dropped; the next text is tried all the same, because a full disk may have room again.

    Parameters
    ----------
    under:
        The stream as Python opened it; None where it was closed before the program began.
    name:
        As people call it, for messages.
    """

    def __init__(self, under: TextIO | None, name: str) -> None:
        self.name = name
        self._under = under
        self._raw = _raw(under)
        self._encoder = _encoder(getattr(under, "encoding", None))
        self._terminal = _asked(under, "isatty", False)
        self._sender: Sender | None = None
        self._torn = False
        #: Texts that couldn't be written.
        self.lost = 0
        #: Why the first of them couldn't; None while there is none, and where the stream was closed on purpose.
        self.trouble: OSError | ValueError | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Its encoding, as the environment has it."""
        return getattr(self._under, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What happens to characters that the encoding hasn't: they are spelled out."""
        return HANDLER

    def isatty(self) -> bool:
        """Whether it was a terminal when the program began: one that is gone is still no file."""
        return self._terminal

    def writable(self) -> bool:
        """Say that it takes text."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        if self._under is None:
            raise io.UnsupportedOperation(f"{self.name} is closed")
        return self._under.fileno()

    def write(self, text: str, /) -> int:
        """Write a text, or drop it; never raises but for what isn't text."""
        shown = only_own_sequences(text)
        if self._raw is None:
            self._write_text(shown)
        else:
            if os.linesep != "\n":
                shown = shown.replace("\n", os.linesep)
            data = self._encoder.encode(shown)
            if self._sender is None:
                self._send(data)
            else:
                self._sender.put(data)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Leave the stream under it open: it isn't ours."""

    def deliver(self, text: str) -> bool:
        """Write a text; whether it has left this process."""
        before = self.lost
        self.write(text)
        return self.lost == before and not (self._sender is not None and self._sender.stalled)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let no write inside the block wait for a reader; at its end all that was written is sent, however long."""
        if self._raw is None or self._sender is not None:
            yield
            return
        self._sender = sender = Sender(self._send, f"hgx-{self.name.replace(' ', '-')}")
        try:
            yield
        finally:
            sender.close()
            self._sender = None
            if sender.dropped:
                self.lost += sender.dropped
                self.write(f"hgx: {sender.dropped} texts were dropped here, for nobody read them.\n")

    def _write_text(self, text: str) -> None:
        """Write where there are no bytes under the text, as in a notebook; and drop it where there is nothing."""
        if self._under is None:
            self.lost += 1
            return
        try:
            self._under.write(text)
            self._under.flush()
        except (OSError, ValueError) as error:  # a closed file is a ValueError
            self._failed(error)

    def _send(self, data: bytes) -> None:
        rest = memoryview(b"\n" + data if self._torn else data)
        whole = len(rest)
        try:
            while rest:
                sent = self._raw.write(rest)
                if sent is None:  # another program has set the descriptor to return at once
                    select.select([], [self._raw], [])
                else:
                    rest = rest[sent:]
            self._torn = False
        except (OSError, ValueError) as error:
            # What comes after half a line begins a new one.
            self._torn |= 0 < len(rest) < whole
            self._failed(error)

    def _failed(self, error: OSError | ValueError) -> None:
        self.lost += 1
        if self.trouble is None:
            self.trouble = error

    @property
    def reader_gone(self) -> bool:
        """Whether the first trouble was a reader that had seen enough, such as ``head``."""
        # EINVAL is what Windows says of it.
        return isinstance(self.trouble, OSError) and self.trouble.errno in (errno.EPIPE, errno.EINVAL)


def _raw(under: TextIO | None) -> Any:
    """The bytes under a text stream, without a buffer that would be flushed, and fail, at the end of the program."""
    buffer = getattr(under, "buffer", None)
    if under is None or buffer is None:
        return None
    with suppress(OSError, ValueError):
        under.flush()
    return getattr(buffer, "raw", buffer)


def _encoder(encoding: str | None) -> codecs.IncrementalEncoder:
    try:
        return codecs.getincrementalencoder(encoding or "utf-8")(HANDLER)
    except LookupError:
        return codecs.getincrementalencoder("ascii")(HANDLER)


def _asked(under: TextIO | None, what: str, otherwise: Any) -> Any:
    try:
        return getattr(under, what)()
    except (AttributeError, OSError, ValueError):
        return otherwise
