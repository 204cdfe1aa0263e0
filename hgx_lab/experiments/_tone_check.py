"""Whether the generators' tones reach the device as they should, seen by the device itself.

Not every generator can tell whether its trigger came, and none knows how it is wired. So at the beginning of a stream
each tone is measured twice at the same voltages: with no tone wanted, when the card takes the generator's away, and
with the generator's own amplitude, when the card gives nothing. The card's share differs by one amplitude between the
two, and so does the current, by the device's response; what the first has left over is what is wrong with the
generator's tone. A tone that doesn't play, is inverted, too large by the wrong load, or at another frequency shows
alike, whatever the instrument says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Message, Reading, Segment, Stream
from hgx_lab.config import RunFile
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments._points import random_points, steady_volts
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import Complex, Floats

__all__ = ["ToneShare", "check_generated_tones", "tone_share"]

#: Of the random device points.
_PURPOSE = 0x6E7E
#: Points at which a tone is looked for where the device doesn't respond at the first.
_POINTS = 4
#: Error bars that a finding must exceed: once in 1e5 checks of Gaussian noise.
_SIGMAS = 4.5
#: A tone is seen when its share is known to within this, 0 and 1 far apart.
_SEEN = 0.25
#: A share that is off by this ends the run; one that is off by the other is worth a note.
_WRONG, _NOTED = 0.2, 0.05


@dataclass(frozen=True, slots=True, eq=False)
class ToneShare:
    """What the electrode gets of a generator's tone, over what it should get, and the error of that, for each tone.

    1 is right, 0 a tone that doesn't play, -1 an inverted one. Shape (tones,).
    """

    share: Complex
    error: Floats

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where the device responds to the tone clearly enough to tell."""
        return np.asarray(_SIGMAS * self.error <= _SEEN)

    def off_by(self, least: float) -> NDArray[np.bool_]:
        """Where the share differs from 1 by more than ``least``, errors aside."""
        return np.asarray(self.seen & (np.abs(self.share - 1) - _SIGMAS * self.error > least))


def tone_share(taken: Complex, given: Complex, taken_std: Floats, given_std: Floats) -> ToneShare:
    """Compare phasors with the generator's tone taken away by the card with those with the tone, (tones,)."""
    difference = given - taken
    with np.errstate(divide="ignore", invalid="ignore"):
        share = given / difference
        error = np.hypot(given_std * np.abs(taken), taken_std * np.abs(given)) / np.abs(difference) ** 2
        # Where one of the two is zero the other's error still counts.
        error = np.maximum(error, np.hypot(given_std, taken_std) / np.abs(difference))
    return ToneShare(share, np.where(np.isfinite(error), error, np.inf))


def check_generated_tones(
    run: RunFile, stream: Stream, tones: RunTones, amplitudes: Floats, hear: Callable[[Message], None]
) -> Iterator[str]:
    """See at the beginning of a stream whether the device gets the generators' tones; what to note, for the record.

    ``amplitudes`` are those of the generators, (tones,), V at the electrode.

    Raises
    ------
    AcquisitionError
        A tone doesn't reach the device as it should.
    """
    names = [run.electrodes[e].name for e in tones.electrodes]
    unseen = amplitudes > 0
    points = np.vstack([steady_volts(run), random_points(run, _POINTS - 1, purpose=_PURPOSE)])
    for dc in points:
        found = _measure(run, stream, dc, amplitudes, hear)
        if found is None:
            continue
        wrong = unseen & found.off_by(_WRONG)
        if np.any(wrong):
            raise _error(names, found, wrong)
        for k in np.flatnonzero(unseen & found.off_by(_NOTED)):
            yield f"The device gets {_text(found.share[k])} of the generator's tone of {names[k]}."
        unseen = unseen & ~found.seen
        if not np.any(unseen):
            return
    which = ", ".join(names[k] for k in np.flatnonzero(unseen))
    yield (
        f"Whether the generator's tone of {which} plays couldn't be seen: at {len(points)} points the device doesn't "
        "respond to it above the noise."
    )


def _measure(
    run: RunFile, stream: Stream, dc: Floats, amplitudes: Floats, hear: Callable[[Message], None]
) -> ToneShare | None:
    """Two windows at a point; None where the input was clipped."""
    rate = stream.plan.settings.rate_hz
    for last, wanted in ((False, np.zeros_like(amplitudes)), (True, amplitudes)):
        slope = stream.slope_to(dc, wanted, run.timing.slope)
        settle, periods = round(run.timing.settle * rate), run.timing.periods
        stream.append(Segment(dc, wanted, slope, settle, periods, label="generators' tones", awaits_reading=last))
    readings: list[Reading] = []
    while len(readings) < 2:
        message = stream.next()
        hear(message)
        if isinstance(message, Reading):
            readings.append(message)
    if any(reading.overload for reading in readings):
        return None
    taken, given = (reading.window for reading in readings)
    return tone_share(taken.phasor[0], given.phasor[0], taken.phasor_std[0], given.phasor_std[0])


def _error(names: list[str], found: ToneShare, wrong: NDArray[np.bool_]) -> AcquisitionError:
    what = "; ".join(f"{_text(found.share[k])} of the tone of {names[k]}" for k in np.flatnonzero(wrong))
    return AcquisitionError(
        f"The generators' tones don't reach the device as they should: it gets {what}.",
        remedy="Disconnect the device, then look: 0 is a tone that doesn't play (trigger cable, start_out). A negative "
        "one is inverted, by the instrument or by the summing input. A factor is a wrong load or summing_gain, an "
        "angle a late trigger, a missing reference or a rate that is low for the tone: the card's steps lag by "
        "180 f / rate degrees.",
    )


def _text(share: complex) -> str:
    angle = np.degrees(np.angle(share))
    if abs(share) < 0.1:
        return f"{abs(share):.2f} times"
    if abs(abs(angle) - 180) < 20:
        return f"-{abs(share):.2f} times"
    return f"{abs(share):.2f} times" + (f", turned by {angle:.0f} degrees," if abs(angle) >= 1 else "")
