"""``hgx calibrate``: delay, pole, paths of the electrodes, converter and noise of a bench, for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Message, Plateau, sweep
from hgx_lab.config import MeasuredCalibration, RunFile
from hgx_lab.config.calibration_file import (
    CalibrationFile,
    ConverterCalibration,
    NoiseLevels,
    PathResponse,
)
from hgx_lab.errors import CalibrationError, SignalError
from hgx_lab.experiments._audience import Audience
from hgx_lab.experiments._fingerprint_probe import measure_fingerprint
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory
from hgx_lab.experiments._points import random_points, start_point
from hgx_lab.experiments._raw_window import SampleBuffer
from hgx_lab.experiments._saved_calibration import identities
from hgx_lab.experiments._spectrum import Welch, clear_of_mains
from hgx_lab.experiments._stream import hear_all, make_stream
from hgx_lab.signals import (
    Complex,
    Demodulator,
    Fingerprint,
    Floats,
    HeldChain,
    SequenceWaves,
    correlation_delay,
    fit_held_chain,
    sequence_responses,
    sequence_waves,
)

__all__ = ["Reference", "calibrate_bench"]

_PURPOSE = 0xCA1B
#: Device points: the start and random ones, so that signs and sizes of the derivatives differ.
_POINTS = 3
#: Highest line, as a share of the rate: a delay of a fraction of a sample is no longer a pure delay above.
_OF_RATE = 0.06
_FEWEST_PERIODS = 8
#: Lines of the noise's spectrum: narrow enough to see between the harmonics of the mains.
_RESOLUTION_HZ = 4.0
_FEWEST_HALVES = 8
#: Frequencies at which the paths are told, and around which the noise is averaged.
_TOLD = 12
_NOISE_HZ = (100.0, 300.0, 1e3, 3e3, 10e3, 30e3)
_DEFAULT_MAX_DELAY = 2e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """A known resistor between an electrode and the input, in place of the device."""

    electrode: str
    ohms: float


def calibrate_bench(
    run: RunFile,
    *,
    record: Path,
    duration: float = 4.0,
    max_delay: float | None = None,
    reference: Reference | None = None,
    source: Source | None = None,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
    outputs_at: Mapping[str, float] | None = None,
) -> CalibrationFile:
    """Measure a bench through the run's own guard and limits; its record says how that went.

    Parameters
    ----------
    run:
        Bench, electrodes, limits and amplitudes.
    record:
        Record to create: instruments, events, how it ended.
    duration:
        Length of the measurement in seconds.
    max_delay:
        Longest delay looked for, in seconds; that of the run file, or 2 ms.
    reference:
        A known load, which makes the gain absolute.
    source, audience, interrupts, outputs_at:
        As for :func:`laboratory`.

    Raises
    ------
    CalibrationError
        The chain isn't one delay and one pole, or the run leaves no room for the sequence.
    """
    if reference is not None and reference.electrode not in {e.name for e in run.toned_electrodes()}:
        raise CalibrationError(
            f"The reference is on electrode {reference.electrode}, which carries no tone.",
            remedy=f"Name one of {', '.join(e.name for e in run.toned_electrodes())}.",
        )
    if reference is not None and not reference.ohms > 0:
        raise CalibrationError(f"A reference of {reference.ohms:g} Ohm is no resistor.")
    known = run.calibration
    if max_delay is None:
        max_delay = known.max_delay if isinstance(known, MeasuredCalibration) else _DEFAULT_MAX_DELAY
    names = [e.name for e in run.toned_electrodes()]
    if not names:
        raise CalibrationError("No electrode carries a tone.", remedy="Give tones an amplitude.")
    where = [i for i, e in enumerate(run.electrodes) if e.name in names]
    peaks = np.array([run.tone_amplitude(run.electrodes[i]) for i in where])
    longest = round(max_delay * run.bench.rate)
    waves = sequence_waves(
        peak=float(peaks.max()),
        slew=0.9 * min(run.slew_limit(run.electrodes[i]) for i in where) - run.timing.slope,
        rate_hz=run.bench.rate,
        longest_samples=longest,
    )
    opened = laboratory(
        run,
        "calibrate",
        Declaration((), ()),
        record=record,
        source=source,
        audience=audience,
        interrupts=interrupts,
        outputs_at=outputs_at,
        check_calibration=False,
    )
    with opened as lab:
        found = _measure(lab, waves, where, peaks, longest, duration)
        result = _file(lab, found, names, where, reference, _fingerprint(lab, max_delay))
        lab.session.conclude(f"Delay {result.delay_samples:.2f} samples.", solved=True, delay=result.delay_samples)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    chain: HeldChain
    lines_hz: Floats
    responses: Complex  # (points, electrodes, lines)
    std: Floats
    rest_amperes: float
    rest_std: float
    welch: Welch


def _measure(
    lab: Laboratory, waves: SequenceWaves, where: list[int], peaks: Floats, longest: int, duration: float
) -> _Found:
    run, period = lab.run, waves.period_samples
    count = len(where)
    # A fifth of the time for the noise at rest, the rest for the electrodes at all points.
    periods = max(_FEWEST_PERIODS, round(0.8 * duration * lab.rate_hz / period / (_POINTS * count)))
    in_half = max(1, round(lab.rate_hz / (2 * _RESOLUTION_HZ * period)))
    quiet = in_half * max(_FEWEST_HALVES, round(0.2 * duration * lab.rate_hz / (period * in_half)))
    settle = longest + lab.samples(run.timing.settle) + period
    rest = np.array([e.rest for e in run.electrodes])
    points = np.concatenate([start_point(run)[None], random_points(run, _POINTS - 1, purpose=_PURPOSE)])
    plateaus = [Plateau(rest, np.zeros(count), settle, quiet)]
    plateaus += [
        Plateau(dc, np.where(np.arange(count) == k, peaks, 0.0), settle, periods) for dc in points for k in range(count)
    ]
    buffer = SampleBuffer()

    def hear(message: Message) -> None:
        buffer.hear(message)
        lab.hear(message)

    stream = make_stream(
        run,
        lab.bench,
        tones_hz=np.full(count, waves.bound_hz(lab.rate_hz)),
        electrode_of_tone=tuple(where),
        period_samples=period,
        bank=waves,
        demodulator=Demodulator([1], period, len(lab.bench.settings.inputs)),
        delay_samples=0,
        listening=lab.listening,
        keep_blocks=True,
    )
    lines = _lines(waves, lab.rate_hz, run.tones.mains, periods)
    welch = Welch(2 * period * in_half, lab.rate_hz)
    mean = mean_std = 0.0
    responses = np.empty((_POINTS, count, lines.size), dtype=np.complex128)
    std = np.empty(responses.shape)
    try:
        with stream:
            for number, reading in enumerate(sweep(stream, plateaus, slope=run.timing.slope, hear=hear)):
                window = reading.window.window
                current = buffer.take(window.start, window.start + window.periods * period)[0].reshape(-1, period)
                lab.audience.progress(number + 1, len(plateaus), "")
                if reading.overload:
                    raise CalibrationError(
                        "The input clips during the calibration.", remedy="Lower the amplitude of the tones."
                    )
                if number == 0:
                    mean = float(current.mean())
                    halves = current.reshape(-1, period * in_half)
                    mean_std = float(np.std(halves.mean(axis=1), ddof=1) / np.sqrt(len(halves)))
                    for half in halves:
                        welch.add(half)
                    continue
                point, k = divmod(number - 1, count)
                # The waveform counts from sample 0 of the stream, wherever the window begins.
                wave = np.roll(waves.wave, -(window.start % period))
                responses[point, k], std[point, k] = sequence_responses(current, wave, float(peaks[k]), lines)
    finally:
        lab.session.ended_at(stream.samples)
        hear_all(stream.leftovers(), lab.hear)
        lab.session.writer.flush()
    flat, flat_std = responses.reshape(-1, lines.size), std.reshape(-1, lines.size)
    weights = 1 / np.mean(flat_std**2, axis=1)
    chain = fit_held_chain(
        lines * lab.rate_hz / period,
        responses,
        std,
        np.arange(_POINTS)[:, None, None],
        np.arange(count)[None, :, None],
        rate_hz=lab.rate_hz,
        near_samples=correlation_delay(flat, weights, lines, period, longest + 8),
        longest_samples=longest,
    )
    return _Found(chain, lines * lab.rate_hz / period, responses, std, mean, mean_std, welch)


def _lines(waves: SequenceWaves, rate_hz: float, mains: float | None, periods: int) -> NDArray[np.intp]:
    """Lines with enough of the sequence in them, off the mains as far as the length of a plateau tells them apart."""
    period = waves.period_samples
    # step is 2 / hold; the spectrum has its first null at rate / hold.
    top = min(_OF_RATE, 0.3 * waves.step / 2)
    lines = np.arange(1, int(top * period) + 1)
    if mains is not None:
        f = lines * rate_hz / period
        lines = lines[np.abs(f - np.rint(f / mains) * mains) > 2 * rate_hz / (period * periods)]
    return lines


def _file(
    lab: Laboratory,
    found: _Found,
    names: list[str],
    where: list[int],
    reference: Reference | None,
    fingerprint: Fingerprint | None,
) -> CalibrationFile:
    chain, bench = found.chain, lab.bench
    nominal = 1 / bench.amperes_per_volt
    gain = gain_std = None
    offset = found.rest_amperes * nominal
    offset_note = "The current of the device at rest can't be separated from the converter's offset."
    note = (
        "Without a known load only the gain relative to low frequency is known; hgx calibrate --reference measures it."
    )
    if reference is not None:
        k = names.index(reference.electrode)
        weight = chain.gradients_std[:, k] ** -2
        factor = float(np.sum(weight * chain.gradients[:, k]) / np.sum(weight)) * reference.ohms
        gain, gain_std = factor * nominal, abs(reference.ohms * nominal) / float(np.sqrt(np.sum(weight)))
        rest = next(e.rest for e in lab.run.electrodes if e.name == reference.electrode)
        offset -= gain * rest / reference.ohms
        offset_note = "With the known load in place of the device; its current at rest is taken out."
        note = (
            f"From {reference.ohms:g} Ohm between {reference.electrode} and the input; the resistor's own error "
            "comes on top."
        )
    settings = bench.settings
    return CalibrationFile(
        written=datetime.now(UTC),
        program=f"hgx-lab {version('hgx-lab')}",
        instruments=identities(bench),
        rate_hz=lab.rate_hz,
        outputs={c.name: c.terminal for c in settings.outputs},
        inputs={c.name: c.terminal for c in settings.inputs},
        delay_samples=chain.delay_samples,
        delay_std_samples=chain.delay_std_samples,
        pole_hz=chain.pole_hz,
        pole_std_hz=chain.pole_std_hz,
        response=chain.response.to_dict(),
        reduced_chi2=chain.reduced_chi2,
        electrodes={name: _path(found, k) for k, name in enumerate(names)},
        converter=ConverterCalibration(
            offset_volts=offset,
            offset_std_volts=found.rest_std * abs(nominal),
            offset_note=offset_note,
            nominal_volts_per_ampere=nominal,
            gain_volts_per_ampere=gain,
            gain_std_volts_per_ampere=gain_std,
            gain_note=note,
        ),
        noise=_noise(found.welch, lab.run.tones.mains),
        fingerprint=None if fingerprint is None else fingerprint.to_dict(),
    )


def _fingerprint(lab: Laboratory, max_delay: float) -> Fingerprint | None:
    """What later runs find swapped wires with; a bench that can't have one is calibrated without."""
    try:
        found = measure_fingerprint(lab.run, lab.bench, max_delay=max_delay, listening=lab.listening)
    except SignalError as error:
        lab.session.writer.event("fingerprint", None, f"No fingerprint: {error}", taken=False)
        lab.audience.note(f"No fingerprint, so that swapped wires won't be found: {error}")
        return None
    lab.session.writer.event("fingerprint", None, f"Fingerprint of {len(found.names)} electrodes.", taken=True)
    return found


def _path(found: _Found, k: int) -> PathResponse:
    """Gain and phase in a dozen bands of lines, at the point where the electrode has the largest derivative."""
    chain = found.chain
    point = int(np.argmax(np.abs(chain.gradients[:, k])))
    gradient = float(chain.gradients[point, k])
    f = found.lines_hz
    band = np.searchsorted(np.geomspace(f[0], f[-1] * (1 + 1e-9), _TOLD + 1), f, side="right")
    told: list[tuple[float, complex]] = []
    for b in np.unique(band):
        here = band == b
        weight = found.std[point, k, here] ** -2
        middle = float(np.sum(weight * f[here]) / weight.sum())
        # The lines of a band are turned to its middle by the delay, so that their mean isn't too small.
        turned = found.responses[point, k, here] * np.exp(
            2j * np.pi * (f[here] - middle) * chain.response.delay_seconds
        )
        told.append((middle, complex(np.sum(weight * turned) / weight.sum()) / gradient))
    return PathResponse(
        frequencies_hz=tuple(x for x, _ in told),
        gain=tuple(abs(z) for _, z in told),
        phase_degrees=tuple(float(np.degrees(np.angle(z))) for _, z in told),
        derivative_amperes_per_volt=gradient,
        capacitance_farads=float(chain.capacitances[k]),
    )


def _noise(welch: Welch, mains: float | None) -> NoiseLevels:
    f, density = welch.frequencies_hz, welch.density
    clear = clear_of_mains(f, mains) & np.isfinite(density)
    levels: dict[float, float] = {}
    for middle in _NOISE_HZ:
        near = clear & (f > middle / 1.3) & (f < middle * 1.3)
        if np.count_nonzero(near) >= 2:
            # A straight line through the logarithms, weighted alike, read at the middle.
            logs = np.log(f[near] / middle)
            levels[middle] = float(np.exp(np.polyfit(logs, np.log(density[near]), 1)[1]))
    return NoiseLevels(frequencies_hz=tuple(levels), density_amperes2_per_hz=tuple(levels.values()))
