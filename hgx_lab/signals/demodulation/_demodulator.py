"""Streaming demodulation of tuned tones over windows of whole base periods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hgx_lab.errors import SignalError
from hgx_lab.signals.demodulation._accumulator import Accumulator
from hgx_lab.signals.demodulation._bins import BinMap
from hgx_lab.signals.demodulation._cost import Choice, Strategy, build, choose
from hgx_lab.signals.demodulation._evaluation import Evaluation
from hgx_lab.signals.demodulation._layout import WindowLayout
from hgx_lab.signals.demodulation._projection import Projection
from hgx_lab.signals.demodulation._queue import WindowQueue
from hgx_lab.signals.types import Floats, Window, WindowReading

__all__ = ["Demodulator"]


class Demodulator:
    """In-phase and quadrature of every tone of every channel, with error bars, from a stream of blocks.

    A window is whole base periods N from any sample on; tones are sine-phased on the stream's sample counter.
    In it the tones are orthogonal to each other and to DC, so each is read as if it were alone. Readings don't
    depend, to the last bit, on how the stream is cut into blocks.

    Parameters
    ----------
    bins:
        Tone bins m (K,), 0 < m < N/2, without repetition.
    period_samples:
        Samples N of the base period.
    channels:
        Input channels C.
    noise_bins:
        Bins without signal, best on both sides of every tone; those nearest to the tones are used.
    lines:
        Further bins to read (harmonics, mixing products), any integers: they are folded at N/2 as sampling does.
    drift:
        Fit a linear drift together with the tones and lines.
    error_bars:
        False leaves the noise bins out; the error bars then come from the scatter between base periods alone.
    strategy:
        Forces a route of the projection; ``auto`` takes the cheapest for the regime. All agree to rounding.

    Notes
    -----
    ``phasor_std`` is ``sqrt(S/T)`` with the one-sided density S of the local noise, fitted through the noise bins
    and the scatter between base periods. In a window of one base period, which has no such scatter, a tone below all
    noise bins takes the density that the fit, continued as a power law, has there, and one above them that of the
    highest; it is NaN for a tone further away than an octave, or without noise bins. Its own relative scatter is
    :meth:`std_scatter`; a deviation in units of it follows about a Student distribution with ``1/(2 scatter^2)``
    degrees of freedom. ``mean_std`` is the scatter between neighbouring windows (Allan deviation), since under 1/f
    noise there is no other.

    Raises
    ------
    SignalError
        Bins that can't be read, or collide.
    """

    def __init__(
        self,
        bins: Sequence[int],
        period_samples: int,
        channels: int = 1,
        *,
        noise_bins: Sequence[int] = (),
        lines: Sequence[int] = (),
        drift: bool = False,
        error_bars: bool = True,
        strategy: Strategy = "auto",
    ) -> None:
        if channels < 1:
            raise SignalError(f"{channels} input channels can't be demodulated.")
        self._map = BinMap.of(bins, lines, noise_bins if error_bars else (), period_samples)
        self._channels = channels
        self._drift = drift
        self._strategy: Strategy = strategy
        self._queue = WindowQueue(period_samples)
        self._projections: dict[tuple[Strategy, int], Projection] = {}
        self._machines: dict[int, tuple[Accumulator, Evaluation]] = {}
        self._current: tuple[Accumulator, Evaluation] | None = None

    @property
    def pending(self) -> tuple[Window, ...]:
        """Windows announced and not complete, in order."""
        return self._queue.windows

    def expect(self, window: Window) -> None:
        """Announce a window, after the previous one and before its first sample.

        The first window of a length prepares its tables, which takes up to half a second for hundreds of bins.

        Raises
        ------
        SignalError
            A window that is empty, overlaps, or is in the past.
        """
        self._queue.append(window)
        self._machine(window.periods)

    def prepare(self, periods: int) -> None:
        """Build the tables for windows of ``periods`` base periods now, so that the first one isn't kept waiting."""
        self._machine(periods)

    def reset(self) -> None:
        """Forget windows and position, for a stream that starts anew."""
        self._queue.clear()
        self._current = None

    def process(self, block: Floats, start: int) -> list[WindowReading]:
        """Readings of the windows that ``block``, shape (C, n), completes; its first sample has index ``start``.

        Raises
        ------
        SignalError
            A gap or a repetition in the stream, or a block of another shape.
        """
        if block.ndim != 2 or block.shape[0] != self._channels:
            raise SignalError(f"the block has shape {block.shape}, expected ({self._channels}, samples).")
        readings: list[WindowReading] = []
        for piece in self._queue.pieces(start, block.shape[1]):
            if piece.offset == 0:
                self._current = self._machine(piece.window.periods)
                self._current[0].begin()
            if self._current is not None:
                self._current[0].take(block[:, piece.begin : piece.end], piece.offset)
                if piece.last:
                    readings.append(self._reading(piece.window, *self._current))
                    self._current = None
        return readings

    def std_scatter(self, periods: int) -> Floats:
        """Expected relative scatter (K,) of ``phasor_std`` in windows of ``periods`` base periods."""
        return self._machine(periods)[1].fit.relative_scatter[self._map.tones]

    def strategy(self, periods: int) -> Strategy:
        """Route of the projection in windows of ``periods`` base periods."""
        return self._choice(WindowLayout.of(self._map.period, periods, self._channels)).strategy

    def _choice(self, layout: WindowLayout) -> Choice:
        reduced, finished = layout.batch * self._channels, layout.finished_together * self._channels
        return choose(self._map.bins, self._map.period, reduced, finished, self._strategy)

    def _machine(self, periods: int) -> tuple[Accumulator, Evaluation]:
        if periods not in self._machines:
            layout = WindowLayout.of(self._map.period, periods, self._channels)
            choice = self._choice(layout)
            key = (choice.strategy, choice.length)
            if key not in self._projections:
                self._projections[key] = build(choice, self._map.bins, self._map.period, layout.span)
            evaluation = Evaluation(self._map.bins, self._map.signals, layout, drift=self._drift)
            accumulator = Accumulator(
                layout, self._projections[key], len(self._map.bins), self._channels, moments=self._drift
            )
            self._machines[periods] = (accumulator, evaluation)
        return self._machines[periods]

    def _reading(self, window: Window, accumulator: Accumulator, evaluation: Evaluation) -> WindowReading:
        estimate = evaluation(accumulator.sums, accumulator.totals, accumulator.moments)
        phasors = self._map.phasors(estimate.amplitudes, window.start)
        tones = len(self._map.tones)
        stds = estimate.stds[:, self._map.index]
        return WindowReading(
            window=window,
            mean=estimate.mean,
            mean_std=estimate.mean_std,
            phasor=np.ascontiguousarray(phasors[:, :tones]),
            phasor_std=np.ascontiguousarray(stds[:, :tones]),
            lines=np.ascontiguousarray(phasors[:, tones:]),
            lines_std=np.ascontiguousarray(stds[:, tones:]),
            minimum=accumulator.minimum.copy(),
            maximum=accumulator.maximum.copy(),
        )
