"""What the responses of the electrodes say about their wires: pure numbers, no bench."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, chndtrinc, ndtri  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Floats

__all__ = ["SizeLimits", "WiringEvidence", "size_limits", "wiring_evidence"]

#: An electrode with less than this share of the median response is looked at again, on its own.
_FAINT_SHARE = 0.25
#: Two electrodes whose responses differ by less than this share are looked at again, moved against each other.
_ALIKE_SHARE = 0.4
#: ... unless their responses vary from point to point by less than this share: a linear device.
_VARIED_SHARE = 0.05
#: Ratio from which on noise is small enough for the square root of a power to be Gaussian.
_LARGE = 1e3


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Root mean square of complex numbers behind their noise: the best guess, and what it is surely above and below."""

    size: float
    low: float
    high: float


def size_limits(values: ArrayLike, std: ArrayLike, level: float) -> SizeLimits:
    """Size of what stands behind noisy complex numbers of any shape.

    Parameters
    ----------
    values:
        Complex, each the truth plus Gaussian noise.
    std:
        Standard deviation of the real and of the imaginary part, each.
    level:
        Probability that the truth is above ``high``, and that it is below ``low``.

    Raises
    ------
    SignalError
        A value or a standard deviation that isn't finite: nothing is known of the size then.

    Notes
    -----
    The sum of the squares is taken as a noncentral chi-square with the first two moments of the noise
    (Satterthwaite): exact where all standard deviations are the same.
    """
    z = np.asarray(values, dtype=np.complex128).ravel()
    variance = np.broadcast_to(np.asarray(std, dtype=np.float64), np.shape(values)).ravel() ** 2
    power = float(np.sum(np.abs(z) ** 2))
    total = float(np.sum(variance))
    if not np.isfinite(power + total):
        raise SignalError("The size of what stands behind numbers without an error bar can't be told.")
    if not total > 0.0:
        size = float(np.sqrt(power / z.size))
        return SizeLimits(size, size, size)
    scale = float(np.sum(variance**2)) / total
    freedom = 2.0 * total / scale
    ratio = power / scale
    best = max(ratio - freedom, 0.0)
    if ratio > _LARGE * max(freedom, 1.0):
        sure = float(ndtri(1.0 - level))
        low, high = max(np.sqrt(best) - sure, 0.0) ** 2, (np.sqrt(best) + sure) ** 2
    else:
        # Where no truth makes so small a sum likely, it is nan. A sum below what noise alone gives says no more than
        # one that is just that.
        high = float(np.nan_to_num(chndtrinc(max(ratio, freedom), freedom, level), nan=0.0))
        beyond_noise = ratio > float(chdtri(freedom, level))
        low = float(np.nan_to_num(chndtrinc(ratio, freedom, 1.0 - level), nan=0.0)) if beyond_noise else 0.0
    unit = np.sqrt(scale / z.size)
    return SizeLimits(float(np.sqrt(best) * unit), float(np.sqrt(low) * unit), float(np.sqrt(high) * unit))


@dataclass(frozen=True, slots=True, eq=False)
class WiringEvidence:
    """What is to be looked at again, as indices of electrodes, and the sizes it rests on in A/V."""

    sizes: Floats  # (E,): root mean square of the response over points and frequencies, noise taken out
    smallest_sizes: Floats  # (E,): what the size is surely above
    largest_sizes: Floats  # (E,): what the size is surely below
    faint: tuple[int, ...]
    alike: tuple[tuple[int, int], ...]

    @property
    def typical(self) -> float:
        """Median of the sizes."""
        return float(np.median(self.sizes))

    @property
    def heard(self) -> bool:
        """Whether any electrode is surely seen."""
        return bool(np.any(self.smallest_sizes > 0.0))

    @property
    def clear(self) -> bool:
        """Whether nothing needs a second look."""
        return not (self.faint or self.alike)


def wiring_evidence(response: ArrayLike, std: ArrayLike, level: float) -> WiringEvidence:
    """Judge responses of E electrodes at P device points and F frequencies, the same for all electrodes.

    Parameters
    ----------
    response:
        (P, F, E) complex, A/V.
    std:
        (P, F, E) standard deviation of the real and of the imaginary part, each.
    level:
        Probability that one size is beyond one of its limits.

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
    limits = [size_limits(z[:, :, k], s[:, :, k], level) for k in range(z.shape[2])]
    sizes = np.array([limit.size for limit in limits])
    smallest = np.array([limit.low for limit in limits])
    typical = float(np.median(sizes))
    # One that isn't seen at all is faint too: noise may be as large as the share.
    faint = tuple(k for k, limit in enumerate(limits) if limit.size < _FAINT_SHARE * typical or not limit.low > 0.0)
    seen = [k for k, limit in enumerate(limits) if limit.low > 0.0]
    alike = tuple((i, j) for i, j in combinations(seen, 2) if _alike(z, s, i, j, level))
    return WiringEvidence(
        sizes=sizes,
        smallest_sizes=smallest,
        largest_sizes=np.array([limit.high for limit in limits]),
        faint=faint,
        alike=alike,
    )


def _alike(z: NDArray[np.complex128], s: Floats, i: int, j: int, level: float) -> bool:
    """Whether two electrodes respond about alike at all points, and not the same at every point."""
    mean = 0.5 * (z[:, :, i] + z[:, :, j])
    noise = np.hypot(s[:, :, i], s[:, :, j])
    size = size_limits(mean, 0.5 * noise, level).size
    difference = size_limits(z[:, :, i] - z[:, :, j], noise, level).size
    varied = size_limits(mean - mean.mean(axis=0), 0.5 * noise, level).size
    return difference < _ALIKE_SHARE * size and varied > _VARIED_SHARE * size
