"""What a record alone says that its run is doing, from the events that it has so far."""

from __future__ import annotations

from typing import Any

import pytest

from hgx_lab.live import RunState
from hgx_lab.live._record_source import _doing


class Event:
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Kept:
    def __init__(self, kinds: str, tables: tuple[str, ...]) -> None:
        self.events, self.tables = [Event(kind) for kind in kinds.split()], tables


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ("instrument", RunState.OPENING),
        ("instrument started", RunState.LEARNING),
        ("started generator paused", RunState.PAUSED),
        # Something happens in a pause, which goes on.
        ("started paused overload", RunState.PAUSED),
        ("started paused resumed", RunState.LEARNING),
        ("started paused resumed overload late-update overload", RunState.LEARNING),
        ("started paused resumed paused", RunState.PAUSED),
        ("started paused ramp-to-rest generator", RunState.RAMPING),
        # The self-test's stream and the calibration's are over; the next hasn't begun.
        ("started ramp-to-rest at-rest self-test", RunState.OPENING),
        ("started ramp-to-rest at-rest calibration", RunState.OPENING),
        ("started ramp-to-rest at-rest calibration started", RunState.LEARNING),
    ],
)
def test_a_record_says_what_its_run_is_doing(kinds: str, state: RunState) -> None:
    training: Any = Kept(kinds, ("iterations",))
    assert _doing(training) is state
    measurement: Any = Kept(kinds, ("points",))
    assert _doing(measurement) is (RunState.MEASURING if state is RunState.LEARNING else state)
