"""Checks of generators: each electrode once and with a tone, each output once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.bench import CardBench, NiBench
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding, KeyPath
from hgx_lab.config.tones import Tones

__all__ = ["CHECKS"]


def _channels(bench: CardBench, electrodes: tuple[Electrode, ...], tones: Tones) -> Iterator[Finding]:
    if not isinstance(bench, NiBench):
        return
    if bench.generators and not bench.start_out and bench.shared_clock is None:
        message = "generators wait for the card's start, which isn't given out."
        yield Finding(("bench", "generators"), message, suggestion="Name its terminal, as start_out: /Dev1/PFI0.")
    toned = [e.name for e in electrodes if tones.amplitude_on(e) > 0]
    taken: set[str] = set()
    for index, generator in enumerate(bench.generators):
        numbers: set[int] = set()
        for name, number in generator.channels.items():
            path: KeyPath = ("bench", "generators", index, "channels", name)
            if name not in toned:
                message = f"there is no electrode {name} with a tone."
                yield Finding(path, message, "one of " + ", ".join(toned))
            if name in taken:
                yield Finding(path, f"{name} gets its tone from a generator already.")
            if number in numbers:
                yield Finding(path, f"output {number} is taken already.")
            taken.add(name)
            numbers.add(number)


CHECKS: Final = (_channels,)
