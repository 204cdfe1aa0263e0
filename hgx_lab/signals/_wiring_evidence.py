"""What the responses of the electrodes say about their wires: pure numbers, no bench."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Floats

__all__ = ["WiringEvidence", "wiring_evidence"]

#: An electrode whose response is surely below this share of the median of all counts as one without contact.
_SILENT_SHARE = 0.04
#: Two electrodes whose responses surely differ by less than this share, over all points and frequencies, touch.
_SAME_SHARE = 0.1
#: Standard deviations that "surely" means: one-sided 3e-7 for a Gaussian.
_SURE = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class WiringEvidence:
    """Findings as indices of electrodes, and the sizes they rest on in A/V."""

    sizes: Floats  # (E,): root mean square of the response over points and frequencies, noise taken out
    largest_sizes: Floats  # (E,): what the size is surely below
    silent: tuple[int, ...]
    weak: tuple[int, ...]  # not seen above the noise, but the noise is too large to call them silent
    shorted: tuple[tuple[int, int], ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing speaks against going on."""
        return not (self.silent or self.shorted)


def wiring_evidence(response: ArrayLike, std: ArrayLike) -> WiringEvidence:
    """Judge responses of E electrodes at P device points and F frequencies, the same for all electrodes.

    Parameters
    ----------
    response:
        (P, F, E) complex, A/V.
    std:
        (P, F, E) standard deviation of the real and of the imaginary part, each.

    Raises
    ------
    SignalError
        Arrays that don't fit each other, or hold what isn't finite.
    """
    z: NDArray[np.complex128] = np.asarray(response, dtype=np.complex128)
    s: Floats = np.asarray(std, dtype=np.float64)
    if z.ndim != 3 or z.shape != s.shape or z.size == 0 or not (np.isfinite(z).all() and np.isfinite(s).all()):
        raise SignalError(
            f"Responses {z.shape} and their errors {s.shape} must be finite, (points, tones, electrodes)."
        )
    electrodes = z.shape[2]
    power = np.mean(np.abs(z) ** 2, axis=(0, 1))
    noise, spread = _noise(s)
    sizes = np.sqrt(np.maximum(power - noise, 0.0))
    largest = np.sqrt(np.maximum(power - noise, 0.0) + _SURE * spread)
    typical = float(np.median(sizes))
    silent = tuple(k for k in range(electrodes) if largest[k] < _SILENT_SHARE * typical)
    unseen = power - noise < _SURE * spread
    shorted = [(i, j) for i, j in combinations(range(electrodes), 2) if not {i, j} & set(silent) and _same(z, s, i, j)]
    return WiringEvidence(
        sizes=sizes,
        largest_sizes=largest,
        silent=silent,
        weak=tuple(int(k) for k in np.flatnonzero(unseen) if k not in silent),
        shorted=tuple(shorted),
    )


def _noise(std: Floats) -> tuple[Floats, Floats]:
    """Mean power of the noise over points and frequencies, and the standard deviation of that mean."""
    count = std.shape[0] * std.shape[1]
    return 2.0 * np.mean(std**2, axis=(0, 1)), 2.0 * np.sqrt(np.sum(std**4, axis=(0, 1))) / count


def _same(z: NDArray[np.complex128], s: Floats, i: int, j: int) -> bool:
    """Whether two electrodes respond alike over all points together: some have responses too weak to compare."""
    difference = float(np.mean(np.abs(z[:, :, i] - z[:, :, j]) ** 2))
    size = float(np.mean(0.5 * (np.abs(z[:, :, i]) ** 2 + np.abs(z[:, :, j]) ** 2)))
    noise, spread = _noise(np.hypot(s[:, :, i], s[:, :, j])[:, :, None])
    largest = max(difference - float(noise[0]), 0.0) + _SURE * float(spread[0])
    return largest < _SAME_SHARE**2 * (size - 0.5 * float(noise[0]))
