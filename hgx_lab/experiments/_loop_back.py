"""A wire from an output to an input: what comes back of a small signal, through the ordinary stream and guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hgx_lab.acquisition import Plateau, Reading
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.config.signal_chain import Amplifier
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._bench import Bench, closing_bench, open_bench
from hgx_lab.experiments._device import say_nothing
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._known_outputs import LevelSources, levels_text
from hgx_lab.experiments._stream import Listening, ignore, make_stream, read_all
from hgx_lab.experiments._to_rest import bring_in
from hgx_lab.signals import Demodulator, ToneBank

__all__ = ["LoopBackReading", "measure_loop_back"]

#: Peak of each of the three tones, where limits and slew allow it: 16 steps of a 16-bit converter of +-10 V.
_PEAK_VOLTS = 5e-3
#: The fastest tone, as a part of the rate: slow enough for the filters of converters.
_OF_RATE = 0.05
#: Time before the window, beyond the run's own settling: no converter's delay is longer.
_SETTLE_SECONDS = 20e-3
_PERIODS = 20
#: As near as somebody's voltmeter tells, V.
_AT_REST_WITHIN = 20e-3


@dataclass(frozen=True, slots=True)
class LoopBackReading:
    """What came back. ``sent`` and ``heard`` are the lowest tone's peaks in V, ``heard_std`` the error of the latter.

    ``sign`` is +1 or -1 and ``delay_samples`` from output to input; both say nothing where nothing came back.
    """

    electrode: str
    terminal: str
    frequency_hz: float
    sent: float
    heard: float
    heard_std: float
    sign: int
    delay_samples: float
    rate_hz: float


def measure_loop_back(
    run: RunFile, electrode: str, terminal: str, *, outputs_at: Mapping[str, float] | None = None
) -> LoopBackReading:
    """Write three small tones about the electrode's rest voltage and read them back at ``terminal``.

    All other electrodes stay at rest. Two neighbouring tones tell the delay within a base period, the third refines it.
    It leaves no record: where the card can't measure its outputs it begins at rest only, so that it can't be cut off
    far from where the record before it says.

    Parameters
    ----------
    run:
        The run whose bench it is.
    electrode, terminal:
        The two ends of the wire.
    outputs_at:
        V by electrode that stand at the outputs now, where the card can't measure them; as for :func:`laboratory`.

    Raises
    ------
    ExperimentError
        The bench has no such electrode, or no terminals, or leaves the tones no room, or isn't at rest.
    DriverError, AcquisitionError, GuardRefusal
        As in a run; the outputs are at rest then.
    """
    bench = run.bench
    if not isinstance(bench, NiBench):
        raise ExperimentError("A simulated bench has no terminals to put a wire on.")
    names = [e.name for e in run.electrodes]
    if electrode not in names:
        raise ExperimentError(f"There is no electrode {electrode!r}; there are {', '.join(names)}.")
    index = names.index(electrode)
    period = round(run.tones.period * bench.rate)
    bins = _bins(run, period)
    peak = _peak(run, index, bins, period)
    wired = run.model_copy(
        update={
            "bench": bench.model_copy(
                update={
                    "input": bench.input.model_copy(update={"terminal": terminal}),
                    # Volts, not amperes: there is no converter of currents in the loop.
                    "amplifier": Amplifier(gain=1.0, clip=None, inverting=False),
                }
            )
        }
    )
    levels = LevelSources(outputs_at, (Path(run.record.directory),))
    reading = _read(wired, levels, index, bins, peak, period)
    phasor = reading.window.phasor[0]
    delay = _delay(phasor, np.array(bins), period)
    upright = (phasor[0] * np.exp(2j * np.pi * bins[0] * delay / period)).real
    return LoopBackReading(
        electrode,
        terminal,
        bins[0] * bench.rate / period,
        peak,
        float(abs(phasor[0])),
        float(reading.window.phasor_std[0, 0]),
        1 if upright >= 0 else -1,
        delay,
        bench.rate,
    )


def _bins(run: RunFile, period: int) -> tuple[int, int, int]:
    """Two neighbours and one far above them."""
    top = int(_OF_RATE * period)
    low = max(1, top // 8)
    if top < low + 2:
        raise ExperimentError(
            f"A base period of {period} samples has no room for three tones.", remedy="Raise tones.period."
        )
    return low, low + 1, top


def _peak(run: RunFile, index: int, bins: tuple[int, int, int], period: int) -> float:
    electrode = run.electrodes[index]
    room = min(electrode.limits[1] - electrode.rest, electrode.rest - electrode.limits[0]) / len(bins)
    # A tenth of the slew stays free, and half of what then is left goes to rounding and slopes.
    fastest = 2 * np.pi * sum(bins) * run.bench.rate / period
    peak = min(_PEAK_VOLTS, 0.9 * room, 0.5 * run.slew_limit(electrode) / fastest)
    if peak <= 0:
        raise ExperimentError(
            f"{electrode.name} rests at one of its limits, which leaves no room for a tone.",
            remedy="Loop back another electrode.",
        )
    return float(peak)


def _begin_at_rest(run: RunFile, bench: Bench) -> None:
    if bench.measures_levels:
        bring_in(run, bench, say_nothing, ignore)
        return
    levels, rest = bench.card.levels(), np.array([e.rest for e in run.electrodes])
    if np.any(np.abs(levels - rest) > _AT_REST_WITHIN):
        raise ExperimentError(
            f"The outputs aren't at rest: {levels_text(run, levels)}. The card can't measure them, so nobody would "
            "know where they are if this were cut off.",
            remedy="Bring them to rest first: hgx rest FILE --from ...",
        )


def _read(
    run: RunFile, levels: LevelSources, index: int, bins: tuple[int, int, int], peak: float, period: int
) -> Reading:
    interrupts = Interrupts()
    noise = [b for b in range(1, bins[2] + 4) if b not in bins]
    demodulator = Demodulator(bins, period, 1, noise_bins=noise)
    demodulator.prepare(_PERIODS)
    settle = round((_SETTLE_SECONDS + run.timing.settle) * run.bench.rate)
    rest = np.array([e.rest for e in run.electrodes])
    plateaus = [Plateau(rest, np.full(len(bins), peak), settle, _PERIODS)]
    listening = Listening(interrupted=interrupts.check)
    with interrupts.signals():
        bench = open_bench(run, levels=levels)
        with closing_bench(bench):
            _begin_at_rest(run, bench)
            stream = make_stream(
                run,
                bench,
                tones_hz=np.array(bins) * (run.bench.rate / period),
                electrode_of_tone=(index,) * len(bins),
                period_samples=period,
                bank=ToneBank(bins, period),
                demodulator=demodulator,
                delay_samples=0,
                listening=listening,
            )
            (reading,) = read_all(stream, plateaus, slope=run.timing.slope, hear=listening.hear)
    return reading


def _delay(phasor: np.ndarray, bins: np.ndarray, period: int) -> float:
    """Delay in samples, from a tenth of a base period before the output to nine tenths after it."""
    step = -np.angle(phasor[1] * phasor[0].conj()) * period / (2 * np.pi * (bins[1] - bins[0]))
    coarse = float((step + 0.1 * period) % period - 0.1 * period)
    span = 2 * np.pi * (bins[2] - bins[0]) / period
    rest = np.angle(phasor[2] * phasor[0].conj() * np.exp(1j * span * coarse))
    return coarse - float(rest) / span
