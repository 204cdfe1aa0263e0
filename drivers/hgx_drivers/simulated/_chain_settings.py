"""What stands between the output converter, the device and the input converter, as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated._converter import Converter
from hgx_drivers.simulated.noise import Flicker, Hum, Telegraph, White
from hgx_drivers.simulated.wiring import WiringFault

__all__ = ["ChainSettings", "Creep"]


@dataclass(frozen=True, slots=True)
class Creep:
    """Slow charging after a jump: a share of every step of the current comes late, as 1 - exp(-t/time constant).

    Charge that moves into and out of traps near the current path does this. A negative ``fraction`` overshoots.
    A fast tone passes with 1 - fraction of its size, a slow one whole.
    """

    fraction: float = 0.01
    time_constant_seconds: float = 30e-3

    def __post_init__(self) -> None:
        if not -1.0 < self.fraction < 1.0:
            raise RangeError(f"A share of {self.fraction} of a step can't come late; -1 to 1 can.")
        if not 0.0 < self.time_constant_seconds < math.inf:
            raise RangeError(f"A step can't settle with a time constant of {self.time_constant_seconds} s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """The signal chain. None or 0 switches a stage off; the defaults are those of a published bench.

    Currents are referred to the device: a noise density of 1e-23 A^2/Hz is what the device current seems to have.
    """

    #: Output converter; None: exact voltages.
    dac: Converter | None = field(default_factory=Converter)
    #: What is wrong with the wires, in the order in which it acts.
    wiring: tuple[WiringFault, ...] = ()
    #: RC of each electrode (or of all alike) with capacitance to ground, 22-37 ms where somebody added a capacitor;
    #: 0: none.
    electrode_seconds: tuple[float, ...] | float = 0.0
    #: Charging after a jump; None: none.
    creep: Creep | None = None
    #: Delay from output to input in sample periods, whole or fractional.
    delay_samples: float = 0.0
    #: Capacitance from each electrode (or from all alike) to the output: adds C dV/dt to the current.
    stray_farads: tuple[float, ...] | float = 0.5e-12
    drift_amperes_per_second: float = 0.0
    #: Two-level fluctuators, each with a sub-stream of its own by its place in the tuple.
    telegraphs: tuple[Telegraph, ...] = ()
    flicker: Flicker | None = field(default_factory=Flicker)
    #: Bandwidth of the current-to-voltage converter: 50 MOhm with 0.5 pF; None: unlimited.
    pole_hz: float | None = 6.4e3
    white: White | None = field(default_factory=White)
    hum: Hum | None = field(default_factory=Hum)
    #: Read-out voltage per current, negative for an inverting converter; 1e7 V/A is 100 nA/V.
    gain_volts_per_ampere: float = 1e7
    #: What the current-to-voltage converter gives without a current, V.
    offset_volts: float = 0.0
    #: Saturation of the current-to-voltage converter, symmetric; None: none.
    clip_volts: float | None = 4.0
    adc: Converter | None = field(default_factory=Converter)

    @classmethod
    def ideal(cls, *, gain_volts_per_ampere: float = 1e7) -> ChainSettings:
        """Everything off: read-out voltage is gain times device current."""
        return cls(
            dac=None,
            stray_farads=0.0,
            flicker=None,
            pole_hz=None,
            white=None,
            hum=None,
            gain_volts_per_ampere=gain_volts_per_ampere,
            clip_volts=None,
            adc=None,
        )

    def __post_init__(self) -> None:
        if not (math.isfinite(self.gain_volts_per_ampere) and self.gain_volts_per_ampere):
            raise RangeError(f"A gain of {self.gain_volts_per_ampere} V/A reads nothing.")
        if not math.isfinite(self.offset_volts):
            raise RangeError(f"An offset of {self.offset_volts} V can't be added.")
        if self.clip_volts is not None and not self.clip_volts > 0.0:
            raise RangeError(f"Clipping at {self.clip_volts} V leaves no signal; give a positive voltage or none.")
        if self.pole_hz is not None and not self.pole_hz > 0.0:
            raise RangeError(f"A bandwidth of {self.pole_hz} Hz passes nothing; give a positive one or none.")
        if not 0.0 <= self.delay_samples < math.inf:
            raise RangeError(f"A delay of {self.delay_samples} samples isn't possible; give zero or more.")
        if not all(0.0 <= seconds < math.inf for seconds in _each(self.electrode_seconds)):
            raise RangeError(f"Electrode time constants of {self.electrode_seconds} s aren't possible.")
        if not math.isfinite(self.drift_amperes_per_second):
            raise RangeError(f"A drift of {self.drift_amperes_per_second} A/s isn't possible.")
        if not all(0.0 <= stray < math.inf for stray in _each(self.stray_farads)):
            raise RangeError(f"Stray capacitances of {self.stray_farads} F aren't possible; give zero or more.")


def _each(value: tuple[float, ...] | float) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)
