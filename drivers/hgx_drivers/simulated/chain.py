"""The plant: volts commanded at the output converters in, volts read by the input converters out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import CardStateError, InvalidSamples, RangeError
from hgx_drivers.simulated._chain_settings import ChainSettings, Creep
from hgx_drivers.simulated._delay import DelayLine
from hgx_drivers.simulated._electrodes import ElectrodePoles, StrayCurrent
from hgx_drivers.simulated._noise_sources import NoiseStream
from hgx_drivers.simulated._pole import OnePole
from hgx_drivers.simulated.devices._device import Device
from hgx_drivers.simulated.noise import Flicker, Hum, Telegraph, White
from hgx_drivers.simulated.wiring import Wiring

__all__ = ["ChainSettings", "Creep", "Plant"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Samples worked on at a time: the scratch of a few electrodes then stays in the fastest caches.
_STRETCH = 1024


class Plant:
    """A device in its signal chain.

    Order: output converter, wiring faults, electrode RC, device, charging after jumps, stray capacitance, delay,
    drift, two-level fluctuators, 1/f noise, pole of the current-to-voltage converter, white noise and hum, gain,
    offset, clipping, input converter. The delay stands behind
    the device, where there is one channel instead of many; as the device has no memory, a whole delay before it
    is the same. Every stage carries its state, and the result doesn't depend, not in one bit, on how the stream
    is cut into calls.

    Parameters
    ----------
    device:
        E electrodes, C outputs.
    chain:
        The stages.
    seed:
        Of all noise.
    rest_volts:
        (E,) volts at which everything has been standing before the first sample; zero when not given.
    """

    def __init__(
        self, device: Device, chain: ChainSettings, *, seed: int = 0, rest_volts: Floats | None = None
    ) -> None:
        self._device = device
        self._chain = chain
        self._seed = seed
        electrodes = device.electrodes
        self._rest = np.zeros(electrodes) if rest_volts is None else np.array(rest_volts, dtype=np.float64)
        if self._rest.shape != (electrodes,) or not np.isfinite(self._rest).all():
            raise InvalidSamples(f"Rest voltages must be {electrodes} finite numbers, not {rest_volts}.")
        self._stray_farads = _per_electrode(chain.stray_farads, electrodes, "stray capacitances")
        self._electrode_seconds = _per_electrode(chain.electrode_seconds, electrodes, "electrode time constants")
        self._rate_hz: float | None = None
        self._era = -1
        self._samples = 0
        self._seconds_before, self._samples_before = 0.0, 0
        self._standing_volts = self._rest[:, None].copy()
        self._wiring = Wiring(chain.wiring, self._rest)
        self._scratch = np.empty(electrodes * _STRETCH)

    @property
    def device(self) -> Device:
        """The bare device: its exact currents and derivatives are the truth of the bench."""
        return self._device

    @property
    def chain(self) -> ChainSettings:
        """The settings of the signal chain."""
        return self._chain

    @property
    def electrodes(self) -> int:
        """Number of voltages E."""
        return self._device.electrodes

    @property
    def outputs(self) -> int:
        """Number of read-out channels C."""
        return self._device.outputs

    @property
    def rest_volts(self) -> Floats:
        """Volts before the first sample, shape (E,); a copy."""
        return self._rest.copy()

    @property
    def standing_volts(self) -> Floats:
        """Volts commanded last, shape (E,), by whichever card; a copy."""
        return self._standing_volts[:, 0].copy()

    @property
    def samples(self) -> int:
        """Samples processed since the plant was made."""
        return self._samples

    def configure(self, rate_hz: float) -> None:
        """Set the sampling rate. The first time, everything stands stationary at the rest voltages.

        The same rate again changes nothing: the plant goes on. At another rate the filters stand stationary at the
        last voltages, and the noise begins anew from sub-streams not used before.
        """
        if rate_hz == self._rate_hz:
            return
        if not 0.0 < rate_hz < np.inf:
            raise RangeError(f"{rate_hz} samples/s isn't a rate.")
        if self._rate_hz is not None:
            self._seconds_before = self._seconds(self._samples, self._rate_hz)
            self._samples_before = self._samples
        self._era += 1
        self._rate_hz = rate_hz
        self._make_stages(rate_hz)

    def process(self, volts: Floats) -> Floats:
        """Volts at the input converters, shape (C, n), for commanded volts of shape (E, n), any strides."""
        rate_hz = self._known_rate()
        if volts.ndim != 2 or volts.shape[0] != self.electrodes:
            raise InvalidSamples(f"The plant has {self.electrodes} electrodes and was given shape {volts.shape}.")
        read = np.empty((self.outputs, volts.shape[1]))
        for start in range(0, volts.shape[1], _STRETCH):
            stop = min(start + _STRETCH, volts.shape[1])
            self._process_stretch(volts[:, start:stop], read[:, start:stop], rate_hz)
        return read

    def response(self, frequencies_hz: Floats) -> Complex:
        """Read-out volts per ampere of device current at frequencies (F,): creep, delay, pole and gain.

        A device current Re(A e^(2 pi i f n/rate)) is read as Re(response A e^(2 pi i f n/rate)).
        """
        turns = np.asarray(frequencies_hz, dtype=np.float64) / self._known_rate()
        chain = self._chain
        response = chain.gain_volts_per_ampere * np.exp(-2j * np.pi * turns * chain.delay_samples)
        if chain.creep is not None and self._creep is not None:
            response = response * (1.0 - chain.creep.fraction * (1.0 - self._creep.response(turns)))
        if self._pole is not None:
            response = response * self._pole.response(turns)
        return np.asarray(response, dtype=np.complex128)

    def _make_stages(self, rate_hz: float) -> None:
        chain = self._chain
        standing = self._standing_volts.copy()
        if chain.dac is not None:
            chain.dac.round_into(standing, standing)
        self._wiring.apply(standing)
        current = self._device.current(standing)[:, 0]
        self._electrode = ElectrodePoles(self._electrode_seconds, rate_hz, standing[:, 0])
        self._stray = StrayCurrent(self._stray_farads, rate_hz, standing, _STRETCH)
        creep = chain.creep
        self._creep = OnePole(creep.time_constant_seconds, rate_hz, current) if creep is not None else None
        self._delay = DelayLine(chain.delay_samples, current)
        self._conduction_delay = DelayLine(chain.delay_samples, current)
        self._telegraphs = self._noise_streams(
            [(kind, (place,)) for place, kind in enumerate(chain.telegraphs)], rate_hz
        )
        self._flicker = self._noise_streams([(chain.flicker, ())], rate_hz)
        self._fast_noise = self._noise_streams([(chain.white, ()), (chain.hum, ())], rate_hz)
        slow = np.array([noise.peek() for noise in self._telegraphs])
        if chain.flicker is not None:
            slow += np.array([noise.peek() for noise in self._flicker]) * chain.flicker.growth(current)
        drifted = chain.drift_amperes_per_second * self._seconds(self._samples, rate_hz)
        first = current + drifted + slow
        self._pole = OnePole(0.5 / (np.pi * chain.pole_hz), rate_hz, first) if chain.pole_hz is not None else None

    def _noise_streams(
        self, kinds: Sequence[tuple[White | Flicker | Hum | Telegraph | None, tuple[int, ...]]], rate_hz: float
    ) -> list[NoiseStream]:
        """One stream for each read-out, of the kinds that aren't None; a kind comes with its place among its like."""
        return [
            NoiseStream(
                [
                    kind.source(rate_hz, self._seed, channel, self._era, *place)
                    for kind, place in kinds
                    if kind is not None
                ]
            )
            for channel in range(self.outputs)
        ]

    def _process_stretch(self, commanded: Floats, read: Floats, rate_hz: float) -> None:
        chain, width = self._chain, commanded.shape[1]
        volts = self._scratch[: self.electrodes * width].reshape(self.electrodes, width)
        if chain.dac is not None:
            chain.dac.round_into(commanded, volts)
        else:
            volts[...] = commanded
        self._wiring.apply(volts)
        self._standing_volts[:, 0] = commanded[:, -1]
        volts = self._electrode.filter(volts)
        current = self._device.current(volts)
        if chain.creep is not None and self._creep is not None:
            current = current - chain.creep.fraction * (current - self._creep.filter(current))
        conduction = current
        if self._stray_farads.any():
            current = current + self._stray.of(volts)
        if chain.delay_samples:
            current = self._delay.delay(current)
        if chain.drift_amperes_per_second:
            seconds = self._seconds(np.arange(self._samples, self._samples + width), rate_hz)
            current = current + chain.drift_amperes_per_second * seconds
        current = np.array(current)
        if chain.telegraphs:
            _add(self._telegraphs, current)
        if chain.flicker is not None:
            self._add_flicker(chain.flicker, current, conduction)
        if self._pole is not None:
            current = self._pole.filter(current)
        read[...] = current
        _add(self._fast_noise, read)
        np.multiply(read, chain.gain_volts_per_ampere, out=read)
        if chain.offset_volts:
            read += chain.offset_volts
        if chain.clip_volts is not None:
            np.maximum(read, -chain.clip_volts, out=read)
            np.minimum(read, chain.clip_volts, out=read)
        if self._wiring.stuck_input_volts is not None:
            read[...] = self._wiring.stuck_input_volts
        if chain.adc is not None:
            chain.adc.round_into(read, read)
        self._samples += width

    def _add_flicker(self, flicker: Flicker, current: Floats, conduction: Floats) -> None:
        """Add 1/f noise, larger where the current through the device is larger; charging currents don't count."""
        if flicker.doubling_amperes is None:
            _add(self._flicker, current)
            return
        if self._chain.delay_samples:
            conduction = self._conduction_delay.delay(conduction)
        noise = np.zeros_like(current)
        _add(self._flicker, noise)
        np.multiply(noise, flicker.growth(conduction), out=noise)
        np.add(current, noise, out=current)

    def _seconds(self, samples: int | NDArray[np.int64], rate_hz: float) -> float | Floats:
        """Time since the plant was made, through all changes of rate."""
        return self._seconds_before + (samples - self._samples_before) / rate_hz

    def _known_rate(self) -> float:
        if self._rate_hz is None:
            raise CardStateError("The plant has no sampling rate yet.", remedy="Call configure first.")
        return self._rate_hz


def _per_electrode(values: tuple[float, ...] | float, electrodes: int, what: str) -> Floats:
    """One value for all, or one for each, as an array (E,)."""
    given = np.asarray(values, dtype=np.float64)
    if given.size not in (1, electrodes):
        raise RangeError(f"{given.size} {what} don't fit {electrodes} electrodes.")
    return np.array(np.broadcast_to(given, (electrodes,)))


def _add(noises: Sequence[NoiseStream], samples: Floats) -> None:
    for noise, row in zip(noises, samples, strict=True):
        noise.add_to(row)
