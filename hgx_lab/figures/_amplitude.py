"""Error of derivatives against the amplitude of the tones."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from hgx_lab.figures._style import BEST, HIGH, LOW, QUIET, dress
from hgx_lab.records import Record

__all__ = ["amplitude_figure"]

_NANO, _MILLI = 1e9, 1e3


def amplitude_figure(record: Record) -> Figure:
    """Draw an ``amplitude`` record: total error with its parts, the two laws, and the best amplitude."""
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    window = float(record.header["window_seconds"])
    dress(axes, f"Error of a derivative in {window * _MILLI:g} ms", "Error (nA/V, rms)", "Amplitude of the tones (mV)")
    if not record.rows("laws"):
        return figure
    errors, law = record["errors"], record["laws"].isel(row=0)
    amplitude = errors["amplitude"].values
    a = np.geomspace(amplitude[0], amplitude[-1], 100)
    noise, bias = law["noise"].item() / a, law["third"].item() * a**2 / 8
    axes.plot(a * _MILLI, noise * _NANO, color=LOW, lw=1.2, ls="--", label=r"noise $\sqrt{S/T}/a$")
    low = 0.3 * float(errors["total"].min()) * _NANO
    if law["third"].item() > 0:
        axes.plot(a * _MILLI, bias * _NANO, color=HIGH, lw=1.2, ls="--", label=r"bias $a^2 f'''/8$")
        axes.plot(a * _MILLI, np.hypot(noise, bias) * _NANO, color="black", lw=1.2, label="both")
        best = law["best_amplitude"].item() * _MILLI
        label = rf"$(32\,S/(T f'''^2))^{{1/6}}$ = {best:.3g} mV"
        axes.axvline(best, color=QUIET, lw=1.0, ls=":", zorder=0, label=label)
    for name, colour, marker, label in (
        ("noise", LOW, "v", "scatter of the windows"),
        ("bias", HIGH, "^", "distance from the limit"),
        ("total", "black", "o", "total"),
        ("exact", BEST, "x", "error against the exact derivative"),
    ):
        y = errors[name].values * _NANO
        if np.isfinite(y).any():
            shown = np.where(y > 0, y, np.nan)  # what is within the noise has no place on a logarithmic axis
            axes.plot(amplitude * _MILLI, shown, marker, color=colour, mfc="white", ms=5, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=low)
    for axis in (axes.xaxis, axes.yaxis):  # little more than a power of ten, whose labels alone would be few
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, fontsize=7.5)
    return figure
