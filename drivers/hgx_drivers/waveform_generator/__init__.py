"""Waveform generators through ``pyvisa``: Keysight 33500/33600 and Siglent SDG, by our drivers or PyMeasure's.

``pyvisa`` is imported when a generator is opened, not before.
"""

from hgx_drivers.waveform_generator._dialect import Dialect
from hgx_drivers.waveform_generator._drivers import GENERATOR_DRIVERS, open_by_driver
from hgx_drivers.waveform_generator._frequency import FrequencyMatch, match_frequencies
from hgx_drivers.waveform_generator._generator import ScpiGenerator, open_generator
from hgx_drivers.waveform_generator._interface import (
    ArbitraryWaveform,
    Burst,
    BurstState,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
    WaveformGenerator,
)
from hgx_drivers.waveform_generator._pymeasure import PyMeasureGenerator
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator.errors import (
    GeneratorDisconnected,
    GeneratorError,
    GeneratorMismatch,
    GeneratorRefused,
    GeneratorStateError,
    GeneratorTimeout,
    GeneratorUnsupported,
    ScpiError,
    UnexpectedAnswer,
)

__all__ = [
    "GENERATOR_DRIVERS",
    "ArbitraryWaveform",
    "Burst",
    "BurstState",
    "ChannelState",
    "Dialect",
    "FrequencyMatch",
    "GeneratorChannel",
    "GeneratorDisconnected",
    "GeneratorError",
    "GeneratorMismatch",
    "GeneratorRefused",
    "GeneratorSettings",
    "GeneratorStateError",
    "GeneratorTimeout",
    "GeneratorUnsupported",
    "PyMeasureGenerator",
    "Reference",
    "ScpiError",
    "ScpiGenerator",
    "Sine",
    "UnexpectedAnswer",
    "WaveformGenerator",
    "match_frequencies",
    "open_by_driver",
    "open_generator",
]
