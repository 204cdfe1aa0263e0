"""From a run file and an open bench to a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from hgx_lab.acquisition import (
    Demodulates,
    ElectrodeLimits,
    GeneratedTones,
    Message,
    Plateau,
    Reading,
    RunControl,
    Stream,
    StreamPlan,
    VoltageGuard,
    Waves,
    sweep,
)
from hgx_lab.config import RunFile
from hgx_lab.experiments._bench import Bench
from hgx_lab.signals import Floats

__all__ = ["Listening", "hear_all", "ignore", "make_stream", "read_all", "voltage_guard"]


def ignore(message: Message) -> None:
    """Take a message of a stream whose faults are raised and that nobody follows."""
    del message


def never_interrupted() -> None:
    """Let a stream go on to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """Who hears of a stream, and how the run it belongs to is steered.

    ``hear`` takes what isn't a reading; ``interrupted`` raises to end the run; ``control`` asks for a pause or an end;
    ``watch`` gets every block in the thread of the acquisition.
    """

    hear: Callable[[Message], None] = ignore
    interrupted: Callable[[], None] = never_interrupted
    control: RunControl | None = None
    watch: Callable[[int, Floats], None] | None = None


def voltage_guard(run: RunFile) -> VoltageGuard:
    """Build the guard of a run: every electrode with its own limits and slew."""
    limits = [ElectrodeLimits(e.name, e.limits[0], e.limits[1], run.slew_limit(e)) for e in run.electrodes]
    return VoltageGuard(limits, run.bench.rate, rest_slope=run.safety.rest_slope)


def make_stream(
    run: RunFile,
    bench: Bench,
    *,
    tones_hz: Floats,
    electrode_of_tone: tuple[int, ...],
    period_samples: int,
    bank: Waves,
    demodulator: Demodulates,
    delay_samples: int,
    listening: Listening,
    keep_blocks: bool = False,
    generated: GeneratedTones | None = None,
) -> Stream:
    """Prepare a stream on an open bench; nothing moves before it is entered."""
    plan = StreamPlan(
        settings=bench.settings,
        tones_hz=tones_hz,
        electrode_of_tone=electrode_of_tone,
        period_samples=period_samples,
        block_samples=bench.block_samples,
        lead_samples=bench.lead_samples,
        delay_samples=delay_samples,
        amperes_per_volt=bench.amperes_per_volt,
        overload_amperes=bench.overload_amperes,
        offset_amperes=bench.offset_amperes,
        rest_volts=np.array([e.rest for e in run.electrodes]),
        rest_slope=run.safety.rest_slope,
        keep_blocks=keep_blocks,
    )
    return Stream(
        bench.card,
        voltage_guard(run),
        bank,
        demodulator,
        plan,
        generated=generated,
        interrupted=listening.interrupted,
        control=listening.control,
        watch=listening.watch,
    )


def read_all(
    stream: Stream, plateaus: Iterable[Plateau], *, slope: float, hear: Callable[[Message], None]
) -> list[Reading]:
    """Run a stream for these plateaus, at ``slope`` V/s between them, until it is at rest and all was heard."""
    try:
        with stream:
            return list(sweep(stream, plateaus, slope=slope, hear=hear))
    finally:
        hear_all(stream.leftovers(), hear)


def hear_all(messages: Sequence[Message], hear: Callable[[Message], None]) -> None:
    """Hand over every message, in order, also when the hearer of one of them fails: the last say how it ended."""
    with ExitStack() as calls:
        for message in reversed(messages):
            calls.callback(hear, message)
