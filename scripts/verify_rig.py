"""A plant, tones and their demodulation without card and guard, for statistics over many settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated import ChainSettings, Plant
from hgx_drivers.simulated.devices import Device
from hgx_lab.signals import ChainResponse, Demodulator, Derivatives, ToneBank, Window, derivatives

__all__ = ["Measured", "Rig"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was read at P settings with K tones: phasors and their reported standard deviations, (P, K), in A."""

    phasor: Complex
    std: Floats


class Rig:
    """One tone for each electrode of a device in its signal chain, demodulated in a stream that never stops.

    Parameters
    ----------
    bins, period_samples, rate_hz:
        Of the tones.
    noise_bins:
        Empty bins for the error bars.
    drift:
        Whether a drift is fitted together with the tones.
    """

    def __init__(
        self,
        device: Device,
        chain: ChainSettings,
        bins: Sequence[int],
        period_samples: int,
        rate_hz: float,
        *,
        noise_bins: Sequence[int] = (),
        drift: bool = False,
        seed: int = 1,
    ) -> None:
        self.device, self.chain, self.period, self.rate_hz = device, chain, period_samples, rate_hz
        self.frequencies_hz = np.array(bins) * rate_hz / period_samples
        self._plant = Plant(device, chain, seed=seed)
        self._plant.configure(rate_hz)
        self._bank = ToneBank(bins, period_samples)
        self._demodulator = Demodulator(bins, period_samples, 1, noise_bins=noise_bins, drift=drift)
        self._sample = 0

    @property
    def chain_gain(self) -> Complex:
        """True response of the chain at the tones, (K,), relative to its gain."""
        return self._plant.response(self.frequencies_hz) / self.chain.gain_volts_per_ampere

    def measure(self, volts: Floats, amplitudes: Floats, *, settle: int, periods: int) -> Measured:
        """Read all tones at settings (P, E) V, with peak amplitudes (E,) V, after ``settle`` samples each."""
        length = settle + periods * self.period
        phasors = np.empty((len(volts), len(amplitudes)), np.complex128)
        stds = np.empty(phasors.shape)
        block = np.empty((volts.shape[1], length))
        for point, setting in enumerate(volts):
            block[:] = setting[:, None]
            self._bank.add(block, self._sample, amplitudes, range(len(amplitudes)))
            current = self._plant.process(block)
            current /= self.chain.gain_volts_per_ampere
            self._demodulator.expect(Window(self._sample + settle, periods))
            (reading,) = self._demodulator.process(current, self._sample)
            phasors[point], stds[point] = reading.phasor[0], reading.phasor_std[0]
            self._sample += length
        return Measured(phasors, stds)

    def derivatives(self, measured: Measured, amplitudes: Floats) -> Derivatives:
        """Signed derivatives (P, K) in A/V after the chain's delay and pole."""
        return derivatives(measured.phasor, measured.std, self.frequencies_hz, amplitudes, self._response())

    def exact(self, volts: Floats) -> Floats:
        """The device's own derivatives (P, E) at settings (P, E), A/V."""
        return np.ascontiguousarray(self.device.jacobian(np.ascontiguousarray(volts.T))[0].T)

    def _response(self) -> ChainResponse:
        # A pole whose input is held for a sample period looks like a continuous one, half a sample earlier.
        early = 0.0 if self.chain.pole_hz is None else 0.5
        return ChainResponse((self.chain.delay_samples - early) / self.rate_hz, self.chain.pole_hz)
