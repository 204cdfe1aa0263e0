"""The linear half of the chain fit: derivatives and capacitances for a given delay and pole.

An observation is ``Z = a (g + s C) H(w)``, w = 2 pi f, with a real derivative g of its device point and electrode
and a real stray capacitance C of its electrode. An output that holds its voltage from sample to sample charges a
capacitance in steps, so that ``s = (1 - exp(-i w / fs)) fs``, which is i w towards low frequency and half a sample
late above. For a given H what is left is linear: every derivative belongs to one capacitance, the normal matrix of
an electrode is an arrow, and the least-squares capacitance a quotient of two sums; with one unknown of an electrode
bounded, clipping it meets the bound C >= 0 exactly. What is left is a problem in two unknowns (variable projection,
Golub and Pereyra 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.errors import CalibrationError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["ChainModel", "Projection"]

Indices = NDArray[np.intp]

#: Smallest standard deviation, as a share of the largest phasor.
_EXACT = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """The best derivatives (groups,) and capacitances (electrodes,) for one response."""

    gradients: Floats
    capacitances: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ChainModel:
    """n observations in units of their standard deviation, sorted by electrode, then by device point."""

    omega: Floats  # (n,) rad/s
    charging: Complex  # (n,) current into a capacitance per farad and volt, 1/s
    amplitude: Floats  # (n,) amplitude / std
    phasor: Complex  # (n,) phasor / std
    group: Indices  # (n,) running number of the (electrode, point) pair
    electrode: Indices  # (n,) running number of the electrode
    group_starts: Indices
    electrode_starts: Indices  # into the groups, which are sorted by electrode
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
        *,
        rate_hz: float,
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
        # The model isn't exact to more than this; one observation without noise mustn't outweigh all others.
        s = np.maximum(s, _EXACT * np.max(np.abs(z)))
        order = np.lexsort((p, k))
        f, z, s, a, p, k = (x[order] for x in (f, z, s, a, p, k))
        labels, group_starts, group = np.unique(
            np.stack((k, p), axis=1), axis=0, return_index=True, return_inverse=True
        )
        electrode_labels, electrode = np.unique(k, return_inverse=True)
        electrode_starts = np.unique(labels[:, 0], return_index=True)[1]
        model = cls(
            omega=2 * np.pi * f,
            charging=np.asarray(-np.expm1(-2j * np.pi * f / rate_hz) * rate_hz, dtype=np.complex128),
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

    def solve(self, response: Complex) -> Projection:
        """The best derivatives and the best capacitances ``>= 0`` for H (n,)."""
        return self._least_squares(response, self.phasor, lowest=0.0)

    def follow(self, response: Complex, target: Complex, movable: NDArray[np.bool_]) -> Projection:
        """Least squares for ``target`` with only some capacitances (electrodes,) free, the others 0."""
        return self._least_squares(response, target, lowest=-np.inf, movable=movable)

    def predict(self, response: Complex, solution: Projection) -> Complex:
        """The observations, in units of their standard deviation, that a solution stands for."""
        admittance = solution.gradients[self.group] + self.charging * solution.capacitances[self.electrode]
        return self.amplitude * response * admittance

    def chi_squared(self, delays: Floats, time_constant: float) -> Floats:
        """Misfit (m,) of delays (m,) with one pole and the best derivatives and capacitances."""
        # |H| doesn't depend on the delay, so the weights are summed once.
        pole = 1 / (1 + 1j * self.omega * time_constant)
        inner = np.exp(1j * np.outer(delays, self.omega)) * (np.conj(self.amplitude * pole) * self.phasor)
        along, mixed, rest = self._normal(np.abs(self.amplitude * pole) ** 2)
        seen = self._by_group(inner.real)
        charge = self._charge(inner) - self._by_electrode(mixed * seen / along)
        explained = np.sum(seen**2 / along, axis=-1) + np.sum(np.maximum(charge, 0.0) ** 2 / rest, axis=-1)
        return float(np.sum(np.abs(self.phasor) ** 2)) - explained

    def _least_squares(
        self, response: Complex, target: Complex, *, lowest: float, movable: NDArray[np.bool_] | None = None
    ) -> Projection:
        """Capacitances from what the derivatives leave over, then the derivatives that go with them."""
        basis = self.amplitude * response
        inner = np.conj(basis) * target
        along, mixed, rest = self._normal(np.abs(basis) ** 2)
        seen = self._by_group(inner.real)
        charge = (self._charge(inner) - self._by_electrode(mixed * seen / along)) / rest
        capacitances = np.maximum(charge if movable is None else np.where(movable, charge, 0.0), lowest)
        electrode_of_group = np.searchsorted(self.electrode_labels, self.group_labels[:, 0])
        return Projection((seen - mixed * capacitances[electrode_of_group]) / along, capacitances)

    def _normal(self, weight: Floats) -> tuple[Floats, Floats, Floats]:
        """Of g (groups,), of g with C (groups,), and of C with every g eliminated (electrodes,)."""
        along = self._by_group(weight)
        mixed = self._by_group(weight * self.charging.real)
        own = self._by_electrode(self._by_group(weight * np.abs(self.charging) ** 2))
        return along, mixed, own - self._by_electrode(mixed**2 / along)

    def _charge(self, inner: Complex) -> Floats:
        return self._by_electrode(self._by_group((np.conj(self.charging) * inner).real))

    def _by_group(self, values: Floats) -> Floats:
        """Sum observations, the last axis, over each group."""
        return np.add.reduceat(values, self.group_starts, axis=-1)

    def _by_electrode(self, values: Floats) -> Floats:
        """Sum groups, the last axis, over each electrode."""
        return np.add.reduceat(values, self.electrode_starts, axis=-1)
