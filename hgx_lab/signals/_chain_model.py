"""The linear half of the chain fit: derivatives and capacitances for a given delay and pole.

An observation is ``Z = a (g + i w C) H(w)``, w = 2 pi f, with a real derivative g of its device point and
electrode and a real stray capacitance C of its electrode. For a given H the columns of g and of C are
orthogonal over the reals, because ``Re(conj(aH) i w aH) = 0`` in every observation: the least-squares solution
is a quotient of two sums, and the bound C >= 0 is met exactly by clipping. What is left is a problem in two
unknowns (variable projection, Golub and Pereyra 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.errors import CalibrationError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["ChainModel", "Projection"]

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Projection:
    """The best derivatives (groups,) and capacitances (electrodes,) for one response."""

    gradients: Floats
    capacitances: Floats


@dataclass(frozen=True, slots=True)
class ChainModel:
    """n observations in units of their standard deviation, sorted by electrode, then by device point."""

    omega: Floats  # (n,) rad/s
    amplitude: Floats  # (n,) amplitude / std
    phasor: Complex  # (n,) phasor / std
    group: Indices  # (n,) running number of the (electrode, point) pair
    electrode: Indices  # (n,) running number of the electrode
    group_starts: Indices
    electrode_starts: Indices
    group_labels: Indices  # (groups, 2): electrode and point as the caller numbers them
    electrode_labels: Indices  # (electrodes,)

    @classmethod
    def from_observations(
        cls,
        frequencies_hz: ArrayLike,
        phasors: ArrayLike,
        phasor_std: ArrayLike,
        amplitudes: ArrayLike,
        points: ArrayLike,
        electrodes: ArrayLike,
    ) -> ChainModel:
        """Broadcast, check, sort and scale the observations of :func:`fit_chain_response`."""
        try:
            f, z, s, a, p, k = (
                np.ravel(x)
                for x in np.broadcast_arrays(
                    np.asarray(frequencies_hz, dtype=np.float64),
                    np.asarray(phasors, dtype=np.complex128),
                    np.asarray(phasor_std, dtype=np.float64),
                    np.asarray(amplitudes, dtype=np.float64),
                    np.asarray(points, dtype=np.intp),
                    np.asarray(electrodes, dtype=np.intp),
                )
            )
        except ValueError as error:
            raise CalibrationError(f"The observations of a calibration don't broadcast: {error}.") from error
        for name, bad in (
            ("frequency", ~(np.isfinite(f) & (f > 0))),
            ("phasor", ~np.isfinite(z)),
            ("standard deviation", ~(np.isfinite(s) & (s > 0))),
            ("amplitude", ~(np.isfinite(a) & (a > 0))),
            ("point", p < 0),
            ("electrode", k < 0),
        ):
            if np.any(bad):
                first = int(np.flatnonzero(bad)[0])
                raise CalibrationError(
                    f"The {name} of {int(bad.sum())} of {f.size} calibration observations can't be used; the first "
                    f"is number {first}: f = {f[first]:g} Hz, Z = {z[first]:g}, std = {s[first]:g}, "
                    f"a = {a[first]:g} V, point {p[first]}, electrode {k[first]}.",
                    remedy="Frequencies, standard deviations and amplitudes must be positive and finite, "
                    "points and electrodes must count from 0; leave tones out that weren't on.",
                )
        order = np.lexsort((p, k))
        f, z, s, a, p, k = (x[order] for x in (f, z, s, a, p, k))
        labels, group_starts, group = np.unique(
            np.stack((k, p), axis=1), axis=0, return_index=True, return_inverse=True
        )
        electrode_labels, electrode_starts, electrode = np.unique(k, return_index=True, return_inverse=True)
        model = cls(
            omega=2 * np.pi * f,
            amplitude=a / s,
            phasor=np.asarray(z / s, dtype=np.complex128),
            group=group.reshape(-1),
            electrode=electrode.reshape(-1),
            group_starts=group_starts,
            electrode_starts=electrode_starts,
            group_labels=labels,
            electrode_labels=electrode_labels,
        )
        if model.degrees_of_freedom < 1 or np.unique(f).size < 2:
            raise CalibrationError(
                f"{f.size} observations at {np.unique(f).size} frequencies can't determine delay and pole "
                f"besides {len(labels)} derivatives and {electrode_labels.size} capacitances.",
                remedy="Let every electrode see more frequencies, over more device points.",
            )
        return model

    @property
    def degrees_of_freedom(self) -> int:
        """Real numbers observed less real numbers fitted."""
        return 2 * self.omega.size - self.group_starts.size - self.electrode_starts.size - 2

    def project(self, response: Complex, target: Complex) -> Projection:
        """Least-squares derivatives and (unbounded) capacitances that make ``target``, for H (..., n)."""
        basis = self.amplitude * response
        inner = np.conj(basis) * target
        weight = np.abs(basis) ** 2
        gradients = self._by_group(inner.real) / self._by_group(weight)
        charge = self._by_electrode(self.omega * inner.imag)
        return Projection(gradients, charge / self._by_electrode(self.omega**2 * weight))

    def solve(self, response: Complex) -> Projection:
        """The best derivatives and the best capacitances ``>= 0`` for H (n,)."""
        free = self.project(response, self.phasor)
        return Projection(free.gradients, np.maximum(free.capacitances, 0.0))

    def predict(self, response: Complex, solution: Projection) -> Complex:
        """The observations, in units of their standard deviation, that a solution stands for."""
        admittance = solution.gradients[self.group] + 1j * self.omega * solution.capacitances[self.electrode]
        return self.amplitude * response * admittance

    def chi_squared(self, delays: Floats, time_constant: float) -> Floats:
        """Misfit (m,) of delays (m,) with one pole and the best derivatives and capacitances."""
        # |H| doesn't depend on the delay, so the weights are summed once.
        pole = 1 / (1 + 1j * self.omega * time_constant)
        weight = np.abs(self.amplitude * pole) ** 2
        inner = np.exp(1j * np.outer(delays, self.omega)) * (np.conj(self.amplitude * pole) * self.phasor)
        explained = np.sum(self._by_group(inner.real) ** 2 / self._by_group(weight), axis=-1)
        charge = np.maximum(self._by_electrode(self.omega * inner.imag), 0.0)
        explained += np.sum(charge**2 / self._by_electrode(self.omega**2 * weight), axis=-1)
        return float(np.sum(np.abs(self.phasor) ** 2)) - explained

    def _by_group(self, values: Floats) -> Floats:
        return np.add.reduceat(values, self.group_starts, axis=-1)

    def _by_electrode(self, values: Floats) -> Floats:
        return np.add.reduceat(values, self.electrode_starts, axis=-1)
