"""Count false alarms and found faults of the self-test over many seeded simulated benches.

Usage: python scripts/verify_self_test.py [BENCHES]
"""

from __future__ import annotations

import sys
from collections import Counter

from hgx_lab.config import parse_run_file
from hgx_lab.config.self_test import SelfTest
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments._bench import open_bench
from hgx_lab.experiments._self_test import self_test

RUN = """
name: wires
seed: {seed}
bench: {{kind: simulated, rate: 50 kHz, device: {{kind: smooth, seed: {seed}}}{more}}}
electrodes:
  - {{name: e0, role: input, limits: [-1 V, 1 V]}}
  - {{name: e1, role: input, limits: [-1 V, 1 V]}}
  - {{name: e2, role: control, limits: [-1 V, 1 V]}}
  - {{name: e3, role: control, limits: [-1 V, 1 V]}}
  - {{name: e4, role: control, limits: [-1 V, 1 V]}}
tones: {{period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}}
task: {{kind: gate, gate: AND, inputs: {{e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}}}
"""

#: What is put wrong, and how the complaint begins.
FAULTS = {
    "healthy": ("", ""),
    "open": (", wiring: [{kind: open, electrodes: [e1]}]", "e1 is open"),
    "dead-output": (", wiring: [{kind: dead-output, electrodes: [e3]}]", "e3 is open"),
    "shorted": (", wiring: [{kind: shorted, electrodes: [e0, e4]}]", "e0 and e4 are shorted"),
    "dead-input": (", wiring: [{kind: dead-input}]", "The input read"),
}


def complaint(seed: int, more: str) -> str:
    """What the self-test says of a bench; empty if it passes."""
    run = parse_run_file(RUN.format(seed=seed, more=more))
    bench = open_bench(run)
    try:
        self_test(run, bench, SelfTest(), hear=lambda message: None, interrupted=lambda: None)
    except SelfTestError as error:
        return error.message
    finally:
        bench.card.close()
    return ""


def main() -> None:
    """Print how often each fault was named and nothing else was."""
    benches = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    right: Counter[str] = Counter()
    for seed in range(benches):
        for name, (more, begins) in FAULTS.items():
            said = complaint(seed, more)
            single = said.count(" is open") + said.count(" are shorted") <= 1
            good = said.startswith(begins) and single if begins else not said
            right[name] += good
            if not good:
                sys.stdout.write(f"seed {seed}, {name}: {said or 'nothing found'}\n")
    for name in FAULTS:
        sys.stdout.write(f"{name}: right on {right[name]} of {benches} smooth devices\n")


if __name__ == "__main__":
    main()
