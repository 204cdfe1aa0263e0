"""A bench of a card behind NI's gRPC server and a generator on its socket, added up in front of a simulated device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from hgx_drivers.simulated import FastClock, Fault
from hgx_lab.config import SimulatedBench, TrainRun, parse_run_file
from hgx_lab.experiments import simulated_plant
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage, SiglentLanguage
from tests.doors.summing import SummedCard
from tests.support.or_gate import LEARNS, OR_GATE, SIMULATED

__all__ = ["COMMON", "NI", "Table", "parsed", "wired_table"]

COMMON = OR_GATE + LEARNS
LANGUAGES = {"Keysight": KeysightLanguage, "Siglent": SiglentLanguage}
NI = """
bench:
  kind: nidaq
  rate: 20 kHz
  block: 5 ms
  lead: 20 ms
  device: Dev1
  amplifier: {clip: 4 V}
  remote: '%s'
  start_out: /Dev1/PFI0
  generators:
    - driver: %s
      resource: '%s'
      channels: {c: 1, d: 2}
      load: %s
      summing_gain: 0.1
      timeout: %s
"""


def parsed(bench: str, common: str = COMMON) -> TrainRun:
    run = parse_run_file(bench + common)
    assert isinstance(run, TrainRun)
    return run


class Table:
    """What is wired: the card, the generator, and the run that uses both."""

    def __init__(self, card: SummedCard, rig: NiRig, instrument: ScpiInstrument, remote: str) -> None:
        self.card, self.rig, self.instrument, self.remote = card, rig, instrument, remote
        self.driver = "siglent" if isinstance(instrument.language, SiglentLanguage) else "keysight"
        #: Less where an answer never comes.
        self.timeout = "5 s"

    def run(self, load: str = "high", common: str = COMMON) -> TrainRun:
        return parsed(NI % (self.remote, self.driver, self.instrument.resource, load, self.timeout), common)

    def seen(self) -> np.ndarray:
        """Volts at the electrodes, all of them."""
        return np.concatenate(self.card.seen, axis=1)


@contextmanager
def wired_table(
    load: float = 1e38,
    faults: Sequence[Fault] = (),
    maker: str = "Keysight",
    *,
    gain: float = 0.1,
    simulated: str = SIMULATED,
) -> Iterator[Table]:
    """``gain`` is what the summing inputs really do, which the run file takes for 0.1."""
    from tests.doors.ni_grpc import serving

    run = parsed(simulated)
    assert isinstance(run.bench, SimulatedBench)
    with ScpiInstrument(LANGUAGES[maker]()) as instrument:
        plant = simulated_plant(run, run.bench)
        card = SummedCard(plant, FastClock(), instrument, {2: 1, 3: 2}, gain=gain, load=load, faults=faults)
        rig = NiRig([x_series()], card)
        with serving(rig) as server:
            yield Table(card, rig, instrument, server.remote)
