"""The response of the signal chain: a pure delay and one pole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hgx_lab.errors import CalibrationError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["IDENTITY_RESPONSE", "ChainResponse"]

Covariance = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ChainResponse:
    """``H(f) = exp(-2 pi i f delay) / (1 + i f / pole)`` between the commanded voltages and the read samples.

    H is 1 at zero frequency: gain and sign of the converter are taken out before. A tone ``a sin(theta)`` on
    an electrode with derivative g is read as the phasor ``a g H(f)`` (convention of
    :class:`~hgx_lab.signals.types.WindowReading`).

    Parameters
    ----------
    delay_seconds:
        Delay from output to input, with its fraction of a sample. The pole of a converter that computes in
        discrete time lags half a sample less than the continuous pole written here, so that a fitted delay
        may be slightly negative.
    pole_hz:
        Corner frequency of the converter; None for none.
    covariance:
        2 x 2, in s^2, of the delay and of the pole's time constant ``1 / (2 pi pole_hz)``; zero when known
        exactly.
    """

    delay_seconds: float = 0.0
    pole_hz: float | None = None
    covariance: Covariance = ((0.0, 0.0), (0.0, 0.0))

    def __post_init__(self) -> None:
        if not math.isfinite(self.delay_seconds):
            raise CalibrationError(f"The delay of a signal chain must be finite, not {self.delay_seconds} s.")
        if self.pole_hz is not None and not (math.isfinite(self.pole_hz) and self.pole_hz > 0):
            raise CalibrationError(
                f"The pole of a signal chain must be a positive frequency, not {self.pole_hz} Hz.",
                remedy="Use None for a chain without a pole.",
            )
        matrix = np.asarray(self.covariance, dtype=np.float64)
        if matrix.shape != (2, 2) or not np.all(np.isfinite(matrix)) or np.any(np.diagonal(matrix) < 0):
            raise CalibrationError(
                f"Delay and time constant must have a finite 2 x 2 covariance matrix, not {self.covariance}."
            )

    def __call__(self, frequencies_hz: ArrayLike) -> Complex:
        """H at ``frequencies_hz``, in the shape of the argument; dimensionless."""
        omega = 2 * np.pi * np.asarray(frequencies_hz, dtype=np.float64)
        return np.exp(-1j * omega * self.delay_seconds) / (1 + 1j * omega * self.time_constant_seconds)

    @property
    def time_constant_seconds(self) -> float:
        """Time constant of the pole, ``1 / (2 pi pole_hz)``; 0 without a pole."""
        return 0.0 if self.pole_hz is None else 1 / (2 * math.pi * self.pole_hz)

    def delay_samples(self, rate_hz: float) -> float:
        """The delay in samples, with its fraction."""
        return self.delay_seconds * rate_hz

    @property
    def delay_std_seconds(self) -> float:
        """Standard deviation of the delay."""
        return math.sqrt(self.covariance[0][0])

    @property
    def pole_std_hz(self) -> float | None:
        """Standard deviation of the pole's frequency, to first order; None without a pole."""
        if self.pole_hz is None:
            return None
        return math.sqrt(self.covariance[1][1]) * 2 * math.pi * self.pole_hz**2

    def phase_std(self, frequencies_hz: ArrayLike) -> Floats:
        """Standard deviation of the phase of H in radians, in the shape of ``frequencies_hz``."""
        omega = 2 * np.pi * np.asarray(frequencies_hz, dtype=np.float64)
        by_pole = omega / (1 + (omega * self.time_constant_seconds) ** 2)
        (vd, vdp), (_, vp) = self.covariance
        return np.sqrt(np.maximum(omega**2 * vd + 2 * omega * by_pole * vdp + by_pole**2 * vp, 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; :meth:`from_dict` gives the same response back, bit for bit."""
        return {
            "delay_seconds": self.delay_seconds,
            "pole_hz": self.pole_hz,
            "covariance": [list(row) for row in self.covariance],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChainResponse:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        CalibrationError
            An entry is missing, unknown, or not a number.
        """
        expected = {"delay_seconds", "pole_hz", "covariance"}
        if set(data) != expected:
            raise CalibrationError(
                f"A chain response has the entries {sorted(expected)}, not {sorted(data)}.",
                remedy="Calibrate the signal chain again.",
            )
        try:
            (dd, dp), (pd, pp) = data["covariance"]
            pole = data["pole_hz"]
            return cls(
                delay_seconds=float(data["delay_seconds"]),
                pole_hz=None if pole is None else float(pole),
                covariance=((float(dd), float(dp)), (float(pd), float(pp))),
            )
        except (TypeError, ValueError) as error:
            raise CalibrationError(
                f"A chain response can't be read from {dict(data)}: {error}.",
                remedy="Calibrate the signal chain again.",
            ) from error


#: A chain that passes everything unchanged: no delay, no pole, known exactly.
IDENTITY_RESPONSE = ChainResponse()
