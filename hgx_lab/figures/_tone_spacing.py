"""Error of a derivative against the spacing of the tones, measured and expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hgx_lab.figures._style import HIGH, LOW, QUIET, colours, dress
from hgx_lab.records import Record

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["tone_spacing_figure"]

#: The published channel's line is so much weaker than those beside it; the electrode nearest to it is drawn.
_PUBLISHED_RATIO = 2.05
_NANO_SQUARED = 1e18
#: What the measured error may differ from the theory, drawn as a band.
_TOLERANCE = 0.15


def tone_spacing_figure(record: Record) -> Figure:
    """Draw a ``tone-spacing`` record: errors of one electrode against spacing, and of all over what is expected."""
    spacings = record["spacings"]
    figure = Figure(figsize=(8.6, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1.0])
    if spacings.sizes["spacing"]:
        spacings = spacings.sortby("spacing")
        _draw_errors(left, spacings, int(record.header["repeats"]))
        _draw_ratios(right, spacings)
    return figure


def _chosen(spacings: xr.Dataset) -> int:
    """The electrode whose neighbours are most like the published ones."""
    ratio = spacings["neighbours"].values[0]
    return int(np.argmin(np.abs(np.log(np.where(np.isfinite(ratio), ratio, 1e9) / _PUBLISHED_RATIO))))


def _draw_errors(axes: Axes, spacings: xr.Dataset, repeats: int) -> None:
    chosen = _chosen(spacings)
    hertz = spacings["spacing"].values
    one = {str(name): spacings[name].values[:, chosen] * _NANO_SQUARED for name in spacings if name != "neighbours"}
    ratio = float(spacings["neighbours"].values[0, chosen])
    axes.fill_between(hertz, one["low_pass_equal"], one["low_pass_weak"], color="0.90", lw=0, zorder=0)
    for name, text in (("low_pass_weak", "20 times weaker"), ("low_pass_equal", "equally strong")):
        axes.plot(hertz, one[name], color="0.65", lw=0.9, zorder=1)
        axes.annotate(
            text, (hertz[0], one[name][0]), xytext=(-3, 0), textcoords="offset points", fontsize=7,
            color="0.45", rotation=90, ha="right", va="top",
        )  # fmt: skip
    spread = np.sqrt(2.0 / repeats)
    name = str(spacings["tone"].values[chosen])
    label = f"low-pass chain ({name}, {ratio:.2f} times weaker)"
    axes.plot(hertz, one["low_pass_expected"], color="black", lw=1.4, zorder=2, label="theory")
    axes.plot(
        hertz, one["low_pass_alone"], color="black", lw=1.0, ls="--", zorder=2, label="theory, one electrode at a time"
    )
    _points(axes, hertz, one["low_pass_measured"], spread, HIGH, label)
    axes.plot(hertz, one["expected"], color=LOW, lw=1.4, zorder=2)
    _points(axes, hertz, one["measured"], spread, LOW, "whole periods")
    axes.set_yscale("log")
    top = 3 * float(np.nanmax(one["low_pass_weak"]))
    axes.set_ylim(0.3 * float(np.nanmin(one["expected"])), top)
    axes.set_xlim(0, 1.04 * hertz[-1])
    dress(axes, "a  Error of a derivative", r"Mean squared error (nA$^2$/V$^2$)", "Spacing of the tones (Hz)")
    axes.legend(frameon=False, fontsize=7, loc="upper right")


def _points(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], spread: float, colour: str, label: str) -> None:
    axes.errorbar(
        x,
        y,
        yerr=y * spread,
        fmt="o",
        ms=4.5,
        color=colour,
        mec="white",
        mew=0.5,
        elinewidth=1.0,
        zorder=4,
        label=label,
    )


def _draw_ratios(axes: Axes, spacings: xr.Dataset) -> None:
    hertz = spacings["spacing"].values
    names = [str(n) for n in spacings["tone"].values]
    axes.axhspan(1 - _TOLERANCE, 1 + _TOLERANCE, color="0.93", lw=0, zorder=0)
    axes.axhline(1.0, color=QUIET, lw=0.8, zorder=1)
    step = float(np.min(np.diff(hertz), initial=hertz[-1])) / 12
    for kind, shift, marker in (("", -step, "o"), ("low_pass_", step, "s")):
        ratio = (spacings[f"{kind}measured"] / spacings[f"{kind}expected"]).values
        for k, colour in enumerate(colours(len(names))):
            axes.plot(hertz + shift, ratio[:, k], marker, ms=2.8, mew=0, color=colour, alpha=0.75, zorder=2)
        label = "low-pass chain" if kind else "whole periods"
        axes.plot(
            hertz + shift, ratio.mean(axis=1), marker, ms=5.5, mfc="white", mec=HIGH if kind else LOW, mew=1.3,
            zorder=3, label=f"{label}, mean",
        )  # fmt: skip
    far = float(np.nanmax(np.abs((spacings["measured"] / spacings["expected"]).values - 1), initial=0.0))
    most = max(0.3, 1.2 * far)
    axes.set_ylim(1 - most, 1 + most)
    dress(axes, "b  All electrodes", "Measured over expected", "Spacing of the tones (Hz)")
    axes.legend(frameon=False, fontsize=7, loc="upper right", ncols=2)
