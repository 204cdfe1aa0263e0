from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hgx_lab.records import RecordWriter, training_coordinates, training_tables

CONTROLS = ["c1", "c2", "c3", "c4", "c5"]
CASES = ["00", "01", "10", "11"]
TARGETS = np.array([0.0, 1.0, 1.0, 0.0])
LIMIT = 0.9


class Device:
    """A smooth device with known derivatives: the current of each case is a sum of a few tanh."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.W = rng.normal(size=(len(CASES), 6, len(CONTROLS)))
        self.b = rng.normal(size=(len(CASES), 6))
        self.a = 12e-9 * rng.normal(size=6)

    def outputs(self, V: np.ndarray) -> np.ndarray:
        return np.tanh(self.W @ V + self.b) @ self.a

    def derivative(self, V: np.ndarray) -> np.ndarray:
        slope = 1 - np.tanh(self.W @ V + self.b) ** 2
        return np.einsum("h,ch,chk->ck", self.a, slope, self.W)


def loss(outputs: np.ndarray) -> float:
    rho = np.corrcoef(outputs, TARGETS)[0, 1]
    gap = outputs[TARGETS > 0.5].min() - outputs[TARGETS < 0.5].max()
    return (1.1 - rho) / (1 / (1 + np.exp(-(gap - 5e-9) / 3e-9)) + 0.05)


def row_of(device: Device, V: np.ndarray, rng: np.random.Generator, number: int, restart: int) -> dict:
    outputs, derivative = device.outputs(V), device.derivative(V)
    derivative = derivative + rng.normal(size=derivative.shape) * 1.0e-9
    slopes = [(loss(outputs + 1e-13 * e) - loss(outputs - 1e-13 * e)) / 2e-13 for e in np.eye(len(CASES))]
    gradient = np.array(slopes) @ derivative
    high, low = outputs[TARGETS > 0.5].min(), outputs[TARGETS < 0.5].max()
    threshold = (high + low) / 2
    return {
        "iteration": number, "sample": 12000 * number, "restart": restart, "controls": V, "outputs": outputs,
        "outputs_std": np.full(len(CASES), 0.25e-9), "derivative": derivative,
        "derivative_std": np.full(derivative.shape, 1.0e-9), "quadrature": np.zeros(derivative.shape),
        "gradient": gradient, "gradient_std": np.abs(slopes) @ np.full(derivative.shape, 0.5e-9),
        "sign_confidence": 1.0, "loss": loss(outputs),
        "accuracy": float(np.mean((outputs > threshold) == (TARGETS > 0.5))),
        "margin": high - low, "threshold": threshold, "learning_rate": 0.02, "duty": 0.9, "latency_samples": 1200,
    }  # fmt: skip


@pytest.fixture
def training_record(tmp_path: Path) -> Callable[..., Path]:
    """Makes records of a training run on the smooth device, as the experiments write them."""

    def make(
        name: str = "xor",
        *,
        iterations: int = 80,
        validations: int = 3,
        restart_at: int = 22,
        limits: tuple[list[float], list[float]] | None = None,
        test_cases: int = 0,
        status: str | None = "completed",
        first: int = 0,
        blind: bool = False,
    ) -> Path:
        rng = np.random.default_rng(11)
        device = Device(rng)
        low, high = limits or ([-LIMIT] * 5, [LIMIT] * 5)
        names = (["e1", "e2", *CONTROLS], CONTROLS, CASES, ["out"])
        path = tmp_path / f"{name}.h5"
        writer = RecordWriter.create(
            path,
            header={"experiment": "train", "run_file": {"task": "xor"}, "title": "XOR on the smooth device"},
            tables=training_tables(*names, test_cases=test_cases),
            coordinates=training_coordinates(
                *names, control_minimum=low, control_maximum=high, targets=TARGETS.tolist()
            ),
            reserve_bytes=0,
        )
        best: dict = {"loss": np.inf}
        V = rng.uniform(-0.6, 0.6, 5)
        for number in range(iterations):
            if number == restart_at:
                V = rng.uniform(-0.6, 0.6, 5)
            row = row_of(device, V, rng, first + number, int(number >= restart_at))
            if blind:
                row |= {n: np.full_like(row[n], np.nan) for n in row if n.endswith("_std")} | {
                    "sign_confidence": np.nan
                }
            writer.append("iterations", **row)
            best = min(best, row, key=lambda r: r["loss"])
            step = row["gradient"] / (np.abs(row["gradient"]).max() + 1e-12)
            V = np.clip(V - 0.03 * step, low, high)
        for repeat in range(validations):
            for kind, count in ((0, len(CASES)), (1, test_cases)):
                outputs = np.full(max(len(CASES), test_cases), np.nan)
                outputs[:count] = np.resize(best["outputs"], count) + rng.normal(size=count) * 0.2e-9
                if count:
                    writer.append(
                        "validation", iteration=best["iteration"], repeat=repeat, outputs=outputs,
                        outputs_std=np.full(outputs.shape, np.nan if blind else 0.2e-9),
                        accuracy=1.0 if kind == 0 else 0.75, margin=best["margin"], threshold=best["threshold"],
                        set=kind,
                    )  # fmt: skip
        writer.event("restart", 12000 * restart_at, "No progress.")
        writer.flush()
        if status is not None:
            writer.close(status, "Loss below the goal." if status == "completed" else "Stopped by the user.")
        else:
            request_close.append(writer)
        return path

    request_close: list[RecordWriter] = []
    yield make
    for writer in request_close:
        writer.close("stopped")
