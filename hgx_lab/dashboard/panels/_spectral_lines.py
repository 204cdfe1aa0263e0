"""Where a spectrum is to have lines, which of them is whose, and the noise between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hgx_lab.live import RunDescription
from hgx_lab.units import format_quantity

__all__ = ["KINDS", "Line", "lines_of", "noise_floor"]

Floats = NDArray[np.float64]

#: From what is wanted to what is a nuisance; where two fall on each other the former names the line.
KINDS = ("tones", "mains", "harmonics", "mixing")
_HARMONICS = (2, 3)
_MAINS = 10
#: Bins on either side of a line that the window of the spectrum smears it over.
_SMEAR = 4
#: Stretches in a decade of frequency in each of which the floor is one value.
_STRETCHES = 8
#: Free bins that a stretch needs for a median that means something.
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A frequency in Hz at which something is to be expected: one of :data:`KINDS`, and in words whose it is."""

    hertz: float
    kind: str
    words: str


def lines_of(run: RunDescription | None) -> tuple[Line, ...]:
    """All lines of a run; of those at the same frequency the most wanted one."""
    if run is None:
        return ()
    found: dict[float, Line] = {}

    def add(kind: str, hertz: float, words: str) -> None:
        if hertz > 0:
            found.setdefault(round(hertz, 6), Line(hertz, kind, words))

    tones = [(e.name, e.tone_hz) for e in run.electrodes if e.tone_hz is not None]
    for name, hertz in tones:
        add("tones", hertz, f"{name}, {format_quantity(hertz, 'Hz', digits=5)}")
    if run.mains_hz is not None:
        for n in range(1, _MAINS + 1):
            add("mains", n * run.mains_hz, f"mains, {n * run.mains_hz:g} Hz")
    for name, hertz in tones:
        for n in _HARMONICS:
            add("harmonics", n * hertz, f"{n} × {name}, {format_quantity(n * hertz, 'Hz', digits=5)}")
    for (a, one), (b, other) in combinations(tones, 2):
        for sign, hertz in (("+", one + other), ("−", abs(one - other))):
            add("mixing", hertz, f"{a} {sign} {b}, {format_quantity(hertz, 'Hz', digits=5)}")
    return tuple(sorted(found.values(), key=lambda line: line.hertz))


def noise_floor(hertz: Floats, psd: Floats, lines: Floats) -> tuple[Floats, Floats]:
    """The median of the bins that are near no line, stretch by stretch.

    Parameters
    ----------
    hertz, psd:
        A spectrum, (n,), with rising frequencies above 0.
    lines:
        Frequencies that are kept clear of, (m,) Hz.

    Returns
    -------
    hertz, psd:
        Middle and floor of each stretch that has enough free bins.
    """
    if hertz.size < 2:
        return np.empty(0), np.empty(0)
    smeared = _SMEAR * float(np.diff(hertz).min())
    near = np.zeros(hertz.size + 1, dtype=int)
    np.add.at(near, np.searchsorted(hertz, lines - smeared), 1)
    np.add.at(near, np.searchsorted(hertz, lines + smeared, side="right"), -1)
    free = np.cumsum(near[:-1]) == 0
    x, y = hertz[free], psd[free]
    if not x.size:
        return np.empty(0), np.empty(0)
    edges = x[0] * 10 ** (np.arange(1 + int(_STRETCHES * np.log10(x[-1] / x[0]))) / _STRETCHES)
    starts = np.unique(np.searchsorted(x, edges))
    parts = [p for p in zip(np.split(x, starts[1:]), np.split(y, starts[1:]), strict=True) if p[0].size >= _ENOUGH]
    return (
        np.array([float(np.sqrt(a[0] * a[-1])) for a, _ in parts]),
        np.array([float(np.median(b)) for _, b in parts]),
    )
