"""Count false alarms and found faults of the self-test over many seeded simulated benches.

Usage: python scripts/verify_self_test.py [HEALTHY [FAULTY [FIRST_SEED]]]

HEALTHY benches of each kind must pass: smooth networks, one for each seed, with 5 electrodes; the dopant network n16
with 7, at other points and in other noise for each seed; the same without stray capacitance. Every fault must be named
in FAULTY benches of each of the first two. Thresholds were chosen on seeds below 1000.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from verify_claims import Claims

from hgx_lab.config import RunFile, change_run_file, parse_run_file
from hgx_lab.config.self_test import SelfTest
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments._bench import open_bench
from hgx_lab.experiments._fingerprint_probe import measure_fingerprint
from hgx_lab.experiments._self_test import self_test
from hgx_lab.experiments._stream import Listening
from hgx_lab.signals import Fingerprint

SMOOTH = """
name: wires
bench: {kind: simulated, rate: 50 kHz, device: {kind: smooth}}
electrodes:
  - {name: e0, role: input, limits: [-1 V, 1 V]}
  - {name: e1, role: input, limits: [-1 V, 1 V]}
  - {name: e2, role: control, limits: [-1 V, 1 V]}
  - {name: e3, role: control, limits: [-1 V, 1 V]}
  - {name: e4, role: control, limits: [-1 V, 1 V]}
tones: {period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}
task: {kind: gate, gate: AND, inputs: {e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}
"""
DOPANT = Path(__file__).parents[1] / "configs" / "xor-dopant.yaml"
#: Benches whose processor time is taken.
_TIMED = 40
_NOBODY = Listening(lambda message: None, lambda: None)


def smooth(seed: int) -> RunFile:
    """Another device for every seed."""
    return change_run_file(parse_run_file(SMOOTH), {"seed": seed, "bench.device.seed": seed})


def dopant(seed: int) -> RunFile:
    """The same device at other points, in other noise."""
    return change_run_file(parse_run_file(DOPANT.read_text(encoding="utf-8")), {"seed": seed})


def no_stray(seed: int) -> RunFile:
    """The dopant network without stray capacitance, which would show a weak electrode."""
    return change_run_file(dopant(seed), {"bench.stray_capacitance": [0.0]})


def fingerprint(run: RunFile) -> Fingerprint:
    """What hgx calibrate would leave."""
    bench = open_bench(run)
    try:
        return measure_fingerprint(run, bench, max_delay=3e-3, listening=_NOBODY)
    finally:
        bench.close()


def complaint(run: RunFile, before: Fingerprint | None = None) -> tuple[str, float]:
    """What the self-test says of a bench, nothing if it passes; and the processor time of it, s."""
    bench = open_bench(run)
    begun = time.process_time()
    try:
        self_test(run, bench, SelfTest(), fingerprint=before, listening=_NOBODY)
    except SelfTestError as error:
        return error.message, time.process_time() - begun
    finally:
        bench.close()
    return "", time.process_time() - begun


@dataclass
class Tally:
    """Benches of one kind: how often the right thing was said, and what else was."""

    benches: int = 0
    right: int = 0
    other: Counter[str] = field(default_factory=Counter)

    def add(self, right: bool, wrong: bool, where: str, said: str) -> None:
        """Count one bench; what is wrong is told."""
        self.benches += 1
        self.right += right
        self.other["wrong"] += wrong
        if wrong:
            sys.stderr.write(f"{where}: {said or 'nothing found'}\n")

    @property
    def text(self) -> str:
        """The figure of a claim."""
        wrong = self.other["wrong"]
        return f"{self.right} of {self.benches}" + (f", {wrong} named another" if wrong else "")


def faults(names: list[str], seed: int) -> dict[str, tuple[dict[str, Any], str]]:
    """What is put wrong, on electrodes drawn by the seed, and how the complaint begins."""
    first, second = sorted(np.random.default_rng([seed, 0xFA]).choice(len(names), 2, replace=False))
    a, b = names[first], names[second]
    return {
        "open": ({"kind": "open", "electrodes": [a]}, f"{a} is open"),
        "dead-output": ({"kind": "dead-output", "electrodes": [b]}, f"{b} is open or its output converter dead"),
        "shorted": ({"kind": "shorted", "electrodes": [a, b]}, f"{a} and {b} are shorted"),
        "swapped": ({"kind": "swapped", "electrodes": [a, b]}, f"{a} and {b} are swapped"),
        "dead-input": ({"kind": "dead-input"}, "The input read"),
        "clipped": ({}, "The input was clipped"),
    }


def tally_healthy(make: Callable[[int], RunFile], seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        before = fingerprint(change_run_file(make(seed), {"seed": seed + 1_000_000}))
        said, _ = complaint(make(seed), before)
        tally.add(not said, bool(said), f"{make.__name__} {seed}, healthy", said)
    return tally


def tally_faults(make: Callable[[int], RunFile], seeds: range) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for seed in seeds:
        healthy = make(seed)
        names = [e.name for e in healthy.electrodes]
        # Measured earlier: in other noise, on the same device.
        before = fingerprint(change_run_file(healthy, {"seed": seed + 1_000_000}))
        for kind, (fault, begins) in faults(names, seed).items():
            changes = {"bench.wiring": [fault]} if fault else {"bench.amplifier.clip": 0.01}
            said, _ = complaint(change_run_file(healthy, changes), before if kind == "swapped" else None)
            alone = said.count(" is open") + said.count(" are shorted") + said.count(" are swapped") <= 1
            right = said.startswith(begins) and alone
            tally = tallies.setdefault(kind, Tally())
            tally.add(right, bool(said) and not right, f"{make.__name__} {seed}, {begins}", said)
    return tallies


def main() -> int:
    """State every claim with its figure."""
    healthy, faulty, first = [int(a) for a in sys.argv[1:]] + [200, 60, 5000][len(sys.argv) - 1 :]
    claims = Claims()
    seeds = range(first, first + healthy)
    for make, text in ((smooth, "smooth devices"), (dopant, "dopant n16"), (no_stray, "dopant n16 without stray")):
        if not healthy:
            break
        tally = tally_healthy(make, seeds)
        claims.at_most(
            f"healthy benches refused, {text}, {tally.benches} benches", tally.benches - tally.right, 0, digits="d"
        )
        seconds = [complaint(make(seed))[1] for seed in seeds[:_TIMED]]
        claims.at_most(
            f"processor time of a healthy test on the fast clock, {text}, median (most {max(seconds):.2f} s)",
            float(np.median(seconds)),
            0.3,
            " s",
            ".2f",
        )
    for make, text, target in ((smooth, "smooth devices", 0.95), (dopant, "dopant n16", 0.8)):
        for kind, tally in tally_faults(make, range(first, first + faulty)).items():
            share = tally.right / tally.benches
            claims.state(f"{kind} named, {text}", f">= {target:.0%}", tally.text, share >= target)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
