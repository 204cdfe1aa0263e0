"""Guarded runs that are killed at random calls of their card: where the outputs end, and how fast they moved.

    python scripts/verify_guardian.py [--kills N] [--seed N]

The card is the tests' fake of NI's driver behind a gRPC server in this process; the run and its guardian are processes
of their own. Each run is killed by SIGKILL inside one of the first 3000 calls after its first sample was written:
calibration, training, between two streams. Every sample at the device is kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from verify_claims import Claims  # noqa: E402

from hgx_drivers.simulated import FastClock, SimulatedCard  # noqa: E402
from hgx_lab.config import SimulatedBench, parse_run_file  # noqa: E402
from hgx_lab.experiments import simulated_plant  # noqa: E402
from tests.doors.ni_devices import x_series  # noqa: E402
from tests.doors.ni_engine import NiRig  # noqa: E402
from tests.doors.ni_grpc import serving  # noqa: E402

REST = np.array([0.1, 0.0, -0.2, 0.0])
RATE_HZ, SLEW = 20e3, 5e3
_LATEST = 3000
_PATIENCE_SECONDS = 90.0
BENCH = "bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, remote: '%s'}"
SIMULATED = "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: {kind: smooth, seed: 5}}"
RUN = """
experiment: train
name: guarded
seed: 4
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.6 V, rest: -0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.5 V}
safety: {slew: 5 kV/s, guardian: true}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
stop: {iterations: 100000}
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """Furthest output from rest when killed and at the end, V; fastest move over the slew limit; seconds to rest."""

    before: float
    after: float
    slew: float
    seconds: float


def kill_one(when: int) -> Killed:
    """Kill a run in a call of its card and wait for its guardian."""
    plan = parse_run_file(SIMULATED + RUN)
    if not isinstance(plan.bench, SimulatedBench):
        raise TypeError("The bench behind the fake is a simulated one.")
    card = SimulatedCard(simulated_plant(plan, plan.bench), FastClock())
    rig, seen = NiRig([x_series()], card), list[np.ndarray]()
    process, call = card.plant.process, rig.call
    calls: list[str] = []
    before: list[float] = []
    killed: list[float] = []

    def keep(volts: np.ndarray) -> np.ndarray:
        seen.append(volts.copy())
        return process(volts)

    def counted(function: str, *arguments: object) -> Any:
        if calls or function == "write_analog":
            calls.append(function)
        if len(calls) == when and not killed:
            os.kill(run.pid, signal.SIGKILL)
            killed.append(time.monotonic())
            levels = card.levels()
            before.append(float(np.abs(levels - REST).max()) if levels.size else 0.0)
        return call(function, *arguments)

    card.plant.process, rig.call = keep, counted  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder, serving(rig) as server:
        file, record = Path(folder) / "run.yaml", Path(folder) / "run.h5"
        file.write_text(BENCH % server.remote + RUN, encoding="utf-8")
        command = [sys.executable, "-m", "hgx_lab.cli", "run", str(file), "--output", str(record), "--quiet"]
        run = subprocess.Popen(command)
        run.wait()
        log = record.with_name("run.h5.guardian.log")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (log.exists() and "are at rest" in log.read_text(encoding="utf-8")):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        seconds = time.monotonic() - killed[0]
        after = float(np.abs(card.levels() - REST).max())
    steps = np.abs(np.diff(np.concatenate(seen, axis=1), axis=1)).max() * RATE_HZ / SLEW
    return Killed(before[0], after, float(steps), seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = np.random.default_rng(options.seed).integers(1, _LATEST, options.kills)
    found = [kill_one(int(when)) for when in moments]
    claims = Claims()
    up = sum(one.before > 0.05 for one in found)
    claims.at_most(
        f"furthest output from rest after {options.kills} kills, {up} with outputs up",
        1e3 * max(one.after for one in found),
        1.0,
        " mV",
    )
    claims.at_most("fastest move of any output, of its slew limit", 100 * max(one.slew for one in found), 100.1, " %")
    claims.at_most("from kill to rest, longest", max(one.seconds for one in found), 10.0, " s")
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
