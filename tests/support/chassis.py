"""A chassis whose outputs stand somewhere, and a run file of old that says 0 V."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard, White
from hgx_drivers.simulated.devices import LinearDevice
from tests.doors.ni_devices import cdaq
from tests.doors.ni_engine import NiRig
from tests.support.converters import Converters

__all__ = ["RUN", "STATED", "Chassis"]

#: The place is for more keys of the bench, each behind a comma.
RUN = """
experiment: iv
name: chassis
bench:
  {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, outputs: {a: cDAQ1Mod1/ao0, b: cDAQ1Mod1/ao1},
   input: {terminal: cDAQ1Mod3/ai0}, outputs_known_at_volts: 0 V, amplifier: {clip: 4 V}%s}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: b, role: control, limits: [-1 V, 1 V], start: -0.1 V}
safety: {slew: 20 kV/s, rest_slope: 50 V/s}
tones: {period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 200 V/s, settle: 1 ms, periods: 1}
calibration: {kind: none}
sweep: {electrode: a, span: [-0.5 V, 0.5 V], steps: 3}
"""
LEVELS = (0.8, -0.4)
STATED = "a=0.8V,b=-0.4V"


class Chassis:
    """A chassis whose outputs a killed run has left up, behind a fake of NI's driver; what its device sees is kept."""

    def __init__(self) -> None:
        # With noise, of which a calibration measures the spectrum.
        chain = replace(ChainSettings.ideal(gain_volts_per_ampere=1e7), white=White(1e-28))
        self.plant = Plant(LinearDevice([[30e-9, 20e-9]]), chain, rest_volts=np.array(LEVELS))
        self.seen = Converters(self.plant)
        self.rig = NiRig(
            cdaq(),
            SimulatedCard(self.plant, FastClock()),
            wires={"cDAQ1Mod1/ao0": 0, "cDAQ1Mod1/ao1": 1, "cDAQ1Mod3/ai0": 0},
        )

    def assert_no_jump(self) -> None:
        self.seen.assert_came_in(np.full(2, -1.0), np.full(2, 1.0), np.full(2, 20e3), 50.0, 20e3)
        # 0.8 V in one sample would be 16 kV/s, which the slew would allow.
        assert np.abs(np.diff(self.seen.history, axis=1)).max() * 20e3 < 1e3
        assert np.abs(self.plant.standing_volts).max() < 1e-3
