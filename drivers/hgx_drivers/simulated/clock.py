"""How time passes on the simulated bench: as fast as it is read, in real time, or by a script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

__all__ = ["Clock", "FastClock", "RealTimeClock", "ScriptedClock"]


class Clock(Protocol):
    """The sample clock of a simulated card, counted in samples since ``start``."""

    @property
    def paced(self) -> bool:
        """Whether time passes by itself."""
        ...

    def start(self, rate_hz: float) -> None:
        """The instant of sample 0 is now; samples follow at ``rate_hz``."""
        ...

    def due(self, wanted: int) -> int:
        """Samples whose time has come, given that somebody wants the first ``wanted`` ones (0: nobody does)."""
        ...

    def wait(self, sample: int, timeout_seconds: float) -> float:
        """Wait until ``sample`` samples are due or the time is up; return the seconds that went by."""
        ...


class FastClock:
    """Time passes only while samples are asked for, so a simulation runs as fast as the machine goes."""

    def __init__(self) -> None:
        self._reached = 0

    @property
    def paced(self) -> bool:
        """Always False: nothing happens between two reads."""
        return False

    def start(self, rate_hz: float) -> None:
        """Begin at sample 0; the rate doesn't matter."""
        del rate_hz
        self._reached = 0

    def due(self, wanted: int) -> int:
        """Whatever is wanted is due."""
        self._reached = max(self._reached, wanted)
        return self._reached

    def wait(self, sample: int, timeout_seconds: float) -> float:
        """Nothing comes by waiting: the whole time-out has gone by at once."""
        del sample
        return timeout_seconds


class RealTimeClock:
    """The sample index follows the monotonic clock of the machine.

    Parameters
    ----------
    time_source:
        Seconds on a clock that never goes back.
    sleep:
        Waits a number of seconds.
    """

    def __init__(
        self,
        time_source: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now = time_source
        self._sleep = sleep
        self._start = 0.0
        self._rate_hz = 1.0

    @property
    def paced(self) -> bool:
        """Always True."""
        return True

    def start(self, rate_hz: float) -> None:
        """Sample 0 is now."""
        self._rate_hz = rate_hz
        self._start = self._now()

    def due(self, wanted: int) -> int:
        """Samples since ``start`` by the wall, whatever is wanted."""
        del wanted
        return int((self._now() - self._start) * self._rate_hz)

    def wait(self, sample: int, timeout_seconds: float) -> float:
        """Sleep until the sample's time, but no longer than the time-out."""
        begin = self._now()
        # Half a sample late on purpose: waking on the edge itself would often be one sample short.
        edge = self._start + (sample + 0.5) / self._rate_hz
        self._sleep(max(0.0, min(edge - begin, timeout_seconds)))
        return self._now() - begin


class ScriptedClock:
    """A paced clock moved by hand, in whole samples: lateness without sleeping.

    Parameters
    ----------
    lateness:
        Samples by which each successive ``wait`` comes back too late; none after the script's end.
    """

    def __init__(self, lateness: Iterable[int] = ()) -> None:
        self._lateness = iter(lateness)
        self._samples = 0
        self._rate_hz = 1.0

    @property
    def paced(self) -> bool:
        """Always True."""
        return True

    def start(self, rate_hz: float) -> None:
        """Sample 0 is now."""
        self._rate_hz = rate_hz
        self._samples = 0

    def advance(self, samples: int) -> None:
        """Let ``samples`` sample periods go by."""
        self._samples += samples

    def due(self, wanted: int) -> int:
        """Samples gone by, whatever is wanted."""
        del wanted
        return self._samples

    def wait(self, sample: int, timeout_seconds: float) -> float:
        """Jump to the sample, or to the end of the time-out, plus the script's next lateness."""
        missing = max(0, sample - self._samples)
        affordable = int(timeout_seconds * self._rate_hz)
        passed = min(missing, affordable) + next(self._lateness, 0)
        self._samples += passed
        return timeout_seconds if missing > affordable else passed / self._rate_hz
