"""Outputs of a simulated card that can be seen from outside, also when the process that drove them is gone.

    python tests/support/outside.py LEVELS [--wire] -- run small.yaml --quiet ...

is ``hgx run small.yaml ...`` with a card that notes in the file ``LEVELS`` what is written to it and what it plays.
With ``--wire`` there is a fake of NI's library too, with such a card behind it whose second output is wired to its
input.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Not the folder of this file, but that of the project.
    sys.path[0] = str(Path(__file__).parents[2])

import numpy as np

from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice

__all__ = ["Levels", "hgx", "show"]

_ELECTRODES = 16
_FIELDS = [
    ("written", "<i8"),
    ("played", "<i8"),
    ("step", "<f8"),
    ("last_written", "<f8", (_ELECTRODES,)),
    ("last_played", "<f8", (_ELECTRODES,)),
]


@dataclass(frozen=True, slots=True)
class Levels:
    """What a card has done: samples written and played, the last of each (V), the fastest move (V a sample)."""

    written: int
    played: int
    step: float
    last_written: np.ndarray
    last_played: np.ndarray

    @classmethod
    def blank(cls, path: Path) -> Path:
        """Make the file for a card that hasn't done anything."""
        path.write_bytes(bytes(np.dtype(_FIELDS).itemsize))
        return path

    @classmethod
    def read(cls, path: Path) -> Levels:
        """What stands in a file."""
        (found,) = np.fromfile(path, dtype=_FIELDS)
        last = (found["last_written"].copy(), found["last_played"].copy())
        return cls(int(found["written"]), int(found["played"]), float(found["step"]), *last)

    def at_rest(self, rest: np.ndarray) -> bool:
        """Whether the outputs never moved, or stand at rest (V) and would stay there if the card played on."""
        ends = [last[: rest.size] - rest for last in (self.last_written, self.last_played)]
        return not self.written or bool(np.abs(ends).max() < 1e-3)


def show(path: Path) -> None:
    """Let every simulated card of this process, of which there is to be one at a time, be seen in this file."""
    shown = np.memmap(path, dtype=_FIELDS, mode="r+", shape=(1,))
    write, process = SimulatedCard.write, Plant.process

    def written(card: SimulatedCard, samples: np.ndarray) -> None:
        write(card, samples)
        shown["last_written"][0, card._rows] = samples[:, -1]
        shown["written"] += samples.shape[1]

    def played(plant: Plant, volts: np.ndarray) -> np.ndarray:
        count = len(volts)
        before = shown["last_played"][0, :count, None] if shown["played"][0] else plant.rest_volts[:, None]
        step = np.abs(np.diff(volts, axis=1, prepend=before)).max()
        shown["step"][0] = max(shown["step"][0], step)
        shown["last_played"][0, :count] = volts[:, -1]
        shown["played"] += volts.shape[1]
        return process(plant, volts)

    SimulatedCard.write, Plant.process = written, played  # type: ignore[method-assign]


def wired(electrodes: int = 4) -> Any:
    """A fake of NI's library: ``Dev1`` with a wire from ``ao1`` to ``ai0``."""
    from tests.doors.ni_devices import x_series
    from tests.doors.ni_engine import NiRig
    from tests.doors.ni_library import installed

    through = np.zeros((1, electrodes))
    through[0, 1] = 1.0
    plant = Plant(LinearDevice(through), ChainSettings.ideal(gain_volts_per_ampere=1.0))
    return installed(NiRig([x_series()], SimulatedCard(plant, FastClock())))


def hgx(levels: Path, arguments: list[str], *, wire: bool = False) -> None:
    """Be ``hgx`` with these arguments, on a card that can be seen."""
    from hgx_lab.cli import main

    show(levels)
    sys.argv = ["hgx", *arguments]
    with wired() if wire else nullcontext():
        main()


if __name__ == "__main__":
    _, path, *options = sys.argv
    begin = options.index("--")
    hgx(Path(path), options[begin + 1 :], wire="--wire" in options[:begin])
