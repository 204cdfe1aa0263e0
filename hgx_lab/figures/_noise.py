"""Noise spectrum with its 1/f law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from hgx_lab.figures._style import HIGH, LOW, QUIET, colours, dress
from hgx_lab.records import Record

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["noise_figure"]

#: Density of the published device at 1 kHz, nA^2/Hz.
PUBLISHED = 1e-5
_NANO_SQUARED = 1e18


def noise_figure(record: Record) -> Figure:
    """Draw the spectra of a ``noise`` record with the fitted law of the first point, mains and published level."""
    spectra = record["spectra"]
    frequency = spectra["frequency"].values
    density = spectra["density"].values * _NANO_SQUARED
    figure = Figure(figsize=(5.6, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    dress(axes, "Noise of the output current", r"Power spectral density (nA$^2$/Hz)", "Frequency (Hz)")
    if not len(density):
        return figure
    palette = colours(len(density)) if len(density) > 1 else [LOW]
    for number, (colour, line) in enumerate(zip(palette, density, strict=True)):
        axes.plot(*_thinned(frequency, line), color=colour, lw=0.7, zorder=1, label="measured" if number == 0 else None)
        _mark_disturbances(axes, record, number)
    _draw_law(axes, record)
    axes.plot(1e3, PUBLISHED, "D", ms=5, mfc="white", mec="black", zorder=5, label="published level at 1 kHz")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(frequency[1], frequency[-1])
    axes.legend(frameon=False, fontsize=7.5, loc="lower left")
    return figure


def _thinned(frequency: NDArray[np.float64], line: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The line without what couldn't be told apart on paper: above the first 200, means of 1 % wide stretches."""
    good = np.isfinite(line) & (frequency > 0)
    f, y = frequency[good], line[good]
    if len(f) < 400:
        return f, y
    place = np.arange(len(f))
    group = np.where(place < 200, place, 200 + np.floor(100 * np.log(f / f[200])))
    _, first = np.unique(group, return_index=True)
    count = np.diff(np.append(first, len(f)))
    return np.add.reduceat(f, first) / count, np.add.reduceat(y, first) / count


def _mark_disturbances(axes: Axes, record: Record, number: int) -> None:
    """Grey what stands out of the law and wasn't fitted: mains and other disturbances."""
    point = record["spectra"].isel(point=number)
    frequency, density = point["frequency"].values, point["density"].values
    low, high = record.header["fit_hz"]
    law = _law(record, point, np.maximum(frequency, frequency[1]))
    out = (frequency >= low) & (frequency <= high) & (point["used"].values == 0) & (density > 2 * law)
    label = "mains, not fitted" if number == 0 and out.any() else None
    shown = out | np.roll(out, 1) | np.roll(out, -1)
    axes.plot(frequency, np.where(shown, density * _NANO_SQUARED, np.nan), color=QUIET, lw=1.4, zorder=2, label=label)


def _law(record: Record, point: xr.Dataset, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """The fitted density at some frequencies, in A^2/Hz."""
    return float(point["level"]) * (float(record.header["level_at_hz"]) / frequency) ** float(point["exponent"])


def _draw_law(axes: Axes, record: Record) -> None:
    point = record["spectra"].isel(point=0)
    low, high = record.header["fit_hz"]
    band = np.geomspace(low, high, 50)
    text = f"({point['level'].item() * 1e23:.3f} ± {point['level_std'].item() * 1e23:.3f})"
    text += r"$\times10^{-5}$ nA$^2$/Hz (1 kHz/$f$)"
    text += rf"$^{{{point['exponent'].item():.3f} \pm {point['exponent_std'].item():.3f}}}$"
    axes.plot(band, _law(record, point, band) * _NANO_SQUARED, color=HIGH, lw=1.2, ls="--", zorder=4, label=text)
