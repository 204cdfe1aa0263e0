"""Responses of a wired device at known points, and what permutation of its wires another measurement shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Fingerprint", "FingerprintMatch", "compare_fingerprints"]

_FORMAT = "hgx-fingerprint-1"
#: A device may have drifted by this share of an electrode's response, as one standard deviation.
_DRIFT_SHARE = 0.05
#: Probability that the right permutation doesn't fit: it then isn't named, and the run goes on.
_UNFIT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """One tone in turn on each of E electrodes, at P points at which these E are at the same voltage.

    Exchanged wires then exchange responses and change nothing else, whatever the device.
    """

    names: tuple[str, ...]  # (E,)
    points_volts: Floats  # (P, all electrodes)
    response: Complex  # (P, E), A/V
    std: Floats  # (P, E), of the real and of the imaginary part
    frequency_hz: float
    rate_hz: float
    amplitude_volts: float

    def __post_init__(self) -> None:
        shape = (len(self.points_volts), len(self.names))
        arrays = (self.points_volts, self.response, self.std)
        if self.response.shape != shape or self.std.shape != shape or not all(np.isfinite(a).all() for a in arrays):
            raise SignalError(
                f"A fingerprint of {shape[1]} electrodes at {shape[0]} points can't have responses of shape "
                f"{self.response.shape} and errors of shape {self.std.shape}, or hold what isn't finite."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for a file; :meth:`from_dict` reads them."""
        return {
            "format": _FORMAT,
            "names": list(self.names),
            "points_volts": self.points_volts.tolist(),
            "response_real": self.response.real.tolist(),
            "response_imaginary": self.response.imag.tolist(),
            "std": self.std.tolist(),
            "frequency_hz": self.frequency_hz,
            "rate_hz": self.rate_hz,
            "amplitude_volts": self.amplitude_volts,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Fingerprint:
        """What :meth:`to_dict` gave.

        Raises
        ------
        SignalError
            It isn't that.
        """
        try:
            if stored["format"] != _FORMAT:
                raise ValueError(f"format {stored['format']!r} isn't {_FORMAT!r}")
            real, imaginary = (np.array(stored[f"response_{part}"], dtype=np.float64) for part in ("real", "imaginary"))
            return cls(
                names=tuple(str(name) for name in stored["names"]),
                points_volts=np.array(stored["points_volts"], dtype=np.float64),
                response=real + 1j * imaginary,
                std=np.array(stored["std"], dtype=np.float64),
                frequency_hz=float(stored["frequency_hz"]),
                rate_hz=float(stored["rate_hz"]),
                amplitude_volts=float(stored["amplitude_volts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SignalError(f"This isn't a fingerprint: {error}.", remedy="Write it with hgx calibrate.") from error


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintMatch:
    """How well a measurement fits a stored fingerprint as it is, and with which two wires exchanged."""

    chi2: float  # of the two electrodes that fit worst as they are
    limit: float  # what chi2 surely stays below when the wires are as they were
    transpositions: tuple[tuple[int, int], ...]  # those that fit

    @property
    def same(self) -> bool:
        """Whether the wires are as they were, as far as can be told."""
        return self.chi2 <= self.limit

    @property
    def swapped(self) -> tuple[int, int] | None:
        """The pair that is surely exchanged: the identity fails and this transposition alone fits."""
        return self.transpositions[0] if not self.same and len(self.transpositions) == 1 else None


def compare_fingerprints(before: Fingerprint, now: Fingerprint, level: float) -> FingerprintMatch:
    """Compare two measurements at the same points under all exchanges of two wires.

    ``level`` is the probability that wires as they were don't fit, for Gaussian noise and a drift of each response
    by 5 % of its electrode's size, one standard deviation.

    Raises
    ------
    SignalError
        They aren't of the same electrodes and points.
    """
    if before.names != now.names or before.response.shape != now.response.shape:
        raise SignalError(f"Fingerprints of {before.names} and of {now.names} can't be compared.")
    electrodes, points = len(before.names), len(before.response)
    pairs = list(combinations(range(electrodes), 2))

    def misfits(order: NDArray[np.intp]) -> Floats:
        """Chi-square of each electrode, of two degrees of freedom for every point."""
        reference, errors = before.response[:, order], before.std[:, order]
        drift = _DRIFT_SHARE * np.sqrt(np.mean(np.abs(reference) ** 2, axis=0))
        variance = errors**2 + now.std**2 + drift**2
        # Where neither noise nor a response is, equal is equal.
        safe = np.where(variance > 0.0, variance, np.finfo(np.float64).tiny)
        return np.sum(np.abs(now.response - reference) ** 2 / safe, axis=0)

    unfit = float(chdtri(2 * points * electrodes, _UNFIT))
    fitting: list[tuple[int, int]] = []
    for i, j in pairs:
        order = np.arange(electrodes)
        order[[i, j]] = order[[j, i]]
        if float(np.sum(misfits(order))) <= unfit:
            fitting.append((i, j))
    # The two that fit worst, since two wires exchanged leave those of the others as they were.
    worst = float(np.sum(np.sort(misfits(np.arange(electrodes)))[-2:]))
    return FingerprintMatch(
        chi2=worst, limit=float(chdtri(4 * points, level / max(len(pairs), 1))), transpositions=tuple(fitting)
    )
