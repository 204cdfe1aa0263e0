"""The panels that show outputs against their targets."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hgx_lab.figures._history import History
from hgx_lab.figures._panels import draw_line, start_panel, stretches
from hgx_lab.figures._style import BEST, HIGH, LOW, QUIET, dress, label_ends, si_scale, si_text

__all__ = ["plot_final_outputs", "plot_outputs"]

_MOST_LABELS = 16


def _colours(data: History) -> list[str]:
    known = np.isfinite(data.target)
    return [QUIET if not k else HIGH if h else LOW for k, h in zip(known, data.high, strict=True)]


def plot_outputs(axes: Axes, data: History) -> None:
    """Output of each case over the iterations with the threshold; the gap between low and high is shaded."""
    outputs, std = data.iterations["outputs"].values, data.iterations["outputs_std"].values
    factor, unit = si_scale(outputs, "A")
    dress(axes, "Outputs", f"Current ({unit})")
    if not start_panel(axes, data):
        return
    palette = _colours(data)
    few = len(data.cases) <= _MOST_LABELS
    for level, sigma, colour in zip(factor * outputs.T, factor * std.T, palette, strict=True):
        draw_line(axes, data, level, colour, sigma if few else None)
    high = data.high
    if high.any() and not high.all():
        top, bottom = outputs[:, high].min(axis=1), outputs[:, ~high].max(axis=1)
        for part in stretches(data):
            low, upper = factor * bottom[part], factor * top[part]
            axes.fill_between(data.number[part], low, upper, where=list(upper > low), color=BEST, alpha=0.12, lw=0)
    draw_line(axes, data, factor * data.iterations["threshold"].values, "black", style=(0, (5, 2)))
    if few:
        label_ends(axes, data.cases, factor * outputs[-1], palette)


def _final(data: History) -> tuple[str, NDArray[np.float64], NDArray[np.float64], float, float] | None:
    """Title, outputs (row, case), their standard deviations, threshold and margin of the last word there is."""
    rows, title = data.trained, "Validation, without tones"
    position: int | slice = slice(None)
    if not rows.sizes["validation"]:
        if data.best is None:
            return None
        rows, title = data.iterations, f"Outputs at the best iteration ({data.number[data.best]})"
        position = slice(data.best, data.best + 1)
    outputs, std = rows["outputs"].values[position], rows["outputs_std"].values[position]
    threshold, margin = rows["threshold"].values[position], rows["margin"].values[position]
    return title, outputs, std, float(threshold.mean()), float(margin.min())


def plot_final_outputs(axes: Axes, data: History) -> None:
    """Output of each case at the end with error bars: of every validation, or else of the best iteration."""
    final = _final(data)
    if final is None:
        dress(axes, "Outputs", "Current (A)", "Case")
        start_panel(axes, data)
        return
    title, outputs, std, threshold, margin = final
    factor, unit = si_scale(outputs, "A")
    dress(axes, title, f"Current ({unit})", "Case")
    count = len(data.cases)
    few = count <= _MOST_LABELS
    shift = 0.3 * (np.arange(len(outputs)) - (len(outputs) - 1) / 2) / max(1, len(outputs))
    for group, colour, marker, name in (
        (data.high, HIGH, "^", "target high"),
        (~data.high & np.isfinite(data.target), LOW, "v", "target low"),
        (~np.isfinite(data.target), QUIET, "o", "no target"),
    ):
        if group.any():
            place = (np.flatnonzero(group) + shift[:, None]).ravel()
            level, sigma = (factor * values[:, group].ravel() for values in (outputs, std))
            axes.errorbar(
                place, level, sigma, fmt=marker, color=colour, ms=5 if few else 3, lw=1, capsize=2, label=name
            )
    axes.axhline(factor * threshold, color="black", lw=0.9, ls=(0, (5, 2)))
    if np.isfinite(margin) and margin > 0 and data.high.any() and not data.high.all():
        top, bottom = outputs[:, data.high].min(), outputs[:, ~data.high].max()
        axes.axhspan(factor * bottom, factor * top, color=BEST, alpha=0.12, lw=0)
    axes.set_xlim(-0.6, count - 0.4)
    if few:
        axes.set_xticks(range(count), data.cases)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.22 * (high - low))  # room for the legend
    axes.legend(
        fontsize=7.5, frameon=False, loc="upper left", ncols=2, borderpad=0.1, handletextpad=0.2, columnspacing=0.8,
        title=f"margin {si_text(margin, 'A')}".replace("-", "−"), title_fontsize=8, alignment="left",
    )  # fmt: skip
