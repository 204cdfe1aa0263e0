"""How many times real time the simulated closed loop runs on one core, and where the time goes.

    OPENBLAS_NUM_THREADS=1 python scripts/benchmark_closed_loop.py [--device FILE.npz] [--dopant] [--seconds S] ...

The loop is the run's own: segments through the schedule and the tone bank, the guard, the card with its buffers,
device and signal chain with all noise, and the demodulation with error bars; 7 electrodes with a tone each at
100 kS/s. The consumer appends the next cases while these are played. Time is the processor time of the whole
process, both of its threads together, the best of several runs: what one core needs, whoever else is at work.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from verify_claims import Claims

from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import Device, SmoothDevice, SurrogateDevice
from hgx_drivers.simulated.devices.dopant import DopantNetwork, standard_layout
from hgx_lab.acquisition import ElectrodeLimits, Reading, Segment, Stream, StreamPlan, VoltageGuard
from hgx_lab.signals import Demodulator, ToneBank, empty_bins, make_plan

RATE_HZ = 100e3
PERIOD = 1000  # samples
ELECTRODES = 7
AMPLITUDE = 0.02  # V
SLOPE, SETTLE, PERIODS = 200, 200, 2  # samples, samples and base periods of a case
WARM_UP = 4  # cases before the clock is read
AHEAD = 8  # cases scheduled and not yet read


class Profile:
    """Processor seconds by part of the loop, each without the parts that it calls itself."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = 0.0

    def watch(self, owner: object, method: str, part: str) -> None:
        """Count the time of an object's method for a part."""
        function: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            outside, self._inner = self._inner, 0.0
            begin = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.thread_time() - begin
                self.seconds[part] += spent - self._inner
                self._inner = outside + spent

        setattr(owner, method, timed)


@dataclass(frozen=True, slots=True)
class Speed:
    """Processor and wall seconds for each second of the bench."""

    processor: float
    wall: float


def make_loop(device: Device, block: int, profile: Profile | None) -> Stream:
    """A stream on the simulated bench with everything in it; ``block`` and a lead of twice that in samples."""
    tones = make_plan("octave", ELECTRODES, rate_hz=RATE_HZ, period_samples=PERIOD, band_hz=(300.0, 3000.0))
    plant = Plant(device, replace(ChainSettings(), delay_samples=6.0), seed=1)
    card = SimulatedCard(plant, FastClock())
    guard = VoltageGuard([ElectrodeLimits(f"e{i}", -1.2, 1.2, 2000.0) for i in range(ELECTRODES)], RATE_HZ)
    bank = ToneBank(tones.bins, PERIOD)
    demodulator = Demodulator(tones.bins, PERIOD, 1, noise_bins=[int(b) for b in empty_bins(tones)])
    if profile is not None:
        profile.watch(device, "current", "device")
        profile.watch(plant, "process", "signal chain")
        profile.watch(card, "write", "card")
        profile.watch(card, "read", "card")
        profile.watch(guard, "check", "guard")
        profile.watch(bank, "add", "synthesis")
        profile.watch(demodulator, "process", "demodulation")
    settings = StreamSettings(
        outputs=tuple(OutputChannel(f"e{i}", f"ao{i}") for i in range(ELECTRODES)),
        inputs=(InputChannel("current", "ai0"),),
        rate_hz=RATE_HZ,
        output_buffer_samples=8 * block,
        input_buffer_samples=8 * block,
    )
    plan = StreamPlan(
        settings=settings,
        tones_hz=tones.frequencies_hz,
        electrode_of_tone=tuple(range(ELECTRODES)),
        period_samples=PERIOD,
        block_samples=block,
        lead_samples=2 * block,
        delay_samples=6,
        amperes_per_volt=1e-7,
        overload_amperes=4e-7,
        rest_volts=np.zeros(ELECTRODES),
        rest_slope=10.0,
    )
    return Stream(card, guard, bank, demodulator, plan)


def play(stream: Stream, cases: int) -> Speed:
    """Play cases at random voltages; the speed after the first few."""
    volts = np.random.default_rng(2).uniform(-0.2, 0.2, (cases, ELECTRODES))
    amplitude = np.full(ELECTRODES, AMPLITUDE)
    scheduled = read = 0
    begun = (0.0, 0.0, 0)
    with stream:
        while read < cases:
            while scheduled < min(cases, read + AHEAD):
                last = scheduled == cases - 1
                stream.append(Segment(volts[scheduled], amplitude, SLOPE, SETTLE, PERIODS, awaits_reading=last))
                scheduled += 1
            if not isinstance(stream.next(), Reading):
                continue
            read += 1
            if read == WARM_UP:
                begun = (time.process_time(), time.perf_counter(), stream.samples)
        processor, wall, samples = time.process_time(), time.perf_counter(), stream.samples
    played = (samples - begun[2]) / RATE_HZ
    return Speed((processor - begun[0]) / played, (wall - begun[1]) / played)


def print_profile(make: Callable[[], Device], block: int, cases: int) -> None:
    """Share of the time by part, from a run of its own: looking at the clock costs time too."""
    profile = Profile()
    stream = make_loop(make(), block, profile)
    begin = time.process_time()
    play(stream, cases)
    whole = time.process_time() - begin
    profile.seconds["everything else"] = whole - sum(profile.seconds.values())
    parts = sorted(profile.seconds.items(), key=lambda part: -part[1])
    print("    " + ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in parts))


def warm(device: DopantNetwork) -> DopantNetwork:
    """The device with its kernels compiled, which takes seconds where they aren't cached."""
    device.warm_up()
    return device


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=Path, help="a surrogate network (.npz) to time as well")
    parser.add_argument("--dopant", action="store_true", help="time the standard dopant network as well")
    parser.add_argument("--seconds", type=float, default=3.0, help="of the bench in each run")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    devices: dict[str, tuple[Callable[[], Device], float]] = {"smooth device": (lambda: SmoothDevice(3), 10.0)}
    if options.device is not None:
        devices[f"real device {options.device.name}"] = (lambda: SurrogateDevice.from_npz(options.device), 4.0)
    if options.dopant:
        layout = standard_layout("n16")
        # 150 and 10 kS/s: the master equation is solved for every sample.
        devices["dopant network n16, numba"] = (lambda: warm(DopantNetwork(layout, compiled=True)), 1.5)
        devices["dopant network n16, numpy"] = (lambda: DopantNetwork(layout, compiled=False), 0.1)
    cases = max(2 * WARM_UP, round(options.seconds * RATE_HZ / (SLOPE + SETTLE + PERIODS * PERIOD)))
    claims = Claims()
    with threadpool_limits(limits=1):
        for name, (make, target) in devices.items():
            for block in (500, 1000, 2000):
                speeds = [play(make_loop(make(), block, None), cases) for _ in range(options.repeats)]
                best = min(speeds, key=lambda speed: speed.processor)
                quickest = min(speed.wall for speed in speeds)
                claims.state(
                    f"closed loop, {name}, {ELECTRODES} electrodes, 100 kS/s, blocks of {block / 100:g} ms, one core",
                    f">= {target:g} times real time",
                    f"{1 / best.processor:.1f} (by the wall clock {1 / quickest:.1f})",
                    1 / best.processor >= target,
                )
                print_profile(make, block, cases)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
