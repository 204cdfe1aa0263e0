"""Error of derivatives and direction of the gradient against integration time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from hgx_lab.figures._style import BEST, LOW, QUIET, dress
from hgx_lab.records import Record

__all__ = ["convergence_figure"]

_NANO, _MILLI = 1e9, 1e3
_X = "Integration time (ms)"


def convergence_figure(record: Record) -> Figure:
    """Draw a ``convergence`` record: the error with its bound, and how far the direction is from the true one."""
    figure = Figure(figsize=(8.0, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    error, direction = figure.subplots(1, 2)
    dress(error, "Error of a derivative", "Error (nA/V, rms)", _X)
    dress(direction, "Direction of the gradient", "1 - cosine to the true gradient", _X)
    if record.rows("summary"):
        _draw_error(error, record)
        _draw_direction(direction, record)
    return figure


def _draw_error(axes: Axes, record: Record) -> None:
    table, points = record["summary"], record["points"]
    time = table["duration"].values * _MILLI
    each = np.sqrt(np.mean(points["error"].values ** 2, axis=2)) * _NANO
    for row in each:
        axes.plot(time, row, color=QUIET, lw=0.5, alpha=0.6, zorder=0)
    axes.plot(time, table["bound"].values * _NANO, color="black", lw=1.0, ls="--", label=r"$\sqrt{S/T}/a$")
    axes.errorbar(
        time, table["error"].values * _NANO, table["error_std"].values * _NANO,
        color=LOW, fmt="o", ms=4, mfc="white", lw=1.0, label="scatter of the blocks",
    )  # fmt: skip
    exact = table["exact_error"].values * _NANO
    if np.isfinite(exact).any():
        axes.plot(time, exact, "x", color=BEST, ms=5, label="from the exact derivative")
    axes.set_xscale("log")
    axes.set_yscale("log")
    # The error often spans a single power of ten, whose labels alone would leave an axis without numbers.
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, fontsize=7.5)


def _draw_direction(axes: Axes, record: Record) -> None:
    table = record["summary"]
    time = table["duration"].values * _MILLI
    away = 1 - table["cosine"].values
    # Towards long times the difference from 1 is below the noise of the estimate, and may be negative.
    axes.plot(time, np.where(away > 0, away, np.nan), "o-", color=LOW, ms=4, mfc="white", lw=1.0, label="measured")
    exact = 1 - table["exact_cosine"].values
    if np.isfinite(exact).any():
        axes.plot(time, exact, "x", color=BEST, ms=5, label="to the exact gradient")
    good = float(record.header["good_cosine"])
    axes.axhline(1 - good, color=QUIET, lw=0.8, ls="--", zorder=0)
    axes.annotate(
        f"cosine {good:g}", (time[-1], 1 - good), xytext=(0, 2), textcoords="offset points",
        ha="right", fontsize=7.5, color=QUIET,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=7.5)
