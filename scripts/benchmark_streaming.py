"""Streaming through the production interpreter of nidaqmx for minutes, and how late an update takes effect.

    python scripts/benchmark_streaming.py [--share 0.1] [--seconds S] [--real-time] [--lead L]

The card is the fake of the C library that the tests use, so that schedule, guard, synthesis, driver, nidaqmx itself
and demodulation are the real ones. Sustained: 8 outputs and 1 input at 100 kS/s for ten minutes of card time and at
1 MS/s for one minute, as fast as the machine goes; ``--share`` does that share of it. There time passes only while the
card is read, so that a machine that is too slow isn't found out; with ``--real-time`` it is, and the same runs take
their eleven minutes. Processor time spent behind the library's door, in the fake, is stated apart. Latency: in real
time, from the last sample read for an answer to the first sample that the answer changed, against the lead that was
asked for; ``--seconds`` of it for each lead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from verify_claims import Claims

sys.path.insert(0, str(Path(__file__).parents[1]))

from hgx_drivers.errors import InputOverflow, OutputUnderflow
from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.nidaq import NiDaqCard
from hgx_drivers.simulated import ChainSettings, Clock, FastClock, Plant, RealTimeClock, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.acquisition import ElectrodeLimits, Reading, Segment, Stream, StreamPlan, VoltageGuard
from hgx_lab.signals import Demodulator, ToneBank, empty_bins, make_plan
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig
from tests.doors.ni_library import installed

OUTPUTS = 8
AMPLITUDE = 0.02  # V
AHEAD = 4  # cases scheduled and not yet read


@dataclass(frozen=True, slots=True)
class Door:
    """The card, and a count of the processor seconds spent behind it."""

    card: NiDaqCard
    behind: list[float]


@contextmanager
def fake_card(clock: Clock) -> Iterator[Door]:
    """The driver over the library's fake, over a card with 8 outputs and a linear device without noise."""
    plant = Plant(
        LinearDevice(np.linspace(1e-8, 8e-8, OUTPUTS)[None]),
        ChainSettings.ideal(gain_volts_per_ampere=1e7),
        rest_volts=np.zeros(OUTPUTS),
    )
    rig = NiRig([replace(x_series(), outputs=OUTPUTS)], SimulatedCard(plant, clock))
    behind = [0.0]
    call = rig.call

    def counted(function: str, *arguments: object) -> object:
        begun = time.thread_time()
        try:
            return call(function, *arguments)
        finally:
            behind[0] += time.thread_time() - begun

    rig.call = counted
    with installed(rig):
        card = NiDaqCard("Dev1")
        try:
            yield Door(card, behind)
        finally:
            card.close()


def make_stream(card: NiDaqCard, rate_hz: float, lead_seconds: float) -> Stream:
    """A stream with a tone on each of the 8 outputs, base period 10 ms, blocks of 10 ms."""
    period = round(0.01 * rate_hz)
    tones = make_plan("octave", OUTPUTS, rate_hz=rate_hz, period_samples=period, band_hz=(300.0, 3000.0))
    settings = StreamSettings(
        outputs=tuple(OutputChannel(f"e{i}", f"ao{i}") for i in range(OUTPUTS)),
        inputs=(InputChannel("current", "ai0"),),
        rate_hz=rate_hz,
        output_buffer_samples=round((lead_seconds + 0.1) * rate_hz),
        input_buffer_samples=round(rate_hz),
    )
    plan = StreamPlan(
        settings=settings,
        tones_hz=tones.frequencies_hz,
        electrode_of_tone=tuple(range(OUTPUTS)),
        period_samples=period,
        block_samples=period,
        lead_samples=round(lead_seconds * rate_hz),
        delay_samples=0,
        amperes_per_volt=1e-7,
        overload_amperes=9e-7,
        rest_volts=np.zeros(OUTPUTS),
        rest_slope=10.0,
    )
    guard = VoltageGuard([ElectrodeLimits(f"e{i}", -1.2, 1.2, 2000.0) for i in range(OUTPUTS)], rate_hz)
    demodulator = Demodulator(tones.bins, period, 1, noise_bins=[int(b) for b in empty_bins(tones)])
    return Stream(card, guard, ToneBank(tones.bins, period), demodulator, plan)


def state_sustained(claims: Claims, rate_hz: float, seconds: float, *, lead_seconds: float, real_time: bool) -> None:
    """Play cases for so many seconds of the card, and say what became of it."""
    clock = RealTimeClock() if real_time else FastClock()
    what = f"8 outputs and 1 input at {rate_hz / 1e3:g} kS/s through nidaqmx, "
    what += f"lead {1e3 * lead_seconds:g} ms, {'in real time' if real_time else 'as fast as it goes'}"
    target = "no underflow, no overflow"
    try:
        figure = play(clock, rate_hz, seconds, lead_seconds)
    except (OutputUnderflow, InputOverflow) as error:
        claims.state(what, target, error.message, False)
    else:
        claims.state(what, target, figure, True)


def play(clock: Clock, rate_hz: float, seconds: float, lead_seconds: float) -> str:
    """Stream, and tell what it took; raises what ends the stream."""
    amplitude, rng = np.full(OUTPUTS, AMPLITUDE), np.random.default_rng(2)
    slope = settle = round(2e-3 * rate_hz)
    with fake_card(clock) as door:
        stream = make_stream(door.card, rate_hz, lead_seconds)
        scheduled = read = 0
        begun, wall = time.process_time(), time.perf_counter()
        with stream:
            while stream.samples < seconds * rate_hz:
                while scheduled < read + AHEAD:
                    volts = rng.uniform(-0.2, 0.2, OUTPUTS)
                    stream.append(Segment(volts, amplitude, slope, settle, 2))
                    scheduled += 1
                read += isinstance(stream.next(), Reading)
            samples = stream.samples
        spent, passed = time.process_time() - begun, time.perf_counter() - wall
    card_seconds = samples / rate_hz
    ours, fake = (spent - door.behind[0]) / card_seconds, door.behind[0] / card_seconds
    return (
        f"none in {card_seconds:.0f} s of the card, {samples} samples; {ours:.1%} of a core, and {fake:.1%} in the "
        f"fake; {card_seconds / passed:.1f} times real time"
    )


def state_latency(claims: Claims, lead_seconds: float, seconds: float) -> None:
    """Answer each reading with a segment, in real time, and see when it takes effect."""
    what = f"update latency at 100 kS/s in real time, lead {1e3 * lead_seconds:g} ms, blocks of 10 ms"
    target = "99th percentile within lead + 2 blocks"
    try:
        latencies, block = measure_latency(lead_seconds, seconds)
    except OutputUnderflow as error:
        claims.state(what, target, f"this machine is too slow for it now: {error.message}", False)
        return
    median, late = np.percentile(latencies, (50, 99))
    claims.state(
        f"{what}, {len(latencies)} updates",
        target,
        f"median {median:.0f} samples ({median / 100:.1f} ms), 99th percentile {late:.0f} ({late / 100:.1f} ms)",
        bool(late <= lead_seconds * 100e3 + 2 * block),
    )


def measure_latency(lead_seconds: float, seconds: float) -> tuple[list[int], int]:
    """Latencies of all updates and the length of a block, in samples."""
    rate_hz, amplitude, rng = 100e3, np.full(OUTPUTS, AMPLITUDE), np.random.default_rng(3)
    latencies: list[int] = []
    with fake_card(RealTimeClock()) as door:
        stream = make_stream(door.card, rate_hz, lead_seconds)
        with stream:
            stream.append(Segment(np.zeros(OUTPUTS), amplitude, 200, 200, 1, awaits_reading=True))
            while stream.samples < seconds * rate_hz:
                message = stream.next()
                if isinstance(message, Reading):
                    answer = Segment(rng.uniform(-0.2, 0.2, OUTPUTS), amplitude, 200, 200, 1, awaits_reading=True)
                    latencies.append(stream.append(answer).start - message.read_until)
    return latencies, stream.plan.block_samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the ten minutes and of the one minute")
    parser.add_argument("--seconds", type=float, default=20.0, help="of real time for each lead")
    parser.add_argument("--real-time", action="store_true", help="the sustained runs in real time, without latency")
    parser.add_argument("--lead", type=float, default=0.05, help="of the sustained runs, in seconds")
    options = parser.parse_args()
    claims = Claims()
    with threadpool_limits(limits=1):
        state_sustained(claims, 1e6, 60.0 * options.share, lead_seconds=options.lead, real_time=options.real_time)
        state_sustained(claims, 100e3, 600.0 * options.share, lead_seconds=options.lead, real_time=options.real_time)
        if not options.real_time:
            for lead in (0.1, 0.05, 0.02):
                state_latency(claims, lead, options.seconds)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
