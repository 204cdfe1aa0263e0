"""A mesh of Mach-Zehnder interferometers: phases in, the power at one port out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError

__all__ = ["MeshDevice"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Samples computed at once: whole vector registers, so that a sample's bits don't depend on its place in a block.
_COLUMNS = 256


class MeshDevice:
    """Light in all ports of a rectangular mesh, a photodiode at one of them, a voltage on each phase shifter.

    Columns of interferometers between ports (0, 1), (2, 3) ... and (1, 2), (3, 4) ... in turn (W. Clements et al.,
    Optica 3, 1460 (2016)). An interferometer shifts the phase of its upper arm, mixes both evenly, shifts the upper
    arm again, and mixes again: ``B P(theta) B P(phi)`` with ``B = ((1, i), (i, 1))/sqrt(2)``. A voltage V shifts by
    ``pi V/half_wave_volts`` beyond what fabrication has left. Equal amplitudes enter all ports, and the current is

        I = photocurrent |a_output|^2,  sum_k |a_k|^2 = 1.

    Electrodes are the phase shifters in the order in which light meets them: by column, from port 0 on, phi before
    theta.

    Parameters
    ----------
    ports, layers:
        Waveguides, and columns of interferometers; as many columns as ports make any unitary matrix.
    output:
        The port that is read, from 0.
    half_wave_volts:
        Voltage of half a turn.
    photocurrent_amperes:
        Current when all of the light is in the output.
    seed:
        Of the phases at 0 V, uniform over the turn.

    Raises
    ------
    RangeError
        Numbers that describe no mesh.
    """

    def __init__(
        self,
        ports: int = 4,
        layers: int | None = None,
        *,
        output: int = 0,
        half_wave_volts: float = 1.0,
        photocurrent_amperes: float = 100e-9,
        seed: int = 0,
    ) -> None:
        layers = ports if layers is None else layers
        if ports < 2 or layers < 1 or not 0 <= output < ports:
            raise RangeError(f"A mesh of {ports} ports and {layers} columns with the output {output} can't be made.")
        if not (0.0 < half_wave_volts < np.inf and 0.0 < photocurrent_amperes < np.inf):
            raise RangeError(
                f"A half-wave voltage of {half_wave_volts} V or a photocurrent of {photocurrent_amperes} A."
            )
        self._ports, self._output, self._photocurrent = ports, output, photocurrent_amperes
        self._uppers = [port for layer in range(layers) for port in range(layer % 2, ports - 1, 2)]
        self._turn = np.pi / half_wave_volts
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x3E5,)))
        self._static = rng.uniform(-np.pi, np.pi, self.electrodes)
        self._entering = np.full((ports, 1), 1.0 / np.sqrt(ports), dtype=np.complex128)

    @property
    def electrodes(self) -> int:
        """Number of phase shifters E: two for each interferometer."""
        return 2 * len(self._uppers)

    @property
    def outputs(self) -> int:
        """One."""
        return 1

    def current(self, volts: Floats) -> Floats:
        """Amperes, shape (1, n), for volts of shape (E, n)."""
        count = volts.shape[1]
        current = np.empty((1, count))
        padded = np.zeros((self.electrodes, _COLUMNS))
        for start in range(0, count, _COLUMNS):
            width = min(_COLUMNS, count - start)
            padded[:, :width] = volts[:, start : start + width]
            leaving = self._light(padded)[self._output]
            power = leaving.real**2 + leaving.imag**2
            current[0, start : start + width] = self._photocurrent * power[:width]
        return current

    def jacobian(self, volts: Floats) -> Floats:
        """Exact dI/dV in A/V, shape (1, E, n), for volts of shape (E, n).

        Behind shifter k the amplitude x_k of its arm turns as ``d x_k/d phase_k = i x_k``. What reaches the output
        from there is linear, ``a = b_k x_k + ...``, with b_k carried back through the mesh from the output:
        ``dI/dphase_k = 2 photocurrent Re(conj(a) b_k i x_k)``.
        """
        volts = np.asarray(volts, dtype=np.float64)
        arms: list[Complex] = []
        light = self._light(volts, arms)
        turned = self._rotations(volts)
        back = np.zeros_like(light)
        back[self._output] = np.conj(light[self._output])
        slopes = np.empty((1, self.electrodes, volts.shape[1]))
        for k in range(self.electrodes - 1, -1, -1):
            upper = self._uppers[k // 2]
            _mix(back, upper)  # the matrix is symmetric: the same way back
            slopes[0, k] = -2.0 * self._photocurrent * self._turn * (back[upper] * arms[k]).imag
            back[upper] *= turned[k]
        return slopes

    def _rotations(self, volts: Floats) -> Complex:
        phase = self._turn * volts + self._static[:, None]
        turned = np.empty(phase.shape, dtype=np.complex128)
        turned.real, turned.imag = np.cos(phase), np.sin(phase)
        return turned

    def _light(self, volts: Floats, arms: list[Complex] | None = None) -> Complex:
        """Amplitudes at the ports behind the mesh, (ports, n); ``arms`` gets the amplitude behind each shifter."""
        turned = self._rotations(volts)
        light = np.repeat(self._entering, volts.shape[1], axis=1)
        for k in range(self.electrodes):
            upper = self._uppers[k // 2]
            light[upper] *= turned[k]
            if arms is not None:
                arms.append(light[upper].copy())
            _mix(light, upper)
        return light


def _mix(light: NDArray[Any], upper: int) -> None:
    """An even coupler between two neighbouring ports, in place."""
    first, second = light[upper] * np.sqrt(0.5), light[upper + 1] * np.sqrt(0.5)
    light[upper] = first + 1j * second
    light[upper + 1] = 1j * first + second
