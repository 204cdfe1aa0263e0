"""What a run file says of a waveform generator."""

from __future__ import annotations

from dataclasses import dataclass

from hgx_drivers.waveform_generator._interface import GeneratorChannel, Reference

__all__ = ["GeneratorSettings"]


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """Where the generator is and how it is wired.

    Parameters
    ----------
    resource:
        VISA resource name, such as ``TCPIP0::192.168.0.7::5025::SOCKET`` or ``USB0::0x0957::0x2807::MY1::INSTR``.
    channels:
        The outputs in use, with their limits and loads.
    reference:
        ``external`` locks the timebase to the card's 10 MHz.
    backend:
        ``@py`` for pyvisa-py, ``@ivi`` or a path for a VISA library that is installed.
    timeout_seconds:
        How long an answer may take.
    """

    resource: str
    channels: tuple[GeneratorChannel, ...]
    reference: Reference = "internal"
    backend: str = "@py"
    timeout_seconds: float = 2.0
