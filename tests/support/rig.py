"""A small bench for tests of the acquisition: three electrodes, three tones, a spied card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import ChainSettings, Clock, FastClock, Fault, Plant, SimulatedCard
from hgx_drivers.simulated.devices import Device, LinearDevice
from hgx_lab.acquisition import (
    Demodulates,
    ElectrodeLimits,
    Event,
    EventKind,
    GeneratedTones,
    Message,
    Reading,
    Segment,
    Stream,
    StreamPlan,
    VoltageGuard,
    Waves,
)
from hgx_lab.signals import Demodulator, ToneBank
from tests.support.spy import SpyCard, assert_safe

RATE = 10_000.0
PERIOD = 100
BINS = (7, 11, 13)
NOISE_BINS = (6, 8, 9, 10, 12, 14)
GAIN = 1e7  # V/A
CONDUCTANCES = (30e-9, -12e-9, 5e-9)


@dataclass
class Rig:
    """Everything a stream is made of; :meth:`stream` makes one."""

    card: SpyCard
    guard: VoltageGuard
    plan: StreamPlan
    bank: Waves
    demodulator: Demodulates
    interrupted: Callable[[], None] = lambda: None
    generated: GeneratedTones | None = None

    def stream(self) -> Stream:
        return Stream(
            self.card,
            self.guard,
            self.bank,
            self.demodulator,
            self.plan,
            generated=self.generated,
            interrupted=self.interrupted,
        )

    def assert_safe(self) -> None:
        limits = self.guard.limits
        low, high = (np.array([getattr(e, f"{m}_volts") for e in limits]) for m in ("minimum", "maximum"))
        slew = np.array([e.slew_volts_per_second for e in limits])
        assert_safe(self.card.history, low, high, slew, self.plan.settings.rate_hz)

    def assert_at_rest(self) -> None:
        assert np.all(np.abs(self.card.levels() - self.plan.rest_volts) < 1e-3)


def make_rig(
    device: Device | None = None,
    *,
    clock: Clock | None = None,
    faults: Sequence[Fault] = (),
    block: int = 40,
    lead: int = 75,
    delay: int = 0,
    low: float = -1.0,
    high: float = 1.0,
    slew: float = 5000.0,
    rest: Sequence[float] = (0.0, 0.0, 0.0),
    rest_slope: float = 500.0,
    clip: float | None = None,
    output_buffer: int = 2000,
    input_buffer: int = 5000,
    bank: Waves | None = None,
    demodulator: Demodulates | None = None,
    levels: Sequence[float] | None = None,
    **plan: Any,
) -> Rig:
    """A rig on the ideal chain: the read-out is the device's current times the gain, ``delay`` samples late.

    The outputs stand at ``levels``, V; at 0 V if not given.
    """
    device = device or LinearDevice(CONDUCTANCES)
    chain = replace(ChainSettings.ideal(gain_volts_per_ampere=GAIN), delay_samples=delay, clip_volts=clip)
    start = None if levels is None else np.array(levels, dtype=np.float64)
    card = SpyCard(SimulatedCard(Plant(device, chain, rest_volts=start), clock or FastClock(), faults=faults))
    settings = StreamSettings(
        outputs=tuple(OutputChannel(f"e{i}", f"ao{i}") for i in range(3)),
        inputs=(InputChannel("current", "ai0"),),
        rate_hz=RATE,
        output_buffer_samples=output_buffer,
        input_buffer_samples=input_buffer,
    )
    defaults: dict[str, Any] = {
        "settings": settings,
        "tones_hz": np.array(BINS) * RATE / PERIOD,
        "electrode_of_tone": (0, 1, 2),
        "period_samples": PERIOD,
        "block_samples": block,
        "lead_samples": lead,
        "delay_samples": delay,
        "amperes_per_volt": 1 / GAIN,
        "overload_amperes": (clip or 1e3) / GAIN * (1 - 2**-13),
        "rest_volts": np.array(rest, dtype=np.float64),
        "rest_slope": rest_slope,
    }
    return Rig(
        card=card,
        guard=VoltageGuard([ElectrodeLimits(f"e{i}", low, high, slew) for i in range(3)], RATE, rest_slope=rest_slope),
        plan=StreamPlan(**defaults | plan),
        bank=bank or ToneBank(BINS, PERIOD),
        demodulator=demodulator or Demodulator(BINS, PERIOD, 1, noise_bins=NOISE_BINS),
    )


def segment(dc: Sequence[float], amplitude: float = 0.02, **rest: Any) -> Segment:
    """A segment with the same amplitude of all three tones."""
    defaults: dict[str, Any] = {"slope": 60, "settle": 20, "periods": 2}
    return Segment(np.array(dc, dtype=np.float64), np.full(3, amplitude), **defaults | rest)


def readings_until(stream: Stream, count: int, heard: list[Message]) -> list[Reading]:
    """The next ``count`` readings; everything that comes is appended to ``heard``."""
    found: list[Reading] = []
    while len(found) < count:
        heard.append(message := stream.next())
        if isinstance(message, Reading):
            found.append(message)
    return found


def events_of(messages: Sequence[Message], kind: EventKind) -> list[Event]:
    """The events of a kind, in order."""
    return [m for m in messages if isinstance(m, Event) and m.kind is kind]
