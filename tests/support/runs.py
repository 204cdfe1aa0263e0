"""Small run files for tests, and runs of them with a spied card."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import RunFile, TrainRun, change_run_file, parse_run_file
from hgx_lab.experiments import Audience, Bench, Interrupts, SilentAudience, Source, TrainResult, open_bench, train
from hgx_lab.records import Record, open_record, provenance
from tests.support.spy import SpyCard, assert_safe

#: Two inputs, two controls, one fixed electrode; an iteration of 4 cases takes 0.1 s of the bench, 5 ms of a machine.
TEXT = """\
experiment: train
name: small
seed: 7
bench:
  kind: simulated
  rate: 20 kHz
  block: 2 ms
  lead: 4 ms
  delay: 100 us
  device: {kind: smooth, seed: 3}
  amplifier: {gain: 100 nA/V, bandwidth: null, clip: 4 V}
  noise: {flicker: 0, white: 1e-27, hum: null}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: x, role: input,   limits: [-0.8 V, 0.8 V]}
  - {name: y, role: input,   limits: [-0.8 V, 0.8 V], rest: -0.2 V}
  - {name: b, role: control, limits: [-1.2 V, 0.9 V], start: 0.3 V}
  - {name: c, role: fixed,   limits: [-1 V, 1 V], value: 0.4 V}
safety: {slew: 2 kV/s, rest_slope: 50 V/s}
tones: {plan: octave, period: 10 ms, band: [300 Hz, 2 kHz], amplitude: 20 mV}
timing: {slope: 200 V/s, settle: 2 ms, periods: 2}
calibration: {kind: fixed, delay: 100 us}
task: {kind: gate, gate: AND, inputs: {x: [-0.5 V, 0.5 V], y: [-0.5 V, 0.5 V]}}
stop: {iterations: 4}
validation: {periods: 1, settle: 2 ms}
"""

#: Changes that take every imperfection out of the bench.
IDEAL: Mapping[str, Any] = {
    "bench.noise": None,
    "bench.stray_capacitance": [0.0],
    "bench.output_converter.bits": None,
    "bench.input_converter.bits": None,
}


@lru_cache(maxsize=1)
def _small() -> RunFile:
    return parse_run_file(TEXT)


def make_run(changes: Mapping[str, Any] | None = None) -> TrainRun:
    """The small run file with changes."""
    run = change_run_file(_small(), changes) if changes else _small()
    assert isinstance(run, TrainRun)
    return run


@dataclass
class Heard(SilentAudience):
    """An audience that remembers, and that interferes where a test asks for it."""

    on: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def _hear(self, kind: str, what: Any) -> None:
        self.calls.append((kind, what))
        if kind in self.on:
            self.on[kind](what)

    def began(self, record: Path, run: RunFile) -> None:
        self._hear("began", record)

    def calibrated(self, fit: Any) -> None:
        self._hear("calibrated", fit)

    def event(self, event: Any) -> None:
        self._hear("event", event)

    def progress(self, done: int, total: int, figures: str) -> None:
        self._hear("progress", (done, total, figures))

    def iteration(self, iteration: Any) -> None:
        self._hear("iteration", iteration)

    def validation(self, validation: Any) -> None:
        self._hear("validation", validation)

    def placed(self, placed: Any) -> None:
        self._hear("placed", placed)

    def ended(self, status: str, reason: str) -> None:
        self._hear("ended", (status, reason))

    def of(self, kind: str) -> list[Any]:
        return [what for name, what in self.calls if name == kind]


@dataclass
class Ended:
    """A run that has ended, in whatever way: what it raised or returned, its card, its record."""

    run: TrainRun
    path: Path
    cards: list[SpyCard]
    result: TrainResult | None
    error: BaseException | None

    @property
    def card(self) -> SpyCard:
        [card] = self.cards
        return card

    def record(self) -> Record:
        return open_record(self.path)

    def assert_safe(self) -> None:
        electrodes = self.run.electrodes
        low, high = (np.array([e.limits[i] for e in electrodes]) for i in (0, 1))
        slew = np.array([self.run.slew_limit(e) for e in electrodes])
        assert_safe(self.card.history, low, high, slew, self.run.bench.rate)

    def assert_at_rest(self) -> None:
        """At rest by the card, by the plant's own last voltage, and by the record."""
        rest = np.array([e.rest for e in self.run.electrodes])
        assert np.all(np.abs(self.card.levels() - rest) < 1e-3)
        assert np.all(np.abs(self.card.history[:, -1] - rest) < 1e-3)
        assert self.card.closed
        with self.record() as record:
            kinds = [event.kind for event in record.events]
            assert "not-at-rest" not in kinds
            # Every stream, that of the calibration too, ends with its ramp and at rest.
            assert kinds.count("at-rest") >= max(1, kinds.count("started"))
            last_ramp = max(i for i, kind in enumerate(kinds) if kind == "ramp-to-rest")
            assert "at-rest" in kinds[last_ramp:]


@lru_cache(maxsize=1)
def _known_provenance() -> dict[str, Any]:
    return provenance()


def _provenance(**_: Any) -> dict[str, Any]:
    """Asking git and the installed packages once is enough for a hundred runs."""
    return _known_provenance()


def spy_on(monkeypatch: pytest.MonkeyPatch) -> list[SpyCard]:
    """Put a spy between every bench that is opened from now on and its card."""
    cards: list[SpyCard] = []

    def spied(*arguments: Any, **more: Any) -> Bench:
        bench = open_bench(*arguments, **more)
        cards.append(SpyCard(bench.card))
        return replace(bench, card=cards[-1])

    monkeypatch.setattr("hgx_lab.experiments._laboratory.open_bench", spied)
    return cards


def run_to_its_end(
    run: TrainRun,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
    source: Source | None = None,
) -> Ended:
    """Train with a spied card; whatever ends it is kept, not raised."""
    with monkeypatch.context() as patch:
        cards = spy_on(patch)
        patch.setattr("hgx_lab.experiments._session.provenance", _provenance)
        try:
            # With a text the run file needn't be written out anew.
            source = source or Source(text=TEXT)
            result = train(run, record=path, audience=audience, interrupts=interrupts, source=source)
        except Exception as error:
            return Ended(run, path, cards, None, error)
    return Ended(run, path, cards, result, None)


def highest_slew(run: RunFile) -> float:
    """The fastest that tones and slopes together can be, V/s."""
    peak = max(run.tone_amplitude(e) for e in run.electrodes)
    return run.timing.slope + 2 * math.pi * run.tones.highest_frequency * peak
