"""Validate the dopant network: claims and the figures that were found, one a line.

    python scripts/validate_dopant.py [--quick]

Mean field against kinetic Monte Carlo, derivatives against differences, conservation laws, abundance of logic
gates on the standard device, each gate confirmed by Monte Carlo, and the speed of streams.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant import DopantNetwork, monte_carlo, standard_layout

Floats = NDArray[np.float64]

#: Input electrodes of the gates (driven electrodes, counted from 0), volts of the four cases.
INPUTS, LOW, HIGH = (2, 3), -0.5, 0.5
GATES = {
    "AND": (0, 0, 0, 1),
    "OR": (0, 1, 1, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
    "XOR": (0, 1, 1, 0),
    "XNOR": (1, 0, 0, 1),
}


def claim(what: str, figure: str, passed: bool) -> bool:
    print(f"{'pass' if passed else 'FAIL'}  {what}: {figure}", flush=True)
    return passed


def against_monte_carlo(name: str, vectors: int, draws: int) -> bool:
    layout = standard_layout(name)
    volts = np.random.default_rng(1).uniform(-1, 1, (7, vectors))
    walked = monte_carlo(layout, volts, draws=draws, copies=16, seed=2)
    solved = DopantNetwork(layout, compiled=False).solve(volts).currents[layout.output]
    scale = np.sqrt(np.mean(walked.output**2))
    correlation = float(np.corrcoef(walked.output, solved)[0, 1])
    difference = np.sqrt(np.mean((walked.output - solved) ** 2)) / scale
    error = np.sqrt(np.mean(walked.error**2)) / scale
    return claim(
        f"{name}: mean field against kinetic Monte Carlo over {vectors} vectors, correlation >= 0.999",
        f"{correlation:.6f}; rms difference {difference:.2%} of the rms current {scale * 1e9:.0f} nA, "
        f"of which statistics {error:.2%}",
        correlation >= 0.999,
    )


def derivatives(name: str, vectors: int) -> bool:
    network = DopantNetwork(standard_layout(name), compiled=False)
    volts = np.random.default_rng(3).uniform(-1, 1, (7, vectors))
    gradient, hessian = network.jacobian(volts)[0], network.hessian(volts)[0]
    first, second = gradient.copy(), hessian.copy()
    for electrode in range(7):
        step = 1e-5 * np.eye(7)[:, [electrode]]
        up, down = network.solve(volts + step).currents[7], network.solve(volts - step).currents[7]
        first[electrode] -= (up - down) / 2e-5
        second[electrode] -= (network.jacobian(volts + step) - network.jacobian(volts - step))[0] / 2e-5
    one = float(np.median(np.linalg.norm(first, axis=0) / np.linalg.norm(gradient, axis=0)))
    two = float(np.median(np.linalg.norm(second, axis=(0, 1)) / np.linalg.norm(hessian, axis=(0, 1))))
    slopes, points = network.terminal_jacobian(volts)[0], network.solve(volts)
    common = np.max(np.abs(slopes.sum(axis=0))) / np.max(np.abs(slopes))
    kirchhoff = np.max(np.abs(points.currents.sum(axis=0))) / np.max(np.abs(points.currents))
    negative = np.mean(gradient < 0)
    results = [
        claim(f"{name}: adjoint against central differences, median <= 1e-6", f"{one:.1e}", one <= 1e-6),
        claim(f"{name}: Hessian against differences of gradients, median <= 1e-6", f"{two:.1e}", two <= 1e-6),
        claim(f"{name}: sum of dI/dV over all electrodes is 0", f"{common:.1e} relative", common < 1e-9),
        claim(f"{name}: sum of all currents is 0", f"{kirchhoff:.1e} relative", kirchhoff < 1e-9),
        claim(f"{name}: derivatives of both signs exist", f"{negative:.0%} are negative", 0.05 < negative < 0.95),
    ]
    return all(results)


def gates(controls: int, draws: int) -> bool:
    layout = standard_layout()
    rng = np.random.default_rng(4)
    volts = np.repeat(rng.uniform(-1, 1, (7, controls, 1)), 4, axis=2)
    volts[INPUTS[0]], volts[INPUTS[1]] = (LOW, LOW, HIGH, HIGH), (LOW, HIGH, LOW, HIGH)
    currents = DopantNetwork(layout, compiled=False).solve(volts.reshape(7, -1)).currents[layout.output]
    currents = currents.reshape(controls, 4)
    largest, rms = np.percentile(np.abs(currents), 98) * 1e9, np.sqrt(np.mean(currents**2)) * 1e9
    results = [
        claim(
            "n16: currents are of the order of 100 nA",
            f"rms {rms:.0f}, 98 % within {largest:.0f} nA",
            bool(30 < rms < 300),
        )
    ]
    for gate, table in GATES.items():
        high = np.array(table, dtype=bool)
        margin = currents[:, high].min(axis=1) - currents[:, ~high].max(axis=1)
        share, wide = np.mean(margin > 0), np.mean(margin > 1e-9)
        best = int(np.argmax(margin))
        walked = monte_carlo(layout, volts[:, best], draws=draws, copies=16, seed=5)
        confirmed = walked.output[high].min() - walked.output[~high].max()
        error = float(np.max(walked.error))
        results.append(
            claim(
                f"n16: {gate} is abundant and confirmed by Monte Carlo",
                f"{share:.1%} of {controls} random controls ({wide:.1%} by 1 nA or more); widest margin "
                f"{margin[best] * 1e9:.1f} nA, by Monte Carlo {confirmed * 1e9:.1f} +- {error * 1e9:.1f} nA",
                bool(share >= {"XOR": 0.05, "XNOR": 0.03}.get(gate, 0.1) and confirmed > 3 * error),
            )
        )
    return all(results)


def tones(samples: int, rate: float, amplitude: float) -> Floats:
    """Seven tones about a random point with enough noise that no voltage vector comes twice."""
    rng = np.random.default_rng(6)
    frequencies = np.array([580, 625, 545, 510, 475, 430, 655.0])[:, None]
    phase = rng.uniform(0, 2 * np.pi, (7, 1))
    volts = rng.uniform(-1, 1, (7, 1)) + amplitude * np.sin(2 * np.pi * frequencies * np.arange(samples) / rate + phase)
    return volts + 1e-9 * rng.standard_normal(volts.shape)


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """Processor seconds, the best of several."""
    best = np.inf
    for _ in range(repeats):
        start = time.thread_time()
        action()
        best = min(best, time.thread_time() - start)
    return best


def speed(name: str, samples: int) -> bool:
    results = []
    layout = standard_layout(name)
    for rate, amplitude in ((10e3, 0.01), (100e3, 0.01), (10e3, 0.05)):
        volts = tones(samples, rate, amplitude)
        for compiled in (True, False):
            network = DopantNetwork(layout, compiled=compiled)
            if compiled:
                start = time.perf_counter()
                network.warm_up()
                warm = time.perf_counter() - start

            def stream(network: DopantNetwork = network, volts: Floats = volts) -> Floats:
                network.reset()
                return network.current(volts)

            taken = seconds(stream)
            again = seconds(lambda network=network, volts=volts: network.current(volts))
            deviation = np.max(np.abs(stream()[0] - network.solve(volts).currents[7]))
            what = "numba" if compiled else "numpy"
            results.append(
                claim(
                    f"{name}: stream, 7 tones of {amplitude * 1e3:.0f} mV at {rate / 1e3:.0f} kS/s, {what}",
                    f"{samples / taken / 1e3:.1f} kS/s of new voltages, {samples / again / 1e3:.0f} kS/s of known "
                    f"ones; at most {deviation * 1e9:.1e} nA from the cold solve"
                    + (f"; warm-up {warm:.2f} s" if compiled else ""),
                    bool(deviation < 1e-5 * 1e-9 * 100),
                )
            )
    return all(results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer draws and samples")
    quick = parser.parse_args().quick
    draws = 20_000 if quick else 100_000
    passed = [
        against_monte_carlo("n16", 40, draws),
        against_monte_carlo("n40", 40, 2 * draws),
        derivatives("n16", 100),
        derivatives("n40", 40),
        gates(500 if quick else 3000, draws),
        speed("n16", 2000 if quick else 10_000),
        speed("n40", 1000),
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
