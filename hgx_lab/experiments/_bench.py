"""From the bench of a run file to an open card, and what the program must know about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgx_drivers.interface import DaqCard, InputChannel, OutputChannel, StreamSettings
from hgx_lab.config import RunFile
from hgx_lab.config.bench import CardBench, NiBench, SimulatedBench
from hgx_lab.experiments._device import Tell, prepare_device, say_nothing, simulated_device
from hgx_lab.experiments._generators import BenchGenerator, close_all, open_generators, try_all
from hgx_lab.experiments._known_outputs import LevelSources, learn_levels
from hgx_lab.experiments._signal_chain import signal_chain

if TYPE_CHECKING:
    from hgx_drivers.simulated import Fault, Plant

__all__ = ["Bench", "closing_bench", "open_bench", "open_card", "simulated_plant", "stream_settings"]


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """An open bench. ``amperes_per_volt`` has the sign of the converter, so that currents come out right.

    ``offset_amperes`` is what the converter shows without a current, where a calibration has measured it.
    ``measures_levels`` says whether the card found out by itself where its outputs stand.
    """

    card: DaqCard
    settings: StreamSettings
    block_samples: int
    lead_samples: int
    amperes_per_volt: float
    overload_amperes: float
    generators: tuple[BenchGenerator, ...] = ()
    offset_amperes: float = 0.0
    measures_levels: bool = True

    def close(self) -> None:
        """Disconnect and let go of everything; the first failure is raised when all of it has been tried."""
        try_all((lambda: close_all(self.generators), self.card.close))

    @property
    def rate_hz(self) -> float:
        """Samples per second of both directions."""
        return self.settings.rate_hz


@contextmanager
def closing_bench(bench: Bench, *, tell: Tell = say_nothing) -> Iterator[None]:
    """Close a bench at the end of the block; a failure of that is raised unless another one ended the block.

    Then it is noted on that one, and told.
    """
    try:
        yield
    except BaseException as ended:
        try:
            bench.close()
        except Exception as error:  # noqa: BLE001 - what ended the block is the error to raise
            text = f"The bench could not be let go: {type(error).__name__}: {error}"
            ended.add_note(text)
            tell(text, kind="fault")
        raise
    bench.close()


def open_bench(
    run: RunFile, *, tell: Tell = say_nothing, sessions: str = "", levels: LevelSources | None = None
) -> Bench:
    """Open the bench of a run file; which is to be closed by the caller.

    ``tell`` hears, with their data, what takes long and what should be in the record. ``sessions`` is a name under
    which another process finds what this one leaves on a card's server if it dies. ``levels`` are what counts beside
    the card's own measurement of its outputs; nothing if not given.

    Raises
    ------
    OutputsUnknown
        Nothing that counts tells where the outputs stand.
    """
    bench = run.bench
    amplifier = bench.amplifier
    sign = -1.0 if amplifier.inverting else 1.0
    card = open_card(run, tell=tell, sessions=sessions)
    try:
        measured = learn_levels(run, card, levels or LevelSources(), tell)
        generators = open_generators(run, tell=tell)
    except BaseException:
        card.close()
        raise
    return Bench(
        card=card,
        generators=generators,
        settings=stream_settings(run),
        block_samples=max(1, round(bench.block * bench.rate)),
        lead_samples=max(1, round(bench.lead * bench.rate)),
        amperes_per_volt=sign * amplifier.gain,
        overload_amperes=amplifier.gain * _overload_volts(bench),
        measures_levels=measured,
    )


def open_card(run: RunFile, *, tell: Tell = say_nothing, sessions: str = "") -> DaqCard:
    """Open the card of a run file, whatever it knows of its outputs; which is to be closed by the caller."""
    bench = run.bench
    return _simulated_card(run, bench, tell) if isinstance(bench, SimulatedBench) else _ni_card(run, bench, sessions)


def _overload_volts(bench: CardBench) -> float:
    """Read-out voltage from which on a sample counts as clipped, by the amplifier or the input converter."""
    low, high = bench.input_converter.range
    clip = bench.amplifier.clip
    # One step of a 16-bit converter below the clip counts as clipped: quantisation rounds to either side.
    return min(-low, high, *(() if clip is None else (clip,))) * (1 - 2**-13)


def stream_settings(run: RunFile) -> StreamSettings:
    """Channels, rate and buffers of a run; terminals are in the order of the electrodes where the file names none."""
    bench = run.bench
    low_out, high_out = bench.output_converter.range
    low_in, high_in = bench.input_converter.range
    return StreamSettings(
        outputs=tuple(
            OutputChannel(e.name, _terminal(bench, e.name, i), low_out, high_out) for i, e in enumerate(run.electrodes)
        ),
        inputs=(
            InputChannel("current", bench.input.terminal, low_in, high_in, bench.input.configuration)
            if isinstance(bench, NiBench)
            else InputChannel("current", "ai0", low_in, high_in),
        ),
        rate_hz=bench.rate,
        output_buffer_samples=round(bench.output_buffer * bench.rate),
        input_buffer_samples=round(bench.input_buffer * bench.rate),
    )


def _terminal(bench: CardBench, electrode: str, index: int) -> str:
    named = bench.outputs if isinstance(bench, NiBench) else {}
    return named.get(electrode, f"ao{index}")


def _ni_card(run: RunFile, bench: NiBench, sessions: str) -> DaqCard:
    from hgx_drivers.nidaq import NiDaqCard, SharedClock, SignalOutputs, WatchdogSettings

    rest = {_terminal(bench, e.name, i): e.rest for i, e in enumerate(run.electrodes)}
    shared = bench.shared_clock
    card = NiDaqCard(
        bench.device,
        remote=bench.remote,
        oversampling=bench.oversampling,
        shared_clock=None
        if shared is None
        else SharedClock(shared.reference, shared.rate, shared.start, shared.reference_from, shared.start_from),
        signals=SignalOutputs(bench.start_out, bench.reference_out),
        sessions=sessions,
        watchdog=None if bench.watchdog is None else WatchdogSettings(bench.watchdog, rest),
    )
    try:
        # Only now does it know which of its devices are the bench: for the record, and for a saved calibration.
        card.configure(stream_settings(run))
    except BaseException:
        card.close()
        raise
    return card


def simulated_plant(run: RunFile, bench: SimulatedBench, *, tell: Tell = say_nothing) -> Plant:
    """Make device and signal chain of a simulated bench, seeded by the run."""
    from hgx_drivers.simulated import Plant

    device = simulated_device(bench, len(run.electrodes))
    prepare_device(device, bench.device, tell)
    return Plant(device, signal_chain(bench, device.electrodes, [e.name for e in run.electrodes]), seed=run.seed)


def _simulated_card(run: RunFile, bench: SimulatedBench, tell: Tell) -> DaqCard:
    from hgx_drivers.simulated import FastClock, RealTimeClock, SimulatedCard

    clock = FastClock() if bench.clock == "fast" else RealTimeClock()
    return SimulatedCard(simulated_plant(run, bench, tell=tell), clock, faults=_faults(bench))


def _faults(bench: SimulatedBench) -> tuple[Fault, ...]:
    from hgx_drivers.simulated import Disconnect, NanSamples, Overflow, Stall, Underflow

    kinds = {
        "underflow": Underflow,
        "overflow": Overflow,
        "disconnect": Disconnect,
        "nan": NanSamples,
        "stall": Stall,
    }
    return tuple(kinds[fault.kind](round(fault.at * bench.rate)) for fault in bench.faults)
