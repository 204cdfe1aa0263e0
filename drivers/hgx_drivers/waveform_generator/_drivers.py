"""The drivers of generators by name, so that a run file can choose one."""

from __future__ import annotations

from hgx_drivers.errors import DriverError
from hgx_drivers.waveform_generator._generator import open_generator
from hgx_drivers.waveform_generator._interface import WaveformGenerator
from hgx_drivers.waveform_generator._pymeasure import PyMeasureGenerator
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator.keysight import Keysight
from hgx_drivers.waveform_generator.siglent import Siglent

__all__ = ["GENERATOR_DRIVERS", "open_by_driver"]

#: ``auto`` finds the maker by the identity; what stands before a colon is somebody else's package.
GENERATOR_DRIVERS = ("auto", "keysight", "siglent", "pymeasure:Agilent33500")


def open_by_driver(driver: str, settings: GeneratorSettings) -> WaveformGenerator:
    """Open a generator with the driver of this name; its outputs stay as they are.

    Raises
    ------
    DriverError
        There is no such driver, or its package isn't installed.
    GeneratorRefused, GeneratorTimeout, ChannelError, RangeError, GeneratorMismatch, ScpiError, GeneratorUnsupported
        As the driver says when it is opened.
    """
    match driver:
        case "auto":
            return open_generator(settings)
        case "keysight":
            return open_generator(settings, (Keysight(),))
        case "siglent":
            return open_generator(settings, (Siglent(),))
        case "pymeasure:Agilent33500":
            return PyMeasureGenerator(settings)
        case _:
            raise DriverError(
                f"There is no driver {driver!r} for waveform generators.",
                remedy=f"Choose one of {', '.join(GENERATOR_DRIVERS)}.",
            )
