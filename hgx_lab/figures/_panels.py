"""The panels of a training run, each drawn into axes that the caller owns."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
    SymmetricalLogLocator,
)
from numpy.typing import NDArray

from hgx_lab.figures._history import History
from hgx_lab.figures._style import BEST, QUIET, colours, dress, label_ends, si_scale
from hgx_lab.signals.significance import has_error_bar, std_of_mean

__all__ = [
    "draw_line",
    "plot_controls",
    "plot_derivatives",
    "plot_gradient",
    "plot_loss",
    "start_panel",
    "stretches",
]

_MOST_LABELS = 10
#: How a line is drawn whose error bars aren't known, at one iteration or more.
NO_ERROR_BAR: Any = (0, (1, 2))


def start_panel(axes: Axes, data: History) -> bool:
    """Mark restarts; say so, and return False, when there is nothing to draw yet."""
    if not data.number.size:
        axes.text(0.5, 0.5, "no iterations yet", transform=axes.transAxes, ha="center", color=QUIET)
        axes.set_xticks([])
        axes.set_yticks([])
        return False
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    first, last = data.number[0], data.number[-1]
    axes.set_xlim(first - 0.03 * (last - first) - 0.3, last + 0.015 * (last - first) + 0.3)
    for position in data.restarts:
        axes.axvline(float(data.number[position]) - 0.5, color=QUIET, lw=0.8, ls=(0, (4, 3)), zorder=0)
    return True


def stretches(data: History) -> list[slice]:
    """The stretches of iterations between restarts: a line doesn't run across a restart."""
    edges = [0, *(int(r) for r in data.restarts), data.number.size]
    return [slice(a, b) for a, b in pairwise(edges)]


def draw_line(
    axes: Axes, data: History, y: NDArray[Any], colour: str, std: NDArray[Any] | None = None, style: Any = "-"
) -> None:
    """A line over the iterations, with a band of one standard deviation on both sides; dotted where there is none."""
    # A stretch of a single iteration would be invisible as a line.
    marker = "." if data.number.size < 15 else ""
    if std is not None and not has_error_bar(std).all():
        style = NO_ERROR_BAR
    for part in stretches(data):
        x, level = data.number[part], y[part]
        lone = "." if len(x) == 1 else marker
        axes.plot(x, level, color=colour, lw=1.2, ls=style, marker=lone, ms=4)
        if std is not None:
            axes.fill_between(x, level - std[part], level + std[part], color=colour, alpha=0.25, lw=0)


def plot_loss(axes: Axes, data: History) -> None:
    """Loss over the iterations, logarithmic where it is positive, with the best and the restarts marked."""
    dress(axes, "Loss", "Loss")
    if not start_panel(axes, data):
        return
    loss = data.iterations["loss"].values
    best = data.best
    if best is None:
        return
    draw_line(axes, data, loss, "#333333")
    low, high = np.nanmin(loss), np.nanmax(loss)
    if low > 0:
        axes.set_yscale("log")
        if high < 30 * low:  # powers of ten alone would leave an axis without numbers
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
    for position in data.restarts[:1]:
        axes.annotate(
            "restart", (data.number[position] - 0.5, 0.02), xycoords=("data", "axes fraction"), xytext=(2, 0),
            textcoords="offset points", rotation=90, va="bottom", fontsize=7, color=QUIET,
        )  # fmt: skip
    axes.plot(data.number[best], loss[best], "o", ms=6, mfc="none", mec=BEST, mew=1.6, zorder=3)
    # Never over the curve: the best is its lowest point.
    late = best > data.number.size / 2
    axes.annotate(
        f"best {loss[best]:.3g}",
        (data.number[best], loss[best]),
        xytext=(-7 if late else 7, -3),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        fontsize=8,
        color=BEST,
    )
    axes.margins(y=0.12)


def plot_controls(axes: Axes, data: History) -> None:
    """Control voltages over the iterations between their limits."""
    limits = np.stack([data.minimum, data.maximum])
    common = bool(np.isfinite(limits).all() and (np.ptp(limits, axis=1) == 0).all())
    dress(axes, "Controls and limits" + ("" if common else " (bars)"), "Voltage (V)")
    if not start_panel(axes, data):
        return
    values = data.iterations["controls"].values
    palette = colours(len(data.controls))
    for level, colour in zip(values.T, palette, strict=True):
        draw_line(axes, data, level, colour)
    if common:
        for limit in limits[:, 0]:
            axes.axhline(limit, color=QUIET, lw=0.9, ls=":", zorder=0)
    else:  # a bar at the right for each control's own limits; ten lines across would hide the controls
        for k, colour in enumerate(palette):
            for limit in limits[np.isfinite(limits[:, k]), k]:
                axes.axhline(limit, xmin=0.95, color=colour, lw=2.0, zorder=0)
    _label(axes, data.controls, values, palette)


def plot_derivatives(axes: Axes, data: History, case: int | None = None) -> None:
    """Derivative of the output to each control, of one case or the mean over all, with one-sigma bands."""
    values, std = (data.iterations[name].values for name in ("derivative", "derivative_std"))
    if case is None:
        title, level = "Derivatives, mean over cases", values.mean(axis=1)
        spread = std_of_mean(std, axis=1)
    else:
        title, level, spread = f"Derivatives, case {data.cases[case]}", values[:, case], std[:, case]
    factor, unit = si_scale(level, "A/V")
    dress(axes, title, rf"$\mathrm{{d}}I/\mathrm{{d}}V$ ({unit})")
    _bands(axes, data, factor * level, factor * spread)


def plot_gradient(axes: Axes, data: History) -> None:
    """Derivative of the loss to each control, with one-sigma bands; logarithmic beyond the usual if it varies much."""
    dress(axes, "Gradient of the loss", r"$\mathrm{d}E/\mathrm{d}V$ (1/V)")
    gradient = data.iterations["gradient"].values
    sizes = np.abs(gradient[np.isfinite(gradient) & (gradient != 0)])
    if sizes.size and sizes.max() > 30 * np.median(sizes):
        power = int(np.ceil(np.log10(sizes.max()))) - 3  # three decades on each side can still be read
        axes.set_yscale("symlog", linthresh=10.0**power, linscale=0.5)
        axes.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=10.0**power))
        axes.yaxis.set_minor_locator(NullLocator())
    _bands(axes, data, gradient, data.iterations["gradient_std"].values)


def _bands(axes: Axes, data: History, level: NDArray[Any], std: NDArray[Any]) -> None:
    if not start_panel(axes, data):
        return
    palette = colours(len(data.controls))
    axes.axhline(0.0, color=QUIET, lw=0.7, zorder=0)
    for y, sigma, colour in zip(level.T, std.T, palette, strict=True):
        draw_line(axes, data, y, colour, sigma)
    if not has_error_bar(std).all():
        axes.text(0.99, 0.02, "dotted: no error bar", transform=axes.transAxes, ha="right", fontsize=7, color=QUIET)
    _label(axes, data.controls, level, palette)


def _label(axes: Axes, names: list[str], values: NDArray[Any], palette: list[str]) -> None:
    if len(names) <= _MOST_LABELS:
        label_ends(axes, names, values[-1], palette)
