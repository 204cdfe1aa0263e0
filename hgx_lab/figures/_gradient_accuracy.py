"""Derivatives measured in different ways against each other."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, SymmetricalLogLocator
from numpy.typing import NDArray

from hgx_lab.figures._style import QUIET, colours, dress, si_scale
from hgx_lab.records import Record
from hgx_lab.signals.agreement import r_squared

__all__ = ["gradient_accuracy_figure"]

#: Title, and column and label on the two axes.
_PANELS = (
    ("Whole periods", ("single", "one at a time"), ("multi", "all at once")),
    ("Low-pass chain", ("low_pass_single", "one at a time"), ("low_pass_multi", "all at once")),
    ("Against the truth", ("exact", "exact"), ("multi", "all at once")),
    ("Finite differences", ("finite_difference", "DC steps"), ("multi", "all at once")),
)
#: Up to so many electrodes are named.
_MOST_NAMES = 10


def gradient_accuracy_figure(record: Record) -> Figure:
    """Draw a ``gradient-accuracy`` record: one panel for each pair of columns that was measured."""
    settings = record["settings"]
    names = [str(n) for n in settings["tone"].values]
    columns = {name: settings[name].values for panel in _PANELS for name, _ in panel[1:]}
    shown = [p for p in _PANELS if np.isfinite(columns[p[1][0]] + columns[p[2][0]]).any()] or [_PANELS[0]]
    figure = Figure(figsize=(3.05 * len(shown) + 0.5, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    palette = colours(len(names))
    factor, unit = si_scale(_middling(columns["multi"]), "A/V")
    for number, (axes, (title, (left, left_label), (right, right_label))) in enumerate(
        zip(np.atleast_1d(figure.subplots(1, len(shown))), shown, strict=True)
    ):
        x, y = columns[left] * factor, columns[right] * factor
        _scatter(axes, x, y, names, palette, labelled=number == 0)
        dress(axes, f"{'abcd'[number]}  {title}", f"{right_label} ({unit})", f"{left_label} ({unit})")
    header = record.header
    text = f"{settings.sizes['setting']} settings, {header['spacing']:g} Hz spacing, {header['window']:g} s windows"
    figure.suptitle(text, x=0.01, ha="left", fontsize=9, color="0.35")
    return figure


def _scatter(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], names: list[str], palette: list[str], *, labelled: bool
) -> None:
    """All pairs with the line of equality, in a square that holds the reference."""
    most = 1.08 * float(np.nanmax(np.abs(x), initial=1e-30))
    axes.plot([-most, most], [-most, most], color=QUIET, linewidth=0.8, zorder=0)
    if most > 60 * (usual := _middling(x)):
        _stretch(axes, usual)
    size = 3.0 if len(x) > 300 else 8.0
    for k, (name, colour) in enumerate(zip(names, palette, strict=True)):
        label = f"{name} {_text(r_squared(x[:, k], y[:, k]))}" if labelled and len(names) <= _MOST_NAMES else None
        axes.scatter(x[:, k], y[:, k], s=size, color=colour, linewidths=0, alpha=0.7, label=label, rasterized=True)
    axes.set(xlim=(-most, most), ylim=(-most, most), aspect="equal")
    axes.text(0.05, 0.95, f"$R^2$ = {_text(r_squared(x, y))}", transform=axes.transAxes, va="top", fontsize=9)
    if labelled and len(names) <= _MOST_NAMES:
        axes.legend(
            frameon=False, fontsize=6, loc="lower right", handletextpad=0.1, labelspacing=0.15, borderpad=0.0,
            markerscale=2.0 if size < 5 else 1.2,
        )  # fmt: skip


def _middling(values: NDArray[np.float64]) -> float:
    """Median of the sizes that are known."""
    known = np.abs(values[np.isfinite(values)])
    return float(np.median(known)) if known.size else 1.0


def _stretch(axes: Axes, usual: float) -> None:
    """Logarithmic beyond about the usual size, so that one strong electrode doesn't hide the others."""
    threshold = 10.0 ** np.ceil(np.log10(max(usual, 1e-300)))
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("symlog", linthresh=threshold, linscale=1.0)
        axis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=threshold))
        axis.set_minor_locator(NullLocator())


def _text(share: float) -> str:
    """As many decimals as tell it from 1."""
    return f"{share:.4f}" if share > 0.99 else f"{share:.2f}"
