"""Demodulation: from a stream of samples to phasors with error bars."""

from hgx_lab.signals.demodulation._cost import Strategy
from hgx_lab.signals.demodulation._demodulator import Demodulator
from hgx_lab.signals.demodulation._untuned import UntunedDemodulator

__all__ = ["Demodulator", "Strategy", "UntunedDemodulator"]
