"""The experiment ``abundance``: how often random controls compute each of the six gates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import AbundanceRun
from hgx_lab.experiments._gates import CASES, GATE_NAMES, case_names, count_gates, gate_margins, solves
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._tones import silent_tones
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats

__all__ = ["ABUNDANCE"]

#: Of the random settings.
_PURPOSE = 0x6A7E5
#: Best settings of each gate that are listed.
_LISTED = 5
_FLUSH_EVERY = 50
#: From each case to the next only one input changes.
_PLAYED: Final[tuple[int, ...]] = (0, 1, 3, 2)


def _declare(run: AbundanceRun) -> Declaration:
    electrodes = [e.name for e in run.electrodes]
    cases, gates, size = len(CASES), len(GATE_NAMES), len(electrodes)
    settings = (
        Column("volts", (cases, size), unit="V", dims=("case", "electrode"), description="Voltages of each case."),
        Column("current", (cases,), unit="A", dims=("case",), description="Mean current of each case."),
        Column("current_std", (cases,), unit="A", dims=("case",), description="Its standard deviation."),
        Column("margin", (gates,), unit="A", dims=("gate",), description="Gap between the classes of each gate."),
        Column("overload", (cases,), dtype="uint8", dims=("case",), description="1 where the input clipped."),
    )
    shares = (
        Column("gate_index", dtype="int32", description="Which gate, by its place in gate."),
        Column("solved", dtype="int64", description="Settings that compute it."),
        Column("tried", dtype="int64", description="Settings tried."),
        Column("share", description="Share that computes it."),
        Column("share_low", description="Lower end of the 95 % interval of Clopper and Pearson."),
        Column("share_high", description="Upper end of the 95 % interval of Clopper and Pearson."),
    )
    best = (
        Column("gate_index", dtype="int32", description="Which gate, by its place in gate."),
        Column("setting", dtype="int64", description="Number of the setting."),
        Column("margin", unit="A", description="Its margin."),
        Column("volts", (size,), unit="V", dims=("electrode",), description="Its voltages; inputs at logic 0."),
    )
    labels = (
        Coordinate("electrode", electrodes),
        Coordinate("case", case_names()),
        Coordinate("gate", list(GATE_NAMES)),
    )
    tables = (
        TableSpec("settings", settings, "setting_row"),
        TableSpec("abundance", shares, "abundance_row"),
        TableSpec("best", best, "best_row"),
    )
    return Declaration(tables, labels, {"margin": run.margin, "inputs": list(run.inputs)})


def _volts(run: AbundanceRun) -> Floats:
    """Voltages of every setting and case, (settings, cases, electrodes)."""
    volts = np.repeat(random_points(run, run.settings, purpose=_PURPOSE, room=0.0)[:, None], len(CASES), axis=1)
    names = [e.name for e in run.electrodes]
    for which, (name, levels) in enumerate(run.inputs.items()):
        volts[:, :, names.index(name)] = [levels[bits[which]] for bits in CASES]
    return volts


def _plateaus(run: AbundanceRun, lab: Laboratory, volts: Floats) -> Iterator[Plateau]:
    settle = lab.samples(run.settle)
    for setting in volts:
        for case in _PLAYED:
            yield Plateau(setting[case], np.zeros(1), settle, run.timing.periods)


def _measure(run: AbundanceRun, lab: Laboratory) -> MeasurementResult:
    volts = _volts(run)
    margins = np.empty((run.settings, len(GATE_NAMES)))
    solved = np.zeros(len(GATE_NAMES), dtype=np.int64)
    writer = lab.session.writer
    with closing(lab.measure(silent_tones(run), lab.known_response(), _plateaus(run, lab, volts))) as readings:
        for number in range(run.settings):
            played = {case: next(readings) for case in _PLAYED}
            cases = [played[case] for case in range(len(CASES))]
            current = np.array([reading.window.mean[0] for reading in cases])
            margins[number] = gate_margins(current[None])[0]
            writer.append(
                "settings",
                volts=volts[number],
                current=current,
                current_std=np.array([reading.window.mean_std[0] for reading in cases]),
                margin=margins[number],
                overload=np.array([reading.overload for reading in cases], dtype=np.uint8),
            )
            if (number + 1) % _FLUSH_EVERY == 0:
                writer.flush()
            solved += solves(margins[number], run.margin)
            shares = zip(GATE_NAMES, solved / (number + 1), strict=True)
            lab.audience.progress(number + 1, run.settings, "  ".join(f"{gate} {s:.1%}" for gate, s in shares))
    return _conclude(run, lab, volts, margins)


def _conclude(run: AbundanceRun, lab: Laboratory, volts: Floats, margins: Floats) -> MeasurementResult:
    writer = lab.session.writer
    counts = count_gates(margins, run.margin)
    for index, count in enumerate(counts):
        writer.append(
            "abundance",
            gate_index=index,
            solved=count.solved,
            tried=count.tried,
            share=count.share,
            share_low=count.low,
            share_high=count.high,
        )
        for setting in np.argsort(-margins[:, index], kind="stable")[:_LISTED]:
            if margins[setting, index] > 0:
                writer.append(
                    "best",
                    gate_index=index,
                    setting=setting,
                    margin=margins[setting, index],
                    volts=volts[setting, 0],
                )
    writer.flush()
    shares = ", ".join(f"{c.gate} {c.share:.1%}" for c in counts)
    return MeasurementResult(
        f"Of {run.settings} random settings compute {shares}.", {c.gate.lower(): c.share for c in counts}
    )


def _forecast(run: AbundanceRun) -> Forecast:
    volts = _volts(run)
    path = volts[:, list(_PLAYED)].reshape(-1, volts.shape[2])
    slopes = float(np.abs(np.diff(path, axis=0)).max(axis=1).sum()) / run.timing.slope
    each = run.settle + run.timing.periods * run.tones.period
    return Forecast(
        len(path) * each + slopes,
        run.settings,
        tuple(path.min(axis=0).tolist()),
        tuple(path.max(axis=0).tolist()),
        f"{run.settings} settings of 4 cases",
    )


ABUNDANCE = Measurement("abundance", _declare, _measure, _forecast)
