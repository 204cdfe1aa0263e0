"""The dopant network as a device: volts at the driven electrodes to the output current."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated.devices.dopant._derivatives import gradient, hessian
from hgx_drivers.simulated.devices.dopant._equations import Balance
from hgx_drivers.simulated.devices.dopant._errors import VoltageError
from hgx_drivers.simulated.devices.dopant._layout import DopantLayout
from hgx_drivers.simulated.devices.dopant._rates import HoppingRates
from hgx_drivers.simulated.devices.dopant._solve import rest_state, solve
from hgx_drivers.simulated.devices.dopant._stream import BatchStream, CompiledStream, Stream

__all__ = ["DopantNetwork", "OperatingPoints"]

Floats = NDArray[np.float64]

#: Samples whose second derivatives are computed at once.
_HESSIAN_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoints:
    """Solved states of a network at n voltage vectors.

    ``occupations`` (N, n) in 0..1; ``currents`` (P, n) in amperes out of the device into every electrode, which
    sum to zero; ``residual`` (n,) the largest imbalance of a site relative to its total hopping rate.
    """

    occupations: Floats
    currents: Floats
    residual: Floats


class DopantNetwork:
    """Hopping conduction in a network of dopants: the mean-field master equation of a layout.

    A quasi-static device with one output, the current out of the device into the grounded output electrode.
    Positive voltages on the driven electrodes push holes, and so a positive current, into the output.

    ``current`` is a stream: it carries a warm start from call to call and remembers vectors it has solved. Any
    split of a stream into blocks gives the same bits; against :meth:`solve`, which starts cold and depends on
    the volts alone bit for bit, it agrees within 1e-7 of the current scale (1e-10 without numba). Not safe
    for several threads at once.

    Parameters
    ----------
    layout:
        The network.
    compiled:
        Use machine code for ``current``: True (needs numba), False, or None for "where numba is installed".
    """

    def __init__(self, layout: DopantLayout, *, compiled: bool | None = None) -> None:
        available = importlib.util.find_spec("numba") is not None
        if compiled and not available:
            raise DriverError(
                "The compiled solver of a dopant network needs numba, which isn't installed.",
                remedy="Type: pip install 'hgx-lab[fast]', or leave compiled=None.",
            )
        self.layout = layout
        self.compiled = available if compiled is None else compiled
        self._rates = HoppingRates.of(layout)
        self._driven = list(layout.driven)
        self._rest = rest_state(self._rates)
        self._stream: Stream | None = None

    @property
    def electrodes(self) -> int:
        """Number of driven electrodes E; the output electrode isn't among them."""
        return len(self._driven)

    @property
    def outputs(self) -> int:
        """One: the current into the output electrode."""
        return 1

    @property
    def rates(self) -> HoppingRates:
        """Energies and tunnelling factors of the layout in units of kT."""
        return self._rates

    def current(self, volts: Floats) -> Floats:
        """Output current in amperes, shape (1, n), for volts of shape (E, n): the next n samples of a stream.

        Raises
        ------
        VoltageError
            When the shape is wrong or a voltage isn't finite; no sample is taken.
        SolverError
            When a sample can't be solved; call :meth:`reset` before going on.
        """
        terminal_volts = self._terminal_volts(volts)
        if self._stream is None:
            self._stream = self._new_stream()
        return self._stream(terminal_volts)[None]

    def reset(self) -> None:
        """Start a new stream: the next samples come out as those of a new device, bit for bit."""
        self._stream = self._new_stream()

    def _new_stream(self) -> Stream:
        return (CompiledStream if self.compiled else BatchStream)(self._rates, self._rest)

    def warm_up(self, progress: Callable[[str], None] | None = None) -> None:
        """Compile, or load from numba's cache, so that the first block isn't delayed; then start a new stream.

        Takes some 20 s once on a machine where nothing is cached, under a second afterwards. ``progress`` is
        told in words what happens.
        """
        if progress is not None and self.compiled:
            progress("Compiling the dopant network, or loading what was compiled before")
        self.reset()
        rng = np.random.default_rng(0)
        self.current(0.01 * rng.standard_normal((self.electrodes, 2)))
        self.reset()
        if progress is not None:
            progress("The dopant network is ready")

    def solve(self, volts: Floats) -> OperatingPoints:
        """States at volts of shape (E, n), each solved cold: bit for bit a function of its own volts alone."""
        return self._points(self._balance(self._terminal_volts(volts)))

    def solve_terminals(self, volts: Floats) -> OperatingPoints:
        """States at volts of *all* electrodes, shape (P, n): the output needn't be at 0 V."""
        return self._points(self._balance(self._scaled(volts, self.layout.electrodes)))

    def jacobian(self, volts: Floats) -> Floats:
        """Exact dI/dV_m in A/V, shape (1, E, n), for volts of shape (E, n), by the adjoint method."""
        return self.terminal_jacobian(volts)[:, self._driven]

    def terminal_jacobian(self, volts: Floats) -> Floats:
        """Exact dI/dV of *all* electrodes in A/V, shape (1, P, n), for volts of shape (E, n); sums to zero."""
        return np.ascontiguousarray(gradient(self._balance(self._terminal_volts(volts))).T)[None]

    def hessian(self, volts: Floats) -> Floats:
        """Exact d2I/dV_m dV_l in A/V^2, shape (1, E, E, n), for volts of shape (E, n)."""
        state = self._balance(self._terminal_volts(volts))
        count = len(state.occupations)
        result = np.empty((1, self.electrodes, self.electrodes, count))
        for at in range(0, count, _HESSIAN_BATCH):
            part = hessian(state.select(np.arange(at, min(at + _HESSIAN_BATCH, count))))
            result[0, :, :, at : at + _HESSIAN_BATCH] = np.moveaxis(part[:, self._driven][:, :, self._driven], 0, -1)
        return result

    def _balance(self, volts: Floats) -> Balance:
        start = np.repeat(self._rest[None], len(volts), axis=0)
        return solve(self._rates, start, np.zeros_like(volts), volts)

    def _points(self, state: Balance) -> OperatingPoints:
        return OperatingPoints(
            occupations=np.ascontiguousarray(state.occupations.T),
            currents=np.ascontiguousarray(state.currents().T),
            residual=np.max(np.abs(state.residual), axis=1),
        )

    def _terminal_volts(self, volts: Floats) -> Floats:
        """Voltages of all electrodes in kT/e, one sample a row, the output at 0 V."""
        driven = self._scaled(volts, self.electrodes)
        every = np.zeros((len(driven), self.layout.electrodes))
        every[:, self._driven] = driven
        return every

    def _scaled(self, volts: Floats, electrodes: int) -> Floats:
        volts = np.asarray(volts, dtype=np.float64)
        if volts.ndim != 2 or len(volts) != electrodes:
            raise VoltageError(
                f"Voltages of shape {volts.shape} for a network of {electrodes} electrodes.",
                remedy=f"Give an array of shape ({electrodes}, n).",
            )
        finite = np.isfinite(volts)
        if not finite.all():
            electrode, sample = np.argwhere(~finite)[0]
            raise VoltageError(f"The voltage of electrode {electrode} at sample {sample} isn't finite.")
        return np.ascontiguousarray(volts.T) / self._rates.thermal_volts
