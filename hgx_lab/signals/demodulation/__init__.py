"""Demodulation: from a stream of samples to phasors with error bars."""

from hgx_lab.signals.demodulation._cost import Strategy
from hgx_lab.signals.demodulation._demodulator import Demodulator
from hgx_lab.signals.demodulation._error_bars import ErrorBars, tuned_error_bars, untuned_error_bars
from hgx_lab.signals.demodulation._untuned import UntunedDemodulator

__all__ = [
    "Demodulator",
    "ErrorBars",
    "Strategy",
    "UntunedDemodulator",
    "tuned_error_bars",
    "untuned_error_bars",
]
