"""Compare losses, optimizers and restart rules on a surrogate network of a real device, without a bench.

    python scripts/tune_learning.py DEVICE.npz [--task gates|sphere] [--starts 50] [--seed 0]

The network (`W0`, `b0`, ... ReLU layers; `voltage_ranges` in V; `amplification` in nA) gives outputs and exact
derivatives; white noise of the size that a 0.1 s window leaves is added to both. Each row of the table is a set of
learning settings: how many of the starts solved each gate within the budget, and the median iterations of all starts.
A start is solved when the true margin, not the measured one, reaches the goal at the iteration that stops it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from hgx_lab.learning import (
    GATES,
    Adam,
    Box,
    Correlation,
    CorrelationSigmoid,
    Fisher,
    GradientDescent,
    Logistic,
    Loss,
    Momentum,
    Optimizer,
    RestartPolicy,
    Task,
    boolean_gate,
    chain_rule,
    random_start,
    score,
    sphere,
)

OUTPUT_NOISE = 0.05e-9  # A rms
DERIVATIVE_NOISE = 1e-9  # A/V rms: 1e-5 nA^2/Hz in 0.1 s on 10 mV
TONE_PEAK = 0.02  # V, kept free between controls and limits
GATE_LEVELS = {"3": (-1.2, 0.6), "5": (-0.5, 0.3)}
SPHERE_LEVELS = {"2": (-1.2, 0.6), "3": (-1.2, 0.6), "5": (-0.7, 0.3)}


class Network:
    """A ReLU network as a device: (points, electrodes) in V -> currents in A and derivatives in A/V."""

    def __init__(self, path: Path) -> None:
        """Read the network; its file holds plain arrays only."""
        with np.load(path, allow_pickle=False) as data:
            layers = sum(name.startswith("W") for name in data.files)
            self.weights = [data[f"W{i}"].astype(float) for i in range(layers)]
            self.biases = [data[f"b{i}"].astype(float) for i in range(layers)]
            self.ranges = data["voltage_ranges"].astype(float)
            self.scale = float(data["amplification"]) * 1e-9

    def __call__(self, volts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Currents (points,) and derivatives (points, electrodes)."""
        layer, active = volts, []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = layer @ weight.T + bias
            active.append(layer > 0)
            layer = layer * active[-1]
        current = layer @ self.weights[-1][0] + self.biases[-1][0]
        slope = np.broadcast_to(self.weights[-1][0], layer.shape)
        for weight, mask in zip(self.weights[-2::-1], active[::-1], strict=True):
            slope = (slope * mask) @ weight
        return current * self.scale, slope * self.scale


@dataclass(frozen=True)
class Settings:
    """One row of the table."""

    name: str
    loss: Loss
    optimizer: Callable[[Box], Optimizer]
    restarts: Callable[[], RestartPolicy]


@dataclass(frozen=True)
class Outcome:
    """What one start came to; iterations include those before restarts."""

    solved: bool
    iterations: int
    accuracy: float
    test_accuracy: float


def train(device: Network, task: Task, settings: Settings, seed: int, *, budget: int, margin: float) -> Outcome:
    """One training from a random start, stopped by the measured margin (A) or by the budget."""
    rng = np.random.default_rng(seed)
    inputs = [int(name) for name in task.input_names]
    controls = [k for k in range(len(device.ranges)) if k not in inputs]
    box = Box(device.ranges[controls, 0] + TONE_PEAK, device.ranges[controls, 1] - TONE_PEAK)
    optimizer, policy = settings.optimizer(box), settings.restarts()
    targets = task.training.targets
    spread = np.full((len(targets), box.size), DERIVATIVE_NOISE)

    def volts(cases: np.ndarray, point: np.ndarray) -> np.ndarray:
        full = np.empty((len(cases), len(device.ranges)))
        full[:, inputs], full[:, controls] = cases, point
        return full

    point = random_start(box, rng)
    best, best_point = (-1.0, -np.inf), point
    iterations = 0
    for iterations in range(1, budget + 1):
        current, slopes = device(volts(task.training.inputs, point))
        measured = current + rng.normal(0, OUTPUT_NOISE, current.shape)
        slopes = slopes[:, controls] + rng.normal(0, DERIVATIVE_NOISE, spread.shape)
        verdict = score(measured, targets)
        if (verdict.accuracy, verdict.margin) > best:
            best, best_point = (verdict.accuracy, verdict.margin), point
        if verdict.margin >= margin:
            break
        loss = settings.loss.evaluate(measured, targets)
        if policy.observe(iterations, loss.value, point):
            optimizer.reset()
            point = random_start(box, rng)
        else:
            gradient, _ = chain_rule(loss.gradient, slopes, spread)
            point = optimizer.step(point, gradient)
    final = score(device(volts(task.training.inputs, best_point))[0], targets)
    test = final
    if task.test is not None:
        test = score(device(volts(task.test.inputs, best_point))[0], task.test.targets, final.threshold)
    return Outcome(final.margin >= 1e-9, iterations, final.accuracy, test.accuracy)


def candidates() -> list[Settings]:
    """The settings that are compared; the first are the recommended ones."""

    def quick_adam(box: Box) -> Optimizer:
        return Adam(box, 0.2, 0.7, 0.9)

    def policy() -> RestartPolicy:
        return RestartPolicy(10)

    logistic = Logistic(3e-9)
    return [
        Settings("logistic 3 nA, Adam 200 mV (0.7, 0.9)", logistic, quick_adam, policy),
        Settings("  without restarts", logistic, quick_adam, lambda: RestartPolicy(10, 0)),
        Settings("  patience 3", logistic, quick_adam, lambda: RestartPolicy(3)),
        Settings("  patience 30", logistic, quick_adam, lambda: RestartPolicy(30)),
        Settings("  Adam 100 mV (0.7, 0.9)", logistic, lambda box: Adam(box, 0.1, 0.7, 0.9), policy),
        Settings("  Adam 50 mV (0.9, 0.999)", logistic, lambda box: Adam(box, 0.05), policy),
        Settings("  momentum 0.1 V², 0.7", logistic, lambda box: Momentum(box, 0.1, 0.7, largest_step=0.2), policy),
        Settings("  descent 0.1 V²", logistic, lambda box: GradientDescent(box, 0.1, largest_step=0.2), policy),
        Settings("correlation-sigmoid, Adam 200 mV (0.7, 0.9)", CorrelationSigmoid(), quick_adam, policy),
        Settings("  Adam 50 mV (0.9, 0.999)", CorrelationSigmoid(), lambda box: Adam(box, 0.05), policy),
        Settings(
            "  descent 0.01 V²",
            CorrelationSigmoid(),
            lambda box: GradientDescent(box, 0.01, largest_step=0.2),
            policy,
        ),
        Settings("correlation, Adam 200 mV (0.7, 0.9)", Correlation(), quick_adam, policy),
        Settings("Fisher, Adam 200 mV (0.7, 0.9)", Fisher(), quick_adam, policy),
    ]


def gates_table(device: Network, starts: int, seed: int) -> Table:
    """Share of starts that solved each gate, with median and 90th percentile of the iterations."""
    table = Table(title=f"{starts} random starts, 300 iterations with restarts: solved, median / 90 % iterations")
    table.add_column("settings", no_wrap=True)
    for gate in GATES:
        table.add_column(gate, justify="right", no_wrap=True)
    for settings in candidates():
        cells: list[str] = []
        for gate in GATES:
            task = boolean_gate(gate, GATE_LEVELS)
            outcomes = [
                train(device, task, settings, seed + start, budget=300, margin=1.2e-9) for start in range(starts)
            ]
            spent = [outcome.iterations if outcome.solved else 300 for outcome in outcomes]
            solved = np.mean([outcome.solved for outcome in outcomes])
            cells.append(f"{solved:.0%} {np.median(spent):.0f}/{np.percentile(spent, 90):.0f}")
        table.add_row(settings.name, *cells)
    return table


def sphere_table(device: Network, starts: int, seed: int) -> Table:
    """Accuracy on training and test points after the whole budget; the best point of the training is tested."""
    table = Table(title=f"sphere on electrodes {', '.join(SPHERE_LEVELS)}, {starts} starts, 300 iterations")
    for name in ("settings", "training, median (best)", "test, median (best)"):
        table.add_column(name, no_wrap=True)
    task = sphere(SPHERE_LEVELS, radius=0.5, gap=0.2, training=100, test=200, seed=seed)
    for settings in candidates()[:1] + candidates()[8:9]:
        outcomes = [train(device, task, settings, seed + start, budget=300, margin=np.inf) for start in range(starts)]
        cells = [
            f"{np.median(values):.1%} ({max(values):.1%})"
            for values in ([o.accuracy for o in outcomes], [o.test_accuracy for o in outcomes])
        ]
        table.add_row(settings.name, *cells)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", type=Path, help="surrogate network, .npz")
    parser.add_argument("--task", choices=("gates", "sphere"), default="gates")
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    make = gates_table if arguments.task == "gates" else sphere_table
    Console(width=130).print(make(Network(arguments.device), arguments.starts, arguments.seed))


if __name__ == "__main__":
    main()
