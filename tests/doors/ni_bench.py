"""Cards behind the two doors, for tests that want a card and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from hgx_drivers.nidaq import NiDaqCard
from hgx_drivers.simulated import SimulatedCard
from tests.doors.ni_devices import NiModel, x_series
from tests.doors.ni_engine import NiRig
from tests.doors.ni_grpc import serving
from tests.doors.ni_library import installed

__all__ = ["DoorCard", "local_card", "remote_card"]


class DoorCard(NiDaqCard):
    """A driver's card that takes its door away when it is closed; ``rig`` is what is behind it."""

    def __init__(self, rig: NiRig, door: ExitStack, device: str, **options: Any) -> None:
        self.rig = rig
        self.door = door
        try:
            super().__init__(device, **options)
        except BaseException:
            door.close()
            raise

    def close(self) -> None:
        """Close the card, then the door."""
        super().close()
        self.door.close()


def local_card(
    card: SimulatedCard, devices: Sequence[NiModel] = (), *, device: str = "Dev1", **options: Any
) -> DoorCard:
    """The driver over the C library's fake. Only one at a time: there is one library in a process."""
    rig = NiRig(devices or [x_series()], card, cables=options.pop("cables", None), wires=options.pop("wires", None))
    door = ExitStack()
    door.enter_context(installed(rig))
    return DoorCard(rig, door, device, **options)


def remote_card(
    card: SimulatedCard, devices: Sequence[NiModel] = (), *, device: str = "Dev1", **options: Any
) -> DoorCard:
    """The driver over a gRPC device server."""
    rig = NiRig(devices or [x_series()], card)
    door = ExitStack()
    server = door.enter_context(serving(rig))
    options.setdefault("deadline_seconds", 10.0)
    return DoorCard(rig, door, device, remote=server.remote, **options)
