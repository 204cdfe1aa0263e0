"""The small frozen types that signals hand to the rest of the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Complex", "Floats", "Window", "WindowReading"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of input to demodulate: whole base periods from a sample index of the input stream."""

    start: int
    periods: int
    tag: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class WindowReading:
    """What one window of ``periods`` base periods says; C input channels, K tones, in the input's unit.

    A tone ``X sin(theta) + Y cos(theta)``, theta = 2 pi m n / N with n the sample counter of the stream, has the
    phasor ``X + iY``: a response H of the signal chain multiplies it, a delay of d samples turns it by
    ``exp(-2 pi i m d / N)``.
    """

    window: Window
    mean: Floats  # (C,)
    mean_std: Floats  # (C,)
    phasor: Complex  # (C, K)
    phasor_std: Floats  # (C, K): standard deviation of the real and of the imaginary part, each
    lines: Complex  # (C, L): further lines asked for (harmonics, mixing products), in the order asked
    lines_std: Floats  # (C, L)
    minimum: Floats  # (C,): extremes of the raw samples, for overload
    maximum: Floats  # (C,)
