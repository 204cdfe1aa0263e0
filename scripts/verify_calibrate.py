"""What ``hgx calibrate`` finds on a simulated bench, against what the bench hides.

    python scripts/verify_calibrate.py [--benches N] [--seed N]

Every bench draws a delay of 0 to 200 samples (every other one whole, the rest fractional), a pole of 0.5 to 20 kHz
(log-uniform), a gain error of up to 20 %, an offset of 0.5 to 1 V of either sign (the 1/f noise
wanders by some mV, whatever the length of the measurement) and stray capacitances of up to 1 pF; a
reference of 10 MOhm stands between one electrode and the input. Noise as published, seeded with the bench, 100 kS/s,
sequences of 300 mV.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from verify_claims import Claims

from hgx_lab.config import parse_run_file
from hgx_lab.config.bench import SimulatedBench
from hgx_lab.experiments import Reference, calibrate_bench, simulated_plant
from hgx_lab.signals import ChainResponse

RATE_HZ = 100e3
#: The share of the rate up to which lines are fitted was chosen on the benches of seed 1; this one was declared later.
FRESH_SEED = 26112502
OHMS = 10e6
RUN = """\
experiment: noise
name: bench
seed: {seed}
bench:
  kind: simulated
  rate: 100 kHz
  delay: {delay!r}
  gain_error: {gain!r}
  offset: {offset!r}
  stray_capacitance: {strays}
  device: {{kind: linear, conductances: [100 nA/V, 0 A/V, 0 A/V]}}
  amplifier: {{gain: 100 nA/V, bandwidth: {pole!r}, clip: 4 V}}
electrodes:
  - {{name: e0, role: control, limits: [-1 V, 1 V]}}
  - {{name: e1, role: control, limits: [-1 V, 1 V]}}
  - {{name: e2, role: control, limits: [-1 V, 1 V]}}
safety: {{slew: 100 kV/s}}
tones: {{amplitude: 300 mV}}
"""


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one bench: delay in samples, pole, gain and offset relative, offset in volts, phase in degrees up to 5 kHz."""

    delay: float
    pole: float
    gain: float
    offset: float
    offset_volts: float
    phase: float


def errors_of(number: int, seed: int) -> Errors:
    """Draw a bench, calibrate it, compare."""
    rng = np.random.default_rng([seed, number])
    delay = float(rng.integers(0, 201)) if number % 2 else float(rng.uniform(0, 200))
    pole = float(np.exp(rng.uniform(np.log(500), np.log(20e3))))
    gain = float(rng.uniform(-0.2, 0.2))
    offset = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.0))
    strays = [float(c) for c in rng.uniform(0, 1e-12, 3)]
    noise = int(rng.integers(1, 2**31))
    text = RUN.format(seed=noise, delay=delay / RATE_HZ, gain=gain, offset=offset, pole=pole, strays=strays)
    run = parse_run_file(text)
    with tempfile.TemporaryDirectory() as folder:
        found = calibrate_bench(
            run, record=Path(folder) / "run.h5", max_delay=2.1e-3, duration=10.0, reference=Reference("e0", OHMS)
        )
    if not isinstance(run.bench, SimulatedBench):
        raise TypeError("The run file above is of a simulated bench.")
    plant = simulated_plant(run, run.bench)
    plant.configure(RATE_HZ)
    frequencies = np.linspace(100.0, 5e3, 50)
    true_gain = (1 + gain) / run.bench.amplifier.gain
    true = plant.response(frequencies) / true_gain
    measured = ChainResponse.from_dict(found.response)(frequencies)
    return Errors(
        abs(found.delay_samples - delay),
        abs((found.pole_hz or np.inf) / pole - 1),
        abs((found.converter.gain_volts_per_ampere or 0.0) / true_gain - 1),
        abs(found.converter.offset_volts / offset - 1),
        abs(found.converter.offset_volts - offset),
        float(np.degrees(np.max(np.abs(np.angle(measured / true))))),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benches", type=int, default=40)
    parser.add_argument("--seed", type=int, default=FRESH_SEED)
    options = parser.parse_args()
    with threadpool_limits(limits=1):
        found = [errors_of(number, options.seed) for number in range(options.benches)]
    where = f"worst of {options.benches} random benches"
    claims = Claims()
    claims.at_most(f"delay, 0 to 200 samples, {where}", max(e.delay for e in found), 0.1, " samples")
    claims.at_most(f"phase of the chain up to 5 kHz, {where}", max(e.phase for e in found), 1.0, " degrees")
    claims.at_most(f"pole, 0.5 to 20 kHz, {where}", 100 * max(e.pole for e in found), 1.0, " %")
    claims.at_most(f"absolute gain with a reference, {where}", 100 * max(e.gain for e in found), 1.0, " %")
    claims.at_most(f"offset, {where}", 100 * max(e.offset for e in found), 1.0, " %")
    claims.at_most(f"offset, absolute, {where}", 1e3 * max(e.offset_volts for e in found), 10.0, " mV")
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
