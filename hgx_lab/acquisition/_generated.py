"""Tones that a waveform generator adds to what the card writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from hgx_lab.acquisition._segment import Floats

__all__ = ["Aside", "GeneratedTones"]


class GeneratedTones(Protocol):
    """What the acquisition needs of the generators of a stream: constant tones from the card's start to the end."""

    @property
    def amplitudes(self) -> Floats:
        """Peak of each tone of the stream at its electrode, shape (tones,), V; 0 for those of the card."""
        ...

    def arm(self) -> Sequence[str]:
        """Let every tone wait for the card's start, at which it is at phase 0.

        Returns what had to be changed on the instruments besides, for the record.
        """
        ...

    def started(self) -> Sequence[str]:
        """After the card's start, see that every generator has taken it, where it can tell.

        Returns what was seen, for the record.

        Raises
        ------
        DriverError
            A generator still waits.
        """
        ...

    def rest(self) -> Sequence[str]:
        """Fade the tones and disconnect all outputs, whatever fails on the way.

        Returns what didn't go as it should though all outputs are off, for the record.

        Raises
        ------
        DriverError
            An output may still be on: the first failure.
        """
        ...


class Aside:
    """A call to generators in a thread of its own, while the acquisition goes on with the card.

    Where the machine has no thread to spare it happens at once, and the card runs dry meanwhile.
    """

    def __init__(self, call: Callable[[], Sequence[str]]) -> None:
        self._call = call
        self._done = threading.Event()
        self.notes: Sequence[str] = ()
        self.error: Exception | None = None
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="hgx-generators")
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
            self._run()

    @property
    def pending(self) -> bool:
        """Whether it isn't done yet."""
        return not self._done.is_set()

    def wait(self) -> None:
        """Wait for the end, which comes: every answer of an instrument has its time-out."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self.notes = self._call()
        except Exception as error:  # noqa: BLE001 - the acquisition's thread raises it, or ramps the card all the same
            self.error = error
        finally:
            self._done.set()
