"""Derivatives and phases against frequency, before and after the chain is taken out."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.figures._style import BEST, HIGH, LOW, QUIET, colours, dress, si_text
from hgx_lab.records import Record

__all__ = ["frequency_response_figure"]

_X = "Tone frequency (Hz)"


def frequency_response_figure(record: Record) -> Figure:
    """Draw a ``frequency-response`` record: size, phase, deviation, and the quadrature of stray capacitances."""
    figure = Figure(figsize=(8.0, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    size, phase, deviation, quadrature = figure.subplots(2, 2, sharex=True).flat
    size.set_xscale("log")
    dress(size, "In-phase part", "Relative to low frequencies", "")
    dress(phase, "Phase", "Phase (degrees)", "")
    dress(deviation, "Deviation of derivatives", "Relative to low frequencies", _X)
    dress(quadrature, "Quadrature", r"Quadrature (nA/V)", _X)
    if record.rows("deviations"):
        _draw_size(size, record)
        _draw_phase(phase, record)
        _draw_deviation(deviation, record)
    if record.rows("responses"):
        _draw_quadrature(quadrature, record)
    return figure


def _draw_size(axes: Axes, record: Record) -> None:
    rows = record["responses"]
    frequency = rows["frequency"].values
    trusted = frequency <= max(float(record.header["trusted_hz"]), frequency[0])
    reference = rows["derivative"].values[:, trusted].mean(axis=1, keepdims=True)
    for name, colour, style in (("raw", HIGH, "o"), ("derivative", LOW, "s")):
        # Each row in proportion to its own derivative: a sum of squares doesn't suffer from rows near zero.
        ratio = np.sum(rows[name].values * reference, axis=0) / np.sum(reference**2)
        axes.plot(frequency, ratio, style + "-", color=colour, ms=3.5, lw=1.0)
    axes.axhline(1.0, color=QUIET, lw=0.8, ls=":", zorder=0)
    axes.axhline(0.0, color=QUIET, lw=0.8, zorder=0)


def _draw_phase(axes: Axes, record: Record) -> None:
    table = record["deviations"]
    x = table["frequency"].values
    axes.plot(x, table["raw_phase"].values, "o-", color=HIGH, ms=3.5, lw=1.0, label="as read")
    axes.plot(x, table["phase"].values, "s-", color=LOW, ms=3.5, lw=1.0, label="chain taken out")
    if table["raw_phase"].values.min() < -60:
        axes.axhline(-90.0, color=QUIET, lw=0.8, ls="--", zorder=0)
        axes.annotate("signs turn", (x[0], -90.0), xytext=(0, 2), textcoords="offset points", fontsize=7.5, color=QUIET)
    axes.axhline(0.0, color=QUIET, lw=0.8, zorder=0)
    axes.legend(frameon=False, fontsize=7.5, loc="lower left", bbox_to_anchor=(0.0, 0.1))


def _draw_deviation(axes: Axes, record: Record) -> None:
    table = record["deviations"]
    x = table["frequency"].values
    noise, tolerance = table["noise"].values, float(record.header["tolerance"])
    for name, colour, style, label in (
        ("raw", HIGH, "o-", "as read"),
        ("corrected", LOW, "s-", "chain taken out"),
        ("exact", BEST, "^-", "from the exact derivative"),
    ):
        y = table[name].values
        if np.isfinite(y).any():
            # The noise is put back: without it many points would be zero within errors, and lost on this axis.
            axes.plot(x, np.hypot(y, noise), style, color=colour, ms=3.5, lw=1.0, label=label)
    axes.plot(x, noise, color="black", lw=1.0, ls=":", label="noise alone")
    axes.axhline(tolerance, color=QUIET, lw=0.8, ls="--", zorder=0)
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=7.5)


def _draw_quadrature(axes: Axes, record: Record) -> None:
    rows = record["responses"]
    frequency = rows["frequency"].values
    names = record.coordinate("tone_electrode").values
    palette = colours(len(names))
    for row in range(rows.sizes["row"]):
        tone = int(rows["tone"].values[row])
        y = np.abs(rows["quadrature"].values[row]) * 1e9
        axes.plot(frequency, y, ".", ms=3.5, color=palette[tone], alpha=0.8)
    if record.rows("strays"):
        strays = record["strays"]
        for name, colour, farads, std in zip(
            names, palette, strays["capacitance"].values, strays["capacitance_std"].values, strict=True
        ):
            label = f"{name}: {si_text(farads, 'F', std)}"
            axes.plot(frequency, 2 * np.pi * frequency * abs(farads) * 1e9, color=colour, lw=1.0, label=label)
        axes.legend(frameon=False, fontsize=7.5, title=r"$2\pi f C$", title_fontsize=7.5)
    axes.set_yscale("log")
