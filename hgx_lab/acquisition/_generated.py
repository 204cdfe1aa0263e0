"""Tones that a waveform generator adds to what the card writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from hgx_lab.acquisition._segment import Floats

__all__ = ["GeneratedTones", "SwitchOff"]


class GeneratedTones(Protocol):
    """What the acquisition needs of the generators of a stream: constant tones from the card's start to the end."""

    @property
    def amplitudes(self) -> Floats:
        """Peak of each tone of the stream at its electrode, shape (tones,), V; 0 for those of the card."""
        ...

    def arm(self) -> None:
        """Let every tone wait for the card's start, at which it is at phase 0."""
        ...

    def rest(self) -> None:
        """Fade the tones and disconnect all outputs, whatever fails on the way; raises the first failure."""
        ...


class SwitchOff:
    """Brings generators to rest in a thread of its own, while the acquisition goes on with the card."""

    def __init__(self, rest: Callable[[], None]) -> None:
        self._rest = rest
        self._thread = threading.Thread(target=self._run, name="hgx-generators")
        self.error: Exception | None = None
        self._thread.start()

    @property
    def pending(self) -> bool:
        """Whether it isn't done yet."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait for the end, which comes: every answer of an instrument has its time-out."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._rest()
        except Exception as error:  # noqa: BLE001 - the acquisition's thread hears it, and ramps the card all the same
            self.error = error
