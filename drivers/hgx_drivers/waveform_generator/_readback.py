"""Does the instrument say what it was told? The load before all: a wrong one means a wrong voltage by up to two."""

from __future__ import annotations

import math

from hgx_drivers.waveform_generator._interface import ChannelState, GeneratorChannel
from hgx_drivers.waveform_generator._levels import Model, divider
from hgx_drivers.waveform_generator.errors import GeneratorMismatch

__all__ = ["compare"]

#: Levels have four digits, or steps of 0.1 mV.
_RELATIVE_LEVEL, _SMALLEST_LEVEL = 2e-3, 1e-4
#: Phases have steps of up to 0.1 degrees.
_PHASE_RADIANS = math.radians(0.06)


def compare(channel: GeneratorChannel, wanted: ChannelState, found: ChannelState, model: Model) -> None:
    """Compare a channel's state with what it should be.

    Raises
    ------
    GeneratorMismatch
        By the first quantity that differs.
    """
    if not _close(wanted.load_ohms, found.load_ohms, 1e-3 * found.load_ohms):
        # The instrument makes the open-circuit voltage that would give its number at its load.
        ratio = divider(wanted.load_ohms) / divider(found.load_ohms)
        raise GeneratorMismatch(
            "load",
            f"{wanted.load_ohms:g} ohm",
            f"{found.load_ohms:g} ohm",
            channel=channel.name,
            remedy=f"With it the load would see {ratio:.3g} times the voltage that was asked for. Disconnect the "
            "device, then set the load of the output on the instrument, and look whether voltage limits lock it.",
        )
    if wanted.waveform != found.waveform:
        raise GeneratorMismatch("waveform", wanted.waveform, found.waveform, channel=channel.name)
    tolerance = _RELATIVE_LEVEL * (wanted.amplitude_volts + abs(wanted.offset_volts)) + _SMALLEST_LEVEL
    for quantity, a, b in (
        ("amplitude", wanted.amplitude_volts, found.amplitude_volts),
        ("offset", wanted.offset_volts, found.offset_volts),
    ):
        if not _close(a, b, tolerance):
            raise GeneratorMismatch(
                quantity,
                f"{a:g} V",
                f"{b:g} V",
                channel=channel.name,
                remedy="The instrument has limits of its own: compare with the data sheet and its voltage limits.",
            )
    if wanted.waveform != "sine":
        return
    if not _close(wanted.frequency_hz, found.frequency_hz, 0.6 * float(model.frequency_step_hz)):
        raise GeneratorMismatch(
            "frequency", f"{wanted.frequency_hz!r} Hz", f"{found.frequency_hz!r} Hz", channel=channel.name
        )
    turn = math.remainder(wanted.phase_radians - found.phase_radians, 2 * math.pi)
    if not abs(turn) <= _PHASE_RADIANS:
        raise GeneratorMismatch(
            "phase",
            f"{math.degrees(wanted.phase_radians):g} degrees",
            f"{math.degrees(found.phase_radians):g} degrees",
            channel=channel.name,
        )


def _close(a: float, b: float, tolerance: float) -> bool:
    # Two infinities are close; NaN is close to nothing.
    return a == b or abs(a - b) <= tolerance
