"""A short test of the wires before a run: every electrode's response at a few device points, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from hgx_lab.config import RunFile
from hgx_lab.config.self_test import SelfTest
from hgx_lab.errors import SelfTestError, SignalError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._fingerprint_probe import measure_fingerprint_again
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._stream import Listening
from hgx_lab.experiments._wire_probe import Heard, Setting, WireProbe, free_electrodes, probe_bins
from hgx_lab.experiments._wire_suspects import is_open, is_shorted
from hgx_lab.signals import (
    Fingerprint,
    Floats,
    WiringEvidence,
    calibration_sequence,
    compare_fingerprints,
    wiring_evidence,
)

__all__ = ["FALSE_ALARM", "SelfTestResult", "self_test"]

#: Probability that a test refuses wires of which every single finding is wrong, for Gaussian noise: shared evenly
#: among all electrodes, all pairs and the fingerprint (Bonferroni).
FALSE_ALARM = 1e-6
#: Of the random device points.
_PURPOSE = 0x5E1F
#: Device points: as many as the time allows.
_FEWEST_POINTS, _MOST_POINTS = 3, 6
#: Probability that noise alone seems to depend on the device point.
_ALIVE = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class SelfTestResult:
    """A test that was passed: names of the tested electrodes, the evidence in their order, and what stays unclear."""

    names: tuple[str, ...]
    evidence: WiringEvidence
    notes: tuple[str, ...]


def self_test(
    run: RunFile,
    bench: Bench,
    settings: SelfTest,
    *,
    fingerprint: Fingerprint | None = None,
    listening: Listening,
) -> SelfTestResult:
    """Give every electrode that isn't fixed each of a few frequencies in turn, at random points, and judge.

    What looks like a fault is looked at again before it is called one. With a ``fingerprint``, swapped wires are
    looked for too.

    Raises
    ------
    SelfTestError
        An open electrode, a shorted or swapped pair, a dead input or a clipped one; the outputs are at rest then.
    SignalError
        The band of the run has no room for one tone per electrode, the slew rate for none, or the fingerprint that
        ``settings`` name doesn't fit the run; that of a saved calibration is left out then, with a note.
    """
    tested = free_electrodes(run)
    names = tuple(run.electrodes[i].name for i in tested)
    count = len(tested)
    level = FALSE_ALARM / (count + count * (count - 1) // 2 + 1)
    bins = probe_bins(run, count, bench.rate_hz)
    period = round(run.tones.period * bench.rate_hz)
    probe = WireProbe(run, bench, tested, bins, period, settings.max_delay, listening)
    peaks = probe.peaks()
    sequence = calibration_sequence(bins, count, count)
    on = sequence[:, :, None] == bins  # (steps, electrodes, bins)
    evidence, alive = _look(probe, settings.duration, peaks, on, level)
    if not evidence.heard:
        largest = float(np.max(evidence.largest_sizes))
        if not alive:
            raise SelfTestError(
                f"Nothing reaches the input: none of {', '.join(names)} has a response above the noise, "
                f"{largest:.2g} A/V, and the mean current is the same at all device points.",
                remedy="Disconnect the device before you touch a wire; check its contact and that of its output, the "
                "amplifier and the input.",
            )
        note = (
            f"The wires couldn't be tested: noise hides every response below {largest:.2g} A/V. A longer "
            "self_test.duration helps, or a larger amplitude of the tones if the device bears it."
        )
        return SelfTestResult(names, evidence, (note,))
    _judge(probe, evidence, names, peaks, peaks[:, None] * on[0], level)
    notes = tuple(
        f"{names[k]} isn't seen above the noise, below {evidence.largest_sizes[k]:.2g} A/V."
        for k in range(count)
        if not evidence.smallest_sizes[k] > 0.0
    )
    if fingerprint is not None:
        notes += _compare(run, bench, settings, fingerprint, level, listening)
    return SelfTestResult(names, evidence, notes)


def _look(probe: WireProbe, seconds: float, peaks: Floats, on: np.ndarray, level: float) -> tuple[WiringEvidence, bool]:
    """Evidence, and whether the mean current depends on the device point: then the input lives."""
    run, steps = probe.run, len(on)
    shortest = probe.period_samples / probe.bench.rate_hz * steps
    count = min(max(round(seconds / shortest), _FEWEST_POINTS), _MOST_POINTS)
    points = random_points(run, count, purpose=_PURPOSE)
    for k, electrode in enumerate(probe.tested):
        low, high = run.electrodes[electrode].limits
        points[:, electrode] = np.clip(points[:, electrode], low + peaks[k], high - peaks[k])
    settings = [Setting(dc, peaks[:, None] * on[step]) for dc in points for step in range(steps)]
    heard = probe.measure(settings, probe.periods(seconds, len(settings)))
    _check_input(heard)
    shape = (count, steps, -1)
    clear = ~heard.clipped.reshape(count, steps).any(axis=1)
    if not clear.any():
        # A few clipped windows at every point: better than nothing.
        clear = np.ones(count, dtype=np.bool_)
    # From the step in which an electrode has a frequency, for each of both: (points, bins, electrodes).
    step = np.argmax(on, axis=0).T
    bin_ = np.arange(len(probe.bins))[:, None]
    response, std = (a.reshape(shape)[clear][:, step, bin_] / peaks for a in (heard.phasor, heard.std))
    return wiring_evidence(response, std, level), _depends_on_point(heard.mean.reshape(count, steps))


def _depends_on_point(means: Floats) -> bool:
    """Whether means, (points, steps), differ more from point to point than from step to step (one-way F-test)."""
    count, steps = means.shape
    between = steps * float(np.var(means.mean(axis=1), ddof=1))
    within = float(np.mean(np.var(means, axis=1, ddof=1))) if steps > 1 else 0.0
    return between > 0.0 and between > within * float(fdtri(count - 1, count * max(steps - 1, 1), 1.0 - _ALIVE))


def _check_input(heard: Heard) -> None:
    clipped = int(np.count_nonzero(heard.clipped))
    if 2 * clipped > len(heard.clipped):
        raise SelfTestError(
            f"The input was clipped in {clipped} of {len(heard.clipped)} windows, between {heard.minimum:g} and "
            f"{heard.maximum:g} A.",
            remedy="Take a smaller amplification or narrower limits; look for an electrode that leaks to the output.",
        )
    if heard.minimum == heard.maximum:
        raise SelfTestError(
            f"The input read {heard.minimum:g} A in every sample of {len(heard.clipped)} windows: its converter or "
            "amplifier is dead.",
            remedy="Disconnect the device, then check the input's terminal, cable and the supply of the amplifier.",
        )


def _judge(
    probe: WireProbe, evidence: WiringEvidence, names: tuple[str, ...], peaks: Floats, together: Floats, level: float
) -> None:
    """Look at every suspect again, and raise what is sure."""
    seen = evidence.smallest_sizes > 0.0
    typical = float(np.median(evidence.sizes[seen]))
    faults = [
        f"{names[k]} is open or its output converter dead: it has no response above the noise, where that of the "
        f"others is about {typical:.2g} A/V, and moving it changes nothing."
        for k in evidence.faint
        if is_open(probe, peaks, together, k, typical, level)
    ] + [
        f"{names[i]} and {names[j]} are shorted: they respond alike, {evidence.sizes[i]:.3g} and "
        f"{evidence.sizes[j]:.3g} A/V, and moving them against each other changes nothing."
        for i, j in evidence.alike
        if is_shorted(probe, peaks, together, (i, j), level)
    ]
    if faults:
        raise SelfTestError(
            " ".join(faults),
            remedy="Disconnect the device before you touch a wire; check the contacts and cables of these electrodes.",
        )


def _compare(
    run: RunFile,
    bench: Bench,
    settings: SelfTest,
    stored: Fingerprint,
    level: float,
    listening: Listening,
) -> tuple[str, ...]:
    try:
        now = measure_fingerprint_again(run, bench, stored, max_delay=settings.max_delay, listening=listening)
    except SignalError as error:
        if settings.fingerprint is not None:
            raise
        # That of a calibration that other runs use too.
        return (f"Swapped wires weren't looked for: {error}",)
    match = compare_fingerprints(stored, now, level)
    if match.same:
        return ()
    if match.swapped is not None:
        first, second = (stored.names[k] for k in match.swapped)
        raise SelfTestError(
            f"{first} and {second} are swapped: their responses fit the fingerprint with these two exchanged, and no "
            f"other way (chi-square {match.chi2:.3g} as they are, where {match.limit:.3g} is the most).",
            remedy="Disconnect the device, then swap their cables; if the wires were meant to change, calibrate again "
            "with hgx calibrate.",
        )
    candidates = ", ".join(f"{stored.names[i]} with {stored.names[j]}" for i, j in match.transpositions)
    return (
        f"The responses don't fit the fingerprint (chi-square {match.chi2:.3g} where {match.limit:.3g} is the most): "
        "the device has changed, or more wires than two"
        + (f"; one of these exchanges would explain it: {candidates}." if candidates else "."),
    )
