"""The acquisition of the application on the driver: the same readings, and rest after every fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hgx_drivers.errors import DriverError, InputOverflow, OutputUnderflow, ReadTimeout
from hgx_drivers.simulated import Disconnect, Fault, NanSamples, Overflow, SimulatedCard, Stall, Underflow
from hgx_lab.acquisition import EventKind, Message, Reading
from hgx_lab.errors import AcquisitionError
from tests.doors.ni_bench import DoorCard, local_card, remote_card
from tests.support.rig import Rig, events_of, make_rig, readings_until, segment

DOORS: dict[str, Callable[[SimulatedCard], DoorCard]] = {"local": local_card, "remote": remote_card}
PLATEAUS = ([0.1, -0.2, 0.3], [-0.3, 0.2, 0.0], [0.2, 0.2, -0.4])


def behind(door: Callable[[SimulatedCard], DoorCard], *faults: Fault) -> tuple[Rig, SimulatedCard]:
    """A rig whose simulated card is behind a door, and that card."""
    rig = make_rig(faults=faults)
    simulated = rig.card.card
    assert isinstance(simulated, SimulatedCard)
    rig.card.card = door(simulated)
    return rig, simulated


def derivatives(rig: Rig) -> np.ndarray:
    heard: list[Message] = []
    with rig.stream() as stream:
        for volts in PLATEAUS:
            stream.append(segment(volts))
        readings: list[Reading] = readings_until(stream, len(PLATEAUS), heard)
    rig.card.close()
    return np.array([reading.window.phasor for reading in readings])


@pytest.mark.parametrize("door", list(DOORS))
def test_readings_are_those_of_the_simulated_bench(door: str) -> None:
    rig, _ = behind(DOORS[door])
    # Time passes by itself there, so windows may begin later: the phase doesn't care, to rounding.
    np.testing.assert_allclose(derivatives(rig), derivatives(make_rig()), atol=1e-18)


@pytest.mark.parametrize("door", list(DOORS))
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Underflow(333), OutputUnderflow),
        (Overflow(333), InputOverflow),
        (Stall(333), ReadTimeout),
        (NanSamples(333), AcquisitionError),
    ],
    ids=["underflow", "overflow", "stall", "nan"],
)
def test_after_a_fault_the_outputs_are_at_rest(door: str, fault: Fault, kind: type[Exception]) -> None:
    rig, simulated = behind(DOORS[door], fault)
    heard: list[Message] = []
    with pytest.raises(kind), rig.stream() as stream:
        for volts in PLATEAUS * 3:
            stream.append(segment(volts))
        readings_until(stream, 9, heard)
    assert np.array_equal(simulated.levels(), np.zeros(3)), "the converters themselves"
    rig.card.close()


def test_after_a_disconnect_the_record_says_that_nothing_is_known() -> None:
    rig, _ = behind(local_card, Disconnect(333))
    heard: list[Message] = []
    stream = rig.stream()
    with pytest.raises(DriverError, match="NI -201003"), stream:
        stream.append(segment(PLATEAUS[0]))
        readings_until(stream, 9, heard)
    assert events_of(heard + stream.leftovers(), EventKind.NOT_AT_REST)
    rig.card.close()
