"""Checks of generators: each electrode once, with a tone and room for taking it away, and each output once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.bench import CardBench, NiBench
from hgx_lab.config.checks.electrodes import tone_limits
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding, KeyPath
from hgx_lab.config.tones import Tones
from hgx_lab.units import format_quantity

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


def _room(bench: CardBench, electrodes: tuple[Electrode, ...], tones: Tones) -> Iterator[Finding]:
    """Twice the tone: what the card takes away of it, held when the card breaks down, and the generator's own."""
    if not isinstance(bench, NiBench):
        return
    for index, electrode in enumerate(electrodes):
        amplitude = tones.amplitude_on(electrode)
        if not amplitude or not bench.gives_tone_of(electrode.name):
            continue
        low, high = tone_limits(electrode, 2 * amplitude)
        for key, volts in (("rest", electrode.rest), ("start", electrode.start)):
            if isinstance(volts, float) and not low <= volts <= high:
                message = f"{format_quantity(volts, 'V', digits=9)} leaves {electrode.name} no room for taking away a "
                message += f"generator's tone of {format_quantity(amplitude, 'V', digits=9)}."
                allowed = f"{format_quantity(low, 'V', digits=9)} to {format_quantity(high, 'V', digits=9)}"
                path: KeyPath = ("electrodes", index, key)
                yield Finding(path, message, allowed, or_at=(("electrodes", index, "limits"),))


CHECKS: Final = (_channels, _room)
