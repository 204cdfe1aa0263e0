"""A bench with one waveform generator in a state drawn at random, measured as a run measures, judged from outside."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated import ChainSettings, FastClock, Plant, White
from hgx_drivers.simulated.devices import SmoothDevice
from hgx_drivers.waveform_generator import GeneratorMismatch, GeneratorStateError, ScpiError
from hgx_drivers.waveform_generator._keysight_settings import KEYSIGHT_REFERENCE, KEYSIGHT_SETTINGS
from hgx_drivers.waveform_generator._siglent_settings import SIGLENT_SETTINGS
from hgx_lab.acquisition import Plateau, sweep
from hgx_lab.config import TrainRun, parse_run_file
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments._bench import Bench, stream_settings
from hgx_lab.experiments._generators import StreamGenerators, close_all, open_generators
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._stream import Listening, make_stream
from hgx_lab.experiments._tone_check import check_generated_tones
from hgx_lab.experiments._tones import plan_tones
from hgx_lab.signals import ChainResponse, derivatives
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage, SiglentLanguage
from tests.doors.scpi_states import draw_state, habits_of
from tests.doors.summing import SummedCard

__all__ = ["FAMILIES", "Outcome", "one_state"]

Floats = NDArray[np.float64]
Ended = Literal["measured", "refused", "the device told"]

FAMILIES = {
    "keysight": KeysightLanguage,
    "siglent": SiglentLanguage,
    "pymeasure:Agilent33500": KeysightLanguage,
}
RUN = """
experiment: train
name: dirty
seed: %d
bench:
  kind: nidaq
  rate: 20 kHz
  block: 10 ms
  lead: 20 ms
  device: Dev1
  start_out: /Dev1/PFI0
  generators:
    - {driver: '%s', resource: '%s', channels: {c: 1, d: 2}, load: %s, summing_gain: %g, timeout: 20 s}
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-0.25 V, 0.25 V]}
  - {name: d, role: control, limits: [-0.25 V, 0.25 V]}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 4 mV, mains: null}
timing: {slope: 500 V/s, settle: 1 ms, periods: 1}
self_test: null
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
"""
_POINTS, _PURPOSE = 3, 0xD127
#: What counts as wrong: beyond this share of the exact derivative, and this much more, A/V. The third order of a
#: 4 mV tone stays well below.
_SHARE, _MORE = 0.02, 0.1e-9
#: How often one command is quietly ignored, and how often the trigger cable is missing.
_STUCK, _UNPLUGGED = 0.15, 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one state.

    Parameters
    ----------
    left, stuck, plugged:
        What the previous user left and how the instrument answers; the command that is ignored; the trigger cable.
    ended:
        How: measured, refused by the driver, or ended by what the device told.
    wrong, worst:
        Derivatives that the driver alone would have let pass for good though they aren't; the largest error, relative.
    beyond:
        How far an electrode or a connector was beyond its limits at its worst sample, V; negative within them.
    said:
        The refusal.
    names:
        Whether the refusal names the setting, what was found and wanted, and a remedy; True without a refusal.
    off:
        Whether all outputs are disconnected at the end.
    remedied:
        After a refusal: whether the derivatives are right once the remedy was followed; True without one.
    """

    left: tuple[str, ...]
    stuck: str
    plugged: bool
    ended: Ended
    wrong: int
    worst: float
    beyond: float
    said: str
    names: bool
    off: bool
    remedied: bool

    @property
    def has_cause(self) -> bool:
        """Whether something here can't be set right by a driver: a protection, a broken command, a cable."""
        return "voltage limits" in self.left or bool(self.stuck) or not self.plugged


def one_state(family: str, seed: int, number: int) -> Outcome:
    """Draw a state and what is broken, and measure; after a refusal follow its remedy and measure again."""
    warnings.simplefilter("error")
    rng = np.random.default_rng([seed, list(FAMILIES).index(family), number])
    with ScpiInstrument(FAMILIES[family]()) as instrument:
        left = (*habits_of(instrument, rng), *draw_state(instrument, rng))
        instrument.stuck = (_broken(family, rng),) if rng.random() < _STUCK else ()
        instrument.trigger_connected = bool(rng.random() >= _UNPLUGGED)
        table = _Table(family, instrument, rng)
        first = table.measure()
        outcome = Outcome(
            left, "".join(instrument.stuck), instrument.trigger_connected, first.ended, first.wrong, first.worst,
            table.beyond, first.said, first.names, not any(o.on for o in instrument.outputs), True,
        )  # fmt: skip
        if first.ended == "measured":
            return outcome
        instrument.stuck, instrument.trigger_connected = (), True
        if isinstance(instrument.language, KeysightLanguage):
            instrument.send("SOUR1:VOLT:LIM:STAT OFF", "SOUR2:VOLT:LIM:STAT OFF")
        again = table.measure()
        off = outcome.off and not any(o.on for o in instrument.outputs)
        right = again.ended == "measured" and again.wrong == 0
        return replace(outcome, beyond=table.beyond, off=off, remedied=right)


def _broken(family: str, rng: np.random.Generator) -> str:
    """A command that sets something, of either output; any but the one that disconnects."""
    tables = SIGLENT_SETTINGS if family == "siglent" else (*KEYSIGHT_SETTINGS, *KEYSIGHT_REFERENCE)
    told = ("C{n}:BSWV FRQ", "C{n}:BSWV AMP", "C{n}:BSWV OFST", "C{n}:BSWV PHSE", "C{n}:OUTP LOAD", "C{n}:BTWV")
    if family != "siglent":
        told = ("SOUR{n}:FREQ ", "SOUR{n}:VOLT ", "SOUR{n}:VOLT:OFFS", "SOUR{n}:PHAS", "SOUR{n}:BURS", "TRIG{n}",
                "OUTP{n}:LOAD")  # fmt: skip
    commands = [*(s.command for s in tables if s.waveform != "arbitrary"), *told]
    return str(rng.choice(commands)).format(n=rng.integers(1, 3)).upper()


@dataclass(frozen=True, slots=True)
class _Measured:
    ended: Ended = "measured"
    wrong: int = 0
    worst: float = 0.0
    said: str = ""
    names: bool = True


class _Table:
    """Card, generator and device, and what is seen at the connectors."""

    def __init__(self, family: str, instrument: ScpiInstrument, rng: np.random.Generator) -> None:
        self._instrument = instrument
        self._load = float(rng.choice([50.0, 1e38]))
        self._gain = float(rng.choice([0.1, 1.0]))
        self._seed = int(rng.integers(1, 10_000))
        load = "high" if self._load > 1e9 else f"{self._load:g} Ohm"
        run = parse_run_file(RUN % (self._seed, family, instrument.resource, load, self._gain))
        assert isinstance(run, TrainRun)
        self._run = run
        self.beyond = -np.inf

    def measure(self) -> _Measured:
        """As a run does it, from opening to closing."""
        device = SmoothDevice(self._seed, electrodes=4)
        plant = Plant(device, replace(ChainSettings.ideal(), white=White(1e-29)), seed=self._seed)
        card = SummedCard(plant, FastClock(), self._instrument, {2: 1, 3: 2}, gain=self._gain, load=self._load)
        try:
            with self._watched(), ExitStack() as stack:
                stack.callback(card.close)
                bench = self._bench(card)
                stack.callback(close_all, bench.generators)
                return self._derivatives(bench, device)
        except DriverError as error:
            return _Measured("refused", said=str(error), names=_names(error))
        finally:
            for volts in card.seen:
                for electrode, at in zip(self._run.electrodes, volts, strict=True):
                    low, high = electrode.limits
                    self.beyond = max(self.beyond, float(np.max(at)) - high, low - float(np.min(at)))

    def _bench(self, card: SummedCard) -> Bench:
        return Bench(
            card, stream_settings(self._run), block_samples=200, lead_samples=400, amperes_per_volt=1e-7,
            overload_amperes=1e-6, generators=open_generators(self._run),
        )  # fmt: skip

    def _derivatives(self, bench: Bench, device: SmoothDevice) -> _Measured:
        run, tones = self._run, plan_tones(self._run)
        generated = StreamGenerators(run, bench.generators, tones)
        stream = make_stream(
            run,
            bench,
            tones_hz=tones.frequencies_hz,
            electrode_of_tone=tones.electrodes,
            period_samples=tones.period_samples,
            bank=tones.bank(),
            demodulator=tones.demodulator(1, (run.timing.periods,)),
            delay_samples=0,
            listening=Listening(),
            generated=generated,
        )
        points = random_points(run, _POINTS, purpose=_PURPOSE)
        plateaus = [Plateau(dc, tones.amplitudes, 20, 1) for dc in points]
        told = ""
        with stream:
            try:
                list(check_generated_tones(run, stream, tones, generated.amplitudes, lambda message: None))
            except AcquisitionError as error:
                # A run ends here. What the driver alone would have let pass is seen by going on.
                told = str(error)
            readings = list(sweep(stream, plateaus, slope=500.0, hear=lambda message: None))
        found = np.array(
            [
                derivatives(r.window.phasor, r.window.phasor_std, tones.frequencies_hz, tones.amplitudes,
                            ChainResponse()).value[0]
                for r in readings
            ]
        )  # fmt: skip
        exact = device.jacobian(np.ascontiguousarray(points.T))[0].T[:, list(tones.electrodes)]
        error = np.abs(found - exact)
        wrong = int(np.count_nonzero(~(error <= _SHARE * np.abs(exact) + _MORE)))
        worst = float(np.max(error / (np.abs(exact) + _MORE / _SHARE)))
        return _Measured("the device told" if told else "measured", wrong, worst, told)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """See at each command what leaves the connectors, from when the driver has first disconnected both."""
        ours = False
        seconds = np.linspace(0.0, 0.02, 400)
        most = [(e.limits[1] - e.limits[0]) / 2 / self._gain for e in self._run.electrodes[2:]]

        def watch() -> None:
            nonlocal ours
            ours = ours or not any(output.on for output in self._instrument.outputs)
            if ours:
                for number, limit in enumerate(most, start=1):
                    volts = self._instrument.volts(number, seconds, self._load)
                    self.beyond = max(self.beyond, float(np.abs(volts).max()) - limit)

        self._instrument.watch = watch
        try:
            yield
        finally:
            self._instrument.watch = None


def _names(error: DriverError) -> bool:
    said = str(error)
    if not error.remedy:
        return False
    if isinstance(error, GeneratorMismatch):
        return all(str(part) in said for part in (error.quantity, error.wanted, error.found))
    if isinstance(error, ScpiError):
        return error.command in said and str(error.code) in said
    return isinstance(error, GeneratorStateError) and "trigger" in said
