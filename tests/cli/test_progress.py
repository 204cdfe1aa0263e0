"""What the terminal and programs are told of iterations whose error bars are there, partly there, and missing."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from hgx_lab.cli._progress import JsonLines, LiveProgress
from hgx_lab.learning.training import Iteration

CASES, CONTROLS = 4, 3


def iteration(std: np.ndarray) -> Iteration:
    slopes = np.full((CASES, CONTROLS), 1e-8)
    k, outputs = np.zeros(CONTROLS), np.zeros(CASES)
    return Iteration(
        index=0, start=0, sample=0, controls=k, outputs=outputs, outputs_std=outputs, derivatives=slopes,
        derivatives_std=std, quadrature=slopes, gradient=k + 1.0, gradient_std=np.sqrt((std**2).sum(axis=0)),
        loss=1.0, score=None, rate=0.1, duty=0.5, latency_samples=10, clipped_cases=0,
    )  # fmt: skip


def bars(*blind: int) -> np.ndarray:
    std = np.full((CASES, CONTROLS), 1e-9)
    std[:, blind] = np.nan
    return std


@pytest.mark.parametrize(
    ("std", "said", "share"),
    [
        (bars(), "signs 100.0%", 1.0),
        (bars(0), "signs 66.6%", 2 / 3),
        (bars(0, 1), "signs 33.3%", 1 / 3),
        (bars(0, 1, 2), "signs unknown", None),
        (np.full((CASES, CONTROLS), 1e-8), "signs 0.0%", 0.0),
        (np.zeros((CASES, CONTROLS)), "signs 100.0%", 1.0),
    ],
)
def test_a_derivative_without_an_error_bar_is_never_sure(
    std: np.ndarray, said: str, share: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(file=StringIO(), width=120)
    LiveProgress(console).iteration(iteration(std))
    assert said in console.file.getvalue()  # type: ignore[attr-defined]
    JsonLines().iteration(iteration(std))
    line = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} isn't JSON"))
    assert line["sign_confidence"] == (None if share is None else pytest.approx(share))
