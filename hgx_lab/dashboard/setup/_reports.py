"""Plan, changes and calibration as HTML for a text view."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from rich.filesize import decimal

from hgx_lab.config import RunFile
from hgx_lab.config.difference import differences
from hgx_lab.errors import HgxError
from hgx_lab.experiments import DryRun, Forecast, forecast
from hgx_lab.live import run_of
from hgx_lab.records import Record, list_records, open_record
from hgx_lab.units import format_quantity

__all__ = ["LastRun", "calibration_report", "changes_report", "last_run", "plan_report"]


class LastRun:
    """The newest record of a folder that can be read: its name, run file, and what its calibration found."""

    def __init__(self, record: Record) -> None:
        self.name = record.path.stem
        self.text = record.run_file_text
        self.calibration = next((e for e in reversed(record.events) if e.kind == "calibrated"), None)
        try:
            self.run: RunFile | None = run_of(record)
        except HgxError:
            self.run = None  # of a version whose run files were others; its text can still be compared


def last_run(folder: Path) -> LastRun | None:
    """The newest run in a folder; None where there is none."""
    if not folder.is_dir():
        return None
    readable = [r for r in list_records(folder) if r.started is not None and not r.error]
    for summary in sorted(readable, key=lambda r: r.started.timestamp() if r.started else 0.0, reverse=True):
        try:
            with open_record(summary.path) as record:
                return LastRun(record)
        except HgxError:
            continue
    return None


def plan_report(run: RunFile) -> str:
    """What a run would do, worked out without touching anything: what ``hgx plan`` prints.

    Raises
    ------
    HgxError
        It would be refused at its start.
    """
    plan = forecast(run)
    parts = [f"<h3>{escape(run.name)}</h3>", f"<p>{escape(run.description)}</p>" if run.description else ""]
    return "".join(parts) + (_training(plan) if isinstance(plan, DryRun) else _measurement(run, plan))


def _training(plan: DryRun) -> str:
    facts = (
        ("Longest duration", _seconds(plan.duration_seconds)),
        ("Iterations", f"at most {plan.iterations}, {_seconds(plan.iteration_seconds)} each"),
        ("Window of a case", _seconds(plan.window_seconds)),
        ("Duty cycle", f"{plan.duty:.0%}"),
        ("Record", f"up to {decimal(plan.record_bytes)}"),
    )
    tones = [
        (
            t.electrode,
            format_quantity(t.frequency_hz, "Hz", digits=6),
            format_quantity(t.amplitude, "V", digits=4),
            "± " + format_quantity(t.gradient_std, "A/V", digits=2),
        )
        for t in plan.tones
    ]
    electrodes = [
        (
            e.electrode,
            e.role,
            f"{_volts(e.lowest)} to {_volts(e.highest)}",
            f"{_volts(e.limits[0])} to {_volts(e.limits[1])}",
            f"{e.slew / e.slew_limit:.0%}",
        )
        for e in plan.electrodes
    ]
    certificate = "Tones off the grid: bridged by joint least squares, no certificate."
    if plan.certificate is not None:
        certificate = plan.certificate.summary()
    return (
        _table((), facts)
        + _table(("tone", "frequency", "peak", "error of a derivative"), tones)
        + "<p>"
        + escape(certificate).replace("\n", "<br>")
        + "</p>"
        + _table(("electrode", "role", "lowest to highest", "limits", "of its slew limit"), electrodes)
    )


def _measurement(run: RunFile, plan: Forecast) -> str:
    rows = [
        (e.name, f"{_volts(low)} to {_volts(high)}", f"{_volts(e.limits[0])} to {_volts(e.limits[1])}")
        for e, low, high in zip(run.electrodes, plan.lowest, plan.highest, strict=True)
    ]
    return f"<p>{escape(plan.text)}; {_seconds(plan.seconds)} on the bench.</p>" + _table(
        ("electrode", "lowest to highest", "limits"), rows
    )


def changes_report(last: LastRun, run: RunFile | None, text: str) -> str:
    """Keys that differ from the last run, and then the lines of the file that do."""
    parts = [f"<h3>Since {escape(last.name)}</h3>"]
    if run is not None and last.run is not None:
        found = differences(last.run, run)
        rows = [(d.path, d.before or "–", d.after or "–") for d in found]
        parts.append(_table(("key", "last run", "now"), rows) if rows else "<p>Every value is the same.</p>")
    lines = list(difflib.unified_diff(last.text.splitlines(), text.splitlines(), "last run", "now", n=1, lineterm=""))
    parts += ["<p>Lines of the file:</p><pre>", *map(_diff_line, lines[2:]), "</pre>"] if lines else []
    return "".join(parts)


def calibration_report(last: LastRun) -> str:
    """What the calibration of the last run found."""
    event = last.calibration
    if event is None:
        return f"<p>{escape(last.name)} was run without measuring delay and pole.</p>"
    rows = [(key.replace("_", " "), _value(value)) for key, value in event.data.items()]
    return f"<h3>Measured by {escape(last.name)}</h3><p>{escape(event.message)}</p>" + _table((), rows)


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _diff_line(line: str) -> str:
    colour = {"+": "#009E73", "-": "#D55E00", "@": "#888888"}.get(line[:1])
    return f'<span style="color:{colour}">{escape(line)}</span>\n' if colour else f"{escape(line)}\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th align="left">{escape(h)}</th>' for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table cellspacing="0" cellpadding="3">{f"<tr>{top}</tr>" if heads else ""}{body}</table>'


def _volts(value: float) -> str:
    return format_quantity(value, "V", digits=4)


def _seconds(value: float) -> str:
    if value < 120:
        return format_quantity(value, "s", digits=3)
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
