"""A summary for the terminal."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hgx_lab.figures._style import si_text
from hgx_lab.figures._summary import RunSummary, TrainingResult
from hgx_lab.signals.significance import signs_text

__all__ = ["render_summary"]

_STATUS_STYLES = {"completed": "green", "running": "cyan", "stopped": "yellow"}


def render_summary(summary: RunSummary) -> Group:
    """A rich renderable of a summary: facts, then outputs against targets."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    state = Text(summary.status, style=_STATUS_STYLES.get(summary.status, "red"))
    if summary.reason:
        state.append(f": {summary.reason}", style="default")
    facts.add_row("Record", Text(str(summary.path)))
    facts.add_row("Experiment", Text(summary.experiment or "–"))
    facts.add_row("Status", state)
    if summary.started is not None and summary.duration_seconds is not None:
        length = timedelta(seconds=round(summary.duration_seconds))
        facts.add_row("Started", f"{summary.started:%Y-%m-%d %H:%M:%S %Z}, written for {length}")
    facts.add_row("Program", f"hgx-lab {summary.version or '–'} {summary.commit[:10]}".rstrip())
    events = ", ".join(f"{count} {kind}" for kind, count in summary.events.items() if kind != "end")
    facts.add_row("Events", Text(events or "none"))
    parts: list[Table | Padding] = [facts]
    if summary.training is not None:
        _add_training(facts, summary.training)
        if summary.training.cases:
            parts.append(Padding(_cases(summary.training), (1, 0, 0, 0)))
    return Group(*parts)


def _add_training(facts: Table, result: TrainingResult) -> None:
    plural = "" if result.restarts == 1 else "s"
    restarts = f", {result.restarts} restart{plural}" if result.restarts else ""
    # Those of a run that continues another don't begin with 0.
    numbers = f" ({result.first_iteration} to {result.last_iteration})" if result.first_iteration else ""
    facts.add_row("Iterations", f"{result.iterations}{numbers}{restarts}")
    if result.best_iteration is not None:
        facts.add_row("Best loss", f"{result.best_loss:.4g} at iteration {result.best_iteration}")
        controls = ", ".join(f"{name} {si_text(volts, 'V')}" for name, volts in result.controls.items())
        facts.add_row("Controls", Text(controls))
        known = signs_text(result.sign_confidence)
        unknown = "unknown: no derivative has an error bar"
        facts.add_row("Signs", unknown if known == "unknown" else f"{known} of the derivatives known beyond 3 sigma")
    if result.accuracy is not None:
        source = f"{result.validations} validations" if result.validations else "the best iteration"
        facts.add_row("Accuracy", f"{result.accuracy:.1%} ({source})")
    if result.test_accuracy is not None:
        facts.add_row("Test accuracy", f"{result.test_accuracy:.1%}")
    facts.add_row("Margin", si_text(result.margin, "A"))


def _cases(result: TrainingResult) -> Table:
    table = Table(title="Outputs", title_justify="left", title_style="bold")
    table.add_column("Case")
    table.add_column("Target", justify="right")
    table.add_column("Output", justify="right")
    table.add_column("From the threshold", justify="right")
    shown = result.cases[:32]
    like = [case.output for case in result.cases]
    for case in shown:
        away = None if result.threshold is None else case.output - result.threshold
        table.add_row(
            Text(case.name),
            f"{case.target:g}",
            si_text(case.output, "A", case.output_std, like=like),
            si_text(away, "A", case.output_std, like=like),
        )
    if len(result.cases) > len(shown):
        table.caption = f"and {len(result.cases) - len(shown)} more"
    return table
