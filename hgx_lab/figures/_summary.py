"""The result of a training run in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from hgx_lab.figures._history import History, history
from hgx_lab.records import Record
from hgx_lab.signals.significance import sign_confidence, std_of_mean

__all__ = ["CaseResult", "RunSummary", "TrainingResult", "summary"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one input case gave in the end: A, and the target."""

    name: str
    target: float
    output: float
    output_std: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The best iteration of a training run and its validation; None where there isn't one yet.

    ``iterations`` are those in the record, ``first_iteration`` and ``last_iteration`` their numbers: a run that
    continues another counts on from it. ``sign_confidence`` is NaN where nothing has an error bar.
    """

    iterations: int
    first_iteration: int | None
    last_iteration: int | None
    restarts: int
    best_iteration: int | None
    best_loss: float | None
    last_loss: float | None
    sign_confidence: float | None  # of the best iteration
    validations: int
    accuracy: float | None  # of the validations on the training cases, or of the best iteration
    margin: float | None  # A; the smallest of the validations
    threshold: float | None  # A
    test_accuracy: float | None
    controls: dict[str, float]  # V, at the best iteration
    cases: tuple[CaseResult, ...]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run was, how it ended, and what came out."""

    path: Path
    run_id: str
    experiment: str
    status: str
    reason: str
    started: datetime | None
    duration_seconds: float | None
    version: str
    commit: str
    checkpoints: int
    events: dict[str, int]  # how many of each kind
    training: TrainingResult | None


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _training(data: History) -> TrainingResult:
    best = data.best
    loss = data.iterations["loss"].values
    trained, every = data.trained, data.validation
    validated = trained.sizes["validation"]
    rows = trained if validated else data.iterations.isel(iteration=[] if best is None else [best])
    merit = {name: rows[name].values[np.isfinite(rows[name].values)] for name in ("accuracy", "margin", "threshold")}
    test = every["accuracy"].values[every["set"].values == 1]
    outputs, std = rows["outputs"].values, rows["outputs_std"].values
    cases = zip(data.cases, data.target, range(len(data.cases)), strict=True)
    return TrainingResult(
        iterations=data.number.size,
        first_iteration=int(data.number[0]) if data.number.size else None,
        last_iteration=int(data.number[-1]) if data.number.size else None,
        restarts=data.restarts.size,
        best_iteration=None if best is None else int(data.number[best]),
        best_loss=None if best is None else float(loss[best]),
        last_loss=_number(loss[-1]) if loss.size else None,
        sign_confidence=None if best is None else _confidence(data, best),
        validations=validated,
        accuracy=float(merit["accuracy"].mean()) if merit["accuracy"].size else None,
        margin=float(merit["margin"].min()) if merit["margin"].size else None,
        threshold=float(merit["threshold"].mean()) if merit["threshold"].size else None,
        test_accuracy=float(test.mean()) if test.size else None,
        controls={}
        if best is None
        else dict(zip(data.controls, map(float, data.iterations["controls"].values[best]), strict=True)),
        cases=tuple(
            CaseResult(name, float(target), float(outputs[:, i].mean()), _std_of_mean(outputs[:, i], std[:, i]))
            for name, target, i in cases
        )
        if len(outputs)
        else (),
    )


def _confidence(data: History, position: int) -> float:
    values, std = (data.iterations[name].values[position] for name in ("derivative", "derivative_std"))
    return sign_confidence(values, std)


def _std_of_mean(outputs: Any, std: Any) -> float:
    """Of n repeats: from what each says of itself, or from their scatter if that says more."""
    count = len(outputs)
    scatter = float(outputs.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    return float(np.maximum(std_of_mean(std), scatter))  # NaN where one of them has no error bar


def summary(record: Record) -> RunSummary:
    """Summarise a record of any kind; ``training`` is None unless it is one of a training run."""
    origin = record.provenance
    started = datetime.fromisoformat(origin["started"]) if origin.get("started") else None
    program: dict[str, Any] = origin.get("program") or {}
    git: dict[str, Any] = program.get("git") or {}
    kinds = [event.kind for event in record.events]
    return RunSummary(
        path=record.path,
        run_id=record.run_id,
        experiment=str(record.header.get("experiment", "")),
        status=record.status,
        reason=record.reason,
        started=started,
        duration_seconds=None if started is None else max(0.0, record.last_flush - started.timestamp()),
        version=str(program.get("version") or ""),
        commit=str(git.get("commit") or "") + ("+" if git.get("dirty") else ""),
        checkpoints=record.checkpoints,
        events={kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        training=_training(history(record)) if {"iterations", "validation"} <= set(record.tables) else None,
    )
