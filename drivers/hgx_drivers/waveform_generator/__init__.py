"""Waveform generators through ``pyvisa``: Keysight 33500/33600 and Siglent SDG.

``pyvisa`` is imported when a generator is opened, not before.
"""

from hgx_drivers.waveform_generator._dialect import Dialect
from hgx_drivers.waveform_generator._frequency import FrequencyMatch, match_frequencies
from hgx_drivers.waveform_generator._generator import ScpiGenerator, open_generator
from hgx_drivers.waveform_generator._interface import (
    ArbitraryWaveform,
    Burst,
    ChannelState,
    GeneratorChannel,
    Reference,
    Sine,
    WaveformGenerator,
)
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator.errors import (
    GeneratorDisconnected,
    GeneratorError,
    GeneratorMismatch,
    GeneratorRefused,
    GeneratorStateError,
    GeneratorTimeout,
    ScpiError,
    UnexpectedAnswer,
)

__all__ = [
    "ArbitraryWaveform",
    "Burst",
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
    "Reference",
    "ScpiError",
    "ScpiGenerator",
    "Sine",
    "UnexpectedAnswer",
    "WaveformGenerator",
    "match_frequencies",
    "open_generator",
]
