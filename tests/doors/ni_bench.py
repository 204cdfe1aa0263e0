"""Cards behind the two doors, for tests that want a card and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.nidaq import NiDaqCard
from hgx_drivers.simulated import ChainSettings, Clock, FastClock, Fault, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from tests.doors.ni_devices import NiModel, x_series
from tests.doors.ni_engine import NiRig

__all__ = ["DoorCard", "local_card", "remote_card", "stream", "wired"]


def wired(
    outputs: int, inputs: int = 1, *, clock: Clock | None = None, faults: Sequence[Fault] = (), rest: float = 0.0
) -> SimulatedCard:
    """Input i reads output i, through nothing."""
    device = LinearDevice(np.eye(inputs, outputs))
    plant = Plant(device, ChainSettings.ideal(gain_volts_per_ampere=1.0), rest_volts=np.full(outputs, rest))
    return SimulatedCard(plant, clock or FastClock(), faults=faults)


def stream(
    outputs: Sequence[str] = ("Dev1/ao0", "Dev1/ao1"),
    inputs: Sequence[str] = ("Dev1/ai0",),
    *,
    rate_hz: float = 10_000.0,
    buffer: int = 400,
    **channel: Any,
) -> StreamSettings:
    """Settings over the terminals; ``channel`` goes to every input."""
    return StreamSettings(
        tuple(OutputChannel(f"gate{i}", terminal) for i, terminal in enumerate(outputs)),
        tuple(InputChannel(f"drain{i}", terminal, **channel) for i, terminal in enumerate(inputs)),
        rate_hz,
        buffer,
        buffer,
    )


class DoorCard(NiDaqCard):
    """A driver's card that takes its door away when it is closed; ``rig`` is what is behind it."""

    def __init__(self, rig: NiRig, door: ExitStack, device: str, **options: Any) -> None:
        self.rig = rig
        self.door = door.pop_all()
        try:
            super().__init__(device, **options)
        except BaseException:
            self.door.close()
            raise

    def close(self) -> None:
        """Close the card, then the door."""
        super().close()
        self.door.close()


def local_card(
    card: SimulatedCard, devices: Sequence[NiModel] = (), *, device: str = "Dev1", **options: Any
) -> DoorCard:
    """The driver over the C library's fake. Only one at a time: there is one library in a process."""
    pytest.importorskip("nidaqmx")
    from tests.doors.ni_library import installed

    rig = NiRig(devices or [x_series()], card, cables=options.pop("cables", None), wires=options.pop("wires", None))
    door = ExitStack()
    door.enter_context(installed(rig))
    return DoorCard(rig, door, device, **options)


def remote_card(
    card: SimulatedCard, devices: Sequence[NiModel] = (), *, device: str = "Dev1", **options: Any
) -> DoorCard:
    """The driver over a gRPC device server."""
    pytest.importorskip("nidaqmx")
    pytest.importorskip("grpc")
    from tests.doors.ni_grpc import serving

    rig = NiRig(devices or [x_series()], card)
    door = ExitStack()
    server = door.enter_context(serving(rig))
    options.setdefault("deadline_seconds", 10.0)
    return DoorCard(rig, door, device, remote=server.remote, **options)
