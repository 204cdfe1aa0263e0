"""Waveform generators of a bench: opened, set up for the tones of a stream, brought to rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hgx_drivers.errors import RangeError
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.config.generators import Generator
from hgx_lab.experiments._device import Tell, say_nothing
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import Floats

if TYPE_CHECKING:
    from hgx_drivers.waveform_generator import WaveformGenerator

__all__ = [
    "BenchGenerator",
    "StreamGenerators",
    "close_all",
    "disconnect_all",
    "open_generators",
    "stream_generators",
    "try_all",
]

#: Before an output is disconnected its amplitude goes down in steps to these shares: each moves an electrode by a
#: fifth of its tone at most.
_FADE = (0.8, 0.6, 0.4, 0.2)


@dataclass(frozen=True, slots=True, eq=False)
class BenchGenerator:
    """An open generator, the names of its electrodes, and V at an electrode for one V at its load."""

    device: WaveformGenerator
    electrodes: tuple[str, ...]
    summing_gain: float


def open_generators(run: RunFile, *, tell: Tell = say_nothing) -> tuple[BenchGenerator, ...]:
    """Open the generators of a bench, disconnect their outputs and undo what others left; the caller closes them.

    ``tell`` gets what was changed.

    Raises
    ------
    DriverError
        One of them can't be had, or has a setting that can't be changed; the others are closed. Nothing has moved.
    """
    bench = run.bench
    if not isinstance(bench, NiBench):
        return ()
    with ExitStack() as stack:
        opened: list[BenchGenerator] = []
        for wanted in bench.generators:
            generator = _open(run, wanted)
            stack.callback(generator.device.close)
            changed = generator.device.prepare()
            if changed:
                tell(f"{_title(generator)} was found otherwise than a run needs it: {'; '.join(changed)}.",
                     kind="generator")  # fmt: skip
            opened.append(generator)
        stack.pop_all()
    return tuple(opened)


def _open(run: RunFile, wanted: Generator) -> BenchGenerator:
    from hgx_drivers.waveform_generator import GeneratorChannel, GeneratorSettings, open_by_driver

    load = math.inf if wanted.load == "high" else wanted.load
    limits = {e.name: e.limits for e in run.electrodes}

    def channel(name: str, number: int) -> GeneratorChannel:
        # Whatever the card's DC is, a tone of more than half the room can't stay within an electrode's limits.
        most = (limits[name][1] - limits[name][0]) / 2 / wanted.summing_gain
        return GeneratorChannel(name, number, -most, most, load)

    settings = GeneratorSettings(
        wanted.resource,
        tuple(channel(name, number) for name, number in wanted.channels.items()),
        reference=wanted.reference,
        backend=wanted.backend,
        timeout_seconds=wanted.timeout,
    )
    device = open_by_driver(wanted.driver, settings)
    return BenchGenerator(device, tuple(wanted.channels), wanted.summing_gain)


def _title(generator: BenchGenerator) -> str:
    identity = generator.device.identity
    return f"Generator {identity.model}, serial {identity.serial},"


def close_all(generators: Sequence[BenchGenerator]) -> None:
    """Disconnect all outputs and let go of every generator, whatever fails; then the first failure is raised."""
    try_all(call for generator in generators for call in (generator.device.rest, generator.device.close))


def try_all(calls: Iterable[Callable[[], None]]) -> None:
    """Make every call, whatever fails; then raise the first failure."""
    failures: list[Exception] = []
    for call in calls:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - what comes next has to be let go too
            failures.append(error)
    if failures:
        raise failures[0]


def disconnect_all(run: RunFile) -> tuple[int, list[Exception]]:
    """Open every generator of a bench, disconnect its outputs, and let go of it, whatever fails.

    Returns how many there are, and what failed.
    """
    bench = run.bench
    wanted = bench.generators if isinstance(bench, NiBench) else ()
    failures: list[Exception] = []
    for one in wanted:
        try:
            generator = _open(run, one)
            close_all((generator,))
        except Exception as error:  # noqa: BLE001 - the others, and the card, are to be brought to rest all the same
            failures.append(error)
    return len(wanted), failures


class StreamGenerators:
    """The generators' part in the tones of one stream, as the acquisition needs it.

    Raises
    ------
    RangeError
        A frequency that a generator can't hit exactly.
    """

    def __init__(self, run: RunFile, generators: Sequence[BenchGenerator], tones: RunTones) -> None:
        self._generators = tuple(generators)
        self._tones: list[tuple[BenchGenerator, str, float, float]] = []
        self.amplitudes: Floats = np.zeros(len(tones.electrodes))
        names = [run.electrodes[e].name for e in tones.electrodes]
        for generator in generators:
            for name in generator.electrodes:
                # A generator's output has one sine; several tones on an electrode come from the card.
                if names.count(name) != 1 or not tones.amplitudes[tone := names.index(name)] > 0:
                    continue
                hz, volts = float(tones.frequencies_hz[tone]), float(tones.amplitudes[tone])
                nearest = generator.device.nearest_frequency(hz)
                if nearest != hz:
                    raise RangeError(
                        f"{name}: {generator.device.identity.model} can't give {hz!r} Hz; the nearest is "
                        f"{nearest!r} Hz.",
                        remedy="Choose period and rate so that rate / samples is a round number, or take the nearest "
                        "ones with tones: {plan: manual, bridge: true, frequencies: [...]}, or take the electrode out "
                        "of the generator's channels: the card then gives its tone.",
                    )
                self._tones.append((generator, name, hz, volts / generator.summing_gain))
                self.amplitudes[tone] = volts

    def arm(self) -> list[str]:
        """Set every tone up and let it wait for the card's start.

        All are configured and armed before one is connected: outputs of an instrument can change each other. Returns
        what had to be changed besides.
        """
        from hgx_drivers.waveform_generator import Burst, Sine

        changed: list[str] = []
        for generator, name, hz, volts in self._tones:
            changed += generator.device.configure_sine(name, Sine(hz, volts))
        for generator, name, _, _ in self._tones:
            generator.device.set_burst(name, Burst())
        for generator, name, _, _ in self._tones:
            generator.device.switch(name, on=True)
        return [f"Changed on the generators: {'; '.join(changed)}."] if changed else []

    def started(self) -> list[str]:
        """See that every generator has been triggered, where it can tell."""
        notes: list[str] = []
        for generator in {id(generator): generator for generator, *_ in self._tones}.values():
            told = generator.device.started()
            notes.append(f"{_title(generator)} {'was triggered' if told else 'has no word for its trigger'}.")
        return notes

    def rest(self) -> list[str]:
        """Fade every tone in steps, where that works, and disconnect all outputs in any case.

        Returns which steps failed though all outputs are off; raises the first failure where one may be on.
        """
        notes: list[str] = []
        failures: list[Exception] = []
        off = True
        for generator, name, hz, volts in self._tones:
            try:
                self._fade(generator, name, hz, volts)
            except Exception as error:  # noqa: BLE001 - disconnected at once then, which is what counts
                failures.append(error)
                notes.append(f"The tone of {name} was switched off at once, for its fade failed: {error}")
        for generator in self._generators:
            for again in (True, False):
                try:
                    generator.device.rest()
                except Exception as error:  # noqa: BLE001 - the other generators are on too
                    failures.append(error)
                    off &= again
                    # A lost answer isn't a lost instrument: asked again it may well obey.
                    notes.append(f"Generator {generator.device.identity.serial} was asked twice: {error}")
                else:
                    break
        if not off:
            raise failures[0]
        return notes

    def _fade(self, generator: BenchGenerator, name: str, hz: float, volts: float) -> None:
        from hgx_drivers.waveform_generator import Sine

        if not generator.device.state(name).on:
            return
        for share in _FADE:
            try:
                generator.device.configure_sine(name, Sine(hz, volts * share))
            except RangeError:
                return  # less than the instrument's least: the step that is left is smaller still


def stream_generators(run: RunFile, generators: Sequence[BenchGenerator], tones: RunTones) -> StreamGenerators | None:
    """The generators' part in these tones; None where they have none, and their outputs stay disconnected."""
    part = StreamGenerators(run, generators, tones)
    return part if np.any(part.amplitudes) else None
