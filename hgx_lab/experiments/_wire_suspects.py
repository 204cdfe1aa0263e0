"""The second look at electrodes that seem to have a fault of their wires: what decides before a run is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._wire_probe import Setting, WireProbe
from hgx_lab.signals import Floats, size_limits

__all__ = ["is_open", "is_shorted"]

_PURPOSE = 0x5E20
_POINTS = 3
#: Time of a second look, s, without the moves: a short one, which shows that most suspects are healthy, and one that
#: is long enough to be sure.
_SHORT_SECONDS, _LONG_SECONDS = 0.15, 3.0
#: Probability that noise alone looks like an effect, so that a fault is missed.
_MISSED = 1e-3
#: An electrode whose response, alone and at both ends of its limits, is surely below this share of the typical one ...
_OPEN_SHARE = 0.12
#: ... and whose moves change the responses of all by surely less than this share of what other points change.
_EFFECT_SHARE = 0.15
#: On a linear device, where moves change no response, the share that alone decides.
_LINEAR_SHARE = 0.03
#: A pair moved against each other changes less than this share of what it changes moved together.
_AGAINST_SHARE = 0.06
#: The converters' steps move a shorted pair a little, by this share at most.
_ROUNDING_SHARE = 0.003
#: Signs of the moves of a pair: against each other, not at all, together.
_MOVES = ((1, -1), (-1, 1), (0, 0), (1, 1), (-1, -1))
#: How far a pair is moved, as a share of the room it has, and in V at most.
_MOVE_SHARE, _MOST_VOLTS = 0.8, 0.5


def _points(probe: WireProbe, peaks: Floats) -> Floats:
    points = random_points(probe.run, _POINTS, purpose=_PURPOSE)
    for k, electrode in enumerate(probe.tested):
        low, high = probe.run.electrodes[electrode].limits
        points[:, electrode] = np.clip(points[:, electrode], low + peaks[k], high - peaks[k])
    return points


def is_open(probe: WireProbe, peaks: Floats, together: Floats, k: int, typical: float, level: float) -> bool:
    """Whether nothing of what the k-th tested electrode does reaches the output.

    Its tone is on alone, so that no mixing product of others stands in for it, at the middle and the highest
    frequency and at both ends of its limits; and moving it must change nothing for the others either.

    Parameters
    ----------
    peaks:
        Peak of every tested electrode, V.
    together:
        (electrodes, bins) peaks of one tone on each, V.
    typical:
        Size of a typical response, A/V.
    level:
        Probability that an electrode is called open that has twelve per cent of the typical response, or changes the
        others by 15 per cent of what other points do.
    """
    electrode = probe.tested[k]
    low, high = probe.run.electrodes[electrode].limits
    settings: list[Setting] = []
    for point in _points(probe, peaks):
        for end in (low + peaks[k], high - peaks[k]):
            dc = point.copy()
            dc[electrode] = end
            for b in (len(probe.bins) // 2, len(probe.bins) - 1):
                alone = np.zeros(together.shape)
                alone[k, b] = peaks[k]
                settings.append(Setting(dc, alone))
            settings.append(Setting(dc, together))
    return _nothing_comes(probe, settings, _SHORT_SECONDS, k, peaks, typical, level) and (
        _nothing_comes(probe, settings, _LONG_SECONDS, k, peaks, typical, level, sure=True)
    )


def _nothing_comes(
    probe: WireProbe,
    settings: list[Setting],
    seconds: float,
    k: int,
    peaks: Floats,
    typical: float,
    level: float,
    *,
    sure: bool = False,
) -> bool:
    """Whether no effect is seen; with ``sure``, whether one that a healthy electrode has would have been seen too."""
    heard = probe.measure(settings, probe.periods(seconds, len(settings)))
    z = heard.phasor.reshape(_POINTS, 2, 3, -1)
    s = heard.std.reshape(z.shape)
    # A clipped input hears nothing of any move.
    clear = ~heard.clipped.reshape(_POINTS, 6).any(axis=1)
    if not clear.any():
        return False
    z, s = z[clear], s[clear]
    moved, moved_std = z[:, 1, 2] - z[:, 0, 2], np.hypot(s[:, 1, 2], s[:, 0, 2])
    alone = _middle_and_top(z) / peaks[k], _middle_and_top(s) / peaks[k]
    if size_limits(moved, moved_std, _MISSED).low > 0.0 or size_limits(*alone, _MISSED).low > 0.0:
        return False
    if not sure:
        return True
    own, effect = size_limits(*alone, level), size_limits(moved, moved_std, level)
    elsewhere, elsewhere_std = np.diff(z[:, 0, 2], axis=0), np.hypot(s[1:, 0, 2], s[:-1, 0, 2])
    if not elsewhere.size:
        return False
    variation = size_limits(elsewhere, elsewhere_std, level)
    if not variation.low > 0.0:
        # A linear device responds alike everywhere: then moves say nothing.
        return own.high < _LINEAR_SHARE * typical
    return own.high < _OPEN_SHARE * typical and effect.high < _EFFECT_SHARE * variation.low


def _middle_and_top(values: NDArray[Any]) -> NDArray[Any]:
    """Of (points, ends, tones, bins): the lone tones at their own bins."""
    return np.stack((values[:, :, 0, values.shape[-1] // 2], values[:, :, 1, -1]))


def is_shorted(probe: WireProbe, peaks: Floats, together: Floats, pair: tuple[int, int], level: float) -> bool:
    """Whether everything depends only on the sum of the voltages of two tested electrodes.

    Touching electrodes are both at the mean of their sources: moved against each other, nothing changes; moved
    together, all that a nonlinear device can do does. A linear device with equal conductances changes in neither
    case and isn't called shorted. Parameters as in :func:`is_open`.
    """
    electrodes = [probe.tested[k] for k in pair]
    limits = np.array([probe.run.electrodes[e].limits for e in electrodes])
    room = float(np.min(0.5 * (limits[:, 1] - limits[:, 0]) - peaks[list(pair)]))
    move = min(_MOVE_SHARE * room, _MOST_VOLTS)
    middle = limits.mean(axis=1)
    settings: list[Setting] = []
    for point in _points(probe, peaks):
        for signs in _MOVES:
            dc = point.copy()
            dc[electrodes] = middle + move * np.array(signs)
            settings.append(Setting(dc, together))
    return _nothing_apart(probe, settings, _SHORT_SECONDS, level) and (
        _nothing_apart(probe, settings, _LONG_SECONDS, level, sure=True)
    )


def _nothing_apart(
    probe: WireProbe, settings: list[Setting], seconds: float, level: float, *, sure: bool = False
) -> bool:
    """Whether no effect of moving a pair apart is seen; with ``sure``, whether that of a healthy pair would be."""
    heard = probe.measure(settings, probe.periods(seconds, len(settings)))
    z = heard.phasor.reshape(_POINTS, len(_MOVES), -1)
    s = heard.std.reshape(z.shape)
    # A clipped input hears nothing of any move.
    clear = ~heard.clipped.reshape(_POINTS, len(_MOVES)).any(axis=1)
    if not clear.any():
        return False
    z, s = z[clear], s[clear]
    # Against each other to one side and the other, and to either side: a device may be symmetric in the two.
    odd, odd_std = z[:, 0] - z[:, 1], np.hypot(s[:, 0], s[:, 1])
    even, even_std = 0.5 * (z[:, 0] + z[:, 1]) - z[:, 2], np.hypot(0.5 * odd_std, s[:, 2])
    apart, apart_std = np.stack((odd, even)), np.stack((odd_std, even_std))
    both = size_limits(z[:, 3] - z[:, 4], np.hypot(s[:, 3], s[:, 4]), level)
    if size_limits(apart, apart_std, _MISSED).low > _ROUNDING_SHARE * both.size:
        return False
    return not sure or size_limits(apart, apart_std, level).high < _AGAINST_SHARE * both.low
