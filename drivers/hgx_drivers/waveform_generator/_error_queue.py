"""What an instrument's error queue says, and when that isn't about us.

As others report, some instruments answer ``-108`` to every question for errors, and some ``-0, No errors``. So the
queue is emptied before the first command: an entry that comes again and again then, though nothing was sent, means
nothing. What counts on such an instrument is the readback.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hgx_drivers.waveform_generator.errors import UnexpectedAnswer

__all__ = ["QUESTION", "Entry", "ErrorQueue", "is_entry"]

QUESTION = "SYST:ERR?"
Entry = tuple[int, str]
_ENTRY = re.compile(r'\s*([+-]?\d+)\s*(?:,|\s-)\s*"?(.*?)"?\s*')
#: More entries than any instrument keeps.
_MANY = 100
#: The same entry so often in a row is no queue. Real ones hold 20 entries.
_CONSTANT = 32


def is_entry(answer: str) -> bool:
    """Whether an answer is an entry of an error queue: ``-113,"Undefined header"``, ``0  -No Error``."""
    return _ENTRY.fullmatch(answer) is not None


class ErrorQueue:
    """Reads a queue; ``ask`` asks it for its next entry."""

    def __init__(self) -> None:
        self._idle: Entry | None = None

    def learn(self, ask: Callable[[], str], channel: str) -> None:
        """Empty the queue before the first command, and see what it says when there is nothing to say."""
        if self._idle is not None:
            return
        entry, same = _entry(ask(), channel), 1
        for _ in range(_MANY):
            if entry[0] == 0 or same == _CONSTANT:
                break
            last, entry = entry, _entry(ask(), channel)
            same = same + 1 if entry == last else 1
        self._idle = entry

    def forget(self) -> None:
        """Another connection begins."""
        self._idle = None

    def drain(self, first: str, ask: Callable[[], str], channel: str) -> list[Entry]:
        """All entries that mean something, from an answer that has come already.

        Raises
        ------
        UnexpectedAnswer
            An answer is no entry of an error queue.
        """
        entries = [_entry(first, channel)]
        while entries[-1][0] != 0 and entries[-1] != self._idle and len(entries) < _MANY:
            entries.append(_entry(ask(), channel))
        return [entry for entry in entries if entry[0] != 0 and entry != self._idle]


def _entry(answer: str, channel: str) -> Entry:
    match = _ENTRY.fullmatch(answer)
    if match is None:
        raise UnexpectedAnswer(f"{answer!r} is no entry of an error queue.", channel=channel)
    return int(match[1]), match[2]
