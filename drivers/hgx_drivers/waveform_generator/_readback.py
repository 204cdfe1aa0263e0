"""Does the instrument say what it was told? The load before all: a wrong one means a wrong voltage by up to two.

Instruments tell fewer digits than they take: a frequency may come back rounded to ten.
"""

from __future__ import annotations

import math

from hgx_drivers.waveform_generator._interface import Burst, BurstState, ChannelState, GeneratorChannel
from hgx_drivers.waveform_generator._levels import Model, divider, same_load
from hgx_drivers.waveform_generator.errors import GeneratorMismatch

__all__ = ["compare", "compare_burst"]

_PANEL = "Set it on the instrument's front panel, or find out what keeps it. The output stays off."
#: Levels have four digits, or steps of 0.1 mV.
_RELATIVE_LEVEL, _SMALLEST_LEVEL = 2e-3, 1e-4
#: Sample rates come back with six digits.
_RELATIVE_RATE = 1e-5
#: Phases have steps of up to 0.1 degrees.
_PHASE_RADIANS = math.radians(0.06)
#: No Siglent has a trigger delay of 0: its least is 0.6 to 0.7 µs (reported).
_DELAY_SECONDS = 1e-6


def compare(channel: GeneratorChannel, wanted: ChannelState, found: ChannelState, model: Model) -> None:
    """Compare a channel's state with what it should be.

    Raises
    ------
    GeneratorMismatch
        By the first quantity that differs.
    """
    if not same_load(wanted.load_ohms, found.load_ohms):
        # The instrument makes the open-circuit voltage that would give its number at its load.
        ratio = divider(wanted.load_ohms) / divider(found.load_ohms)
        raise GeneratorMismatch(
            "load",
            f"{wanted.load_ohms:g} ohm",
            f"{found.load_ohms:g} ohm",
            channel=channel.name,
            remedy=f"With it the load would see {ratio:.3g} times the voltage that was asked for. Disconnect the "
            "device, then set the load of the output on the instrument, and look whether voltage limits lock it. The "
            "output stays off.",
        )
    if wanted.waveform != found.waveform:
        raise GeneratorMismatch(
            "waveform",
            wanted.waveform,
            found.waveform,
            channel=channel.name,
            remedy=f"Somebody turned a knob, or it can't be chosen now. {_PANEL}",
        )
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
                remedy="The instrument has limits of its own: compare with the data sheet, its voltage limits and its "
                f"largest amplitude. {_PANEL}",
            )
    if not _same_frequency(wanted, found.frequency_hz, model):
        rate = wanted.waveform == "arbitrary"
        raise GeneratorMismatch(
            "sample rate" if rate else "frequency",
            f"{wanted.frequency_hz!r} {'Sa/s' if rate else 'Hz'}",
            f"{found.frequency_hz!r} {'Sa/s' if rate else 'Hz'}",
            channel=channel.name,
            remedy=f"Look whether the outputs are coupled, and at the model's band. {_PANEL}",
        )
    if wanted.waveform == "sine":
        _compare_phase(channel.name, "phase", wanted.phase_radians, found.phase_radians)


def compare_burst(channel: str, wanted: Burst | None, found: BurstState, phase_radians: float) -> None:
    """Compare the burst of a channel with what it should be; None for a channel that runs freely.

    Raises
    ------
    GeneratorMismatch
        By the first quantity that differs.
    """
    if wanted is None or not found.armed:
        if found.armed or wanted is not None:
            raise GeneratorMismatch(
                "burst",
                "off" if wanted is None else "armed",
                "armed" if found.armed else "off",
                channel=channel,
                remedy="Some modes exclude a burst, sample by sample playback (TrueArb) on a Siglent among them, and "
                f"don't say so. {_PANEL}",
            )
        return
    for quantity, should, is_ in (
        ("trigger source", "external", found.triggered_by),
        ("burst mode", "triggered", "gated" if found.gated else "triggered"),
        ("burst count", math.inf if wanted.cycles is None else float(wanted.cycles), found.cycles),
        # A rising edge is what a firmware takes that doesn't tell it.
        ("trigger edge", wanted.edge, found.edge or "rising"),
    ):
        if should != is_:
            raise GeneratorMismatch(
                quantity, should, is_, channel=channel, remedy=f"The tone would begin at another time. {_PANEL}"
            )
    _compare_phase(channel, "burst phase", phase_radians, found.phase_radians)
    if not 0.0 <= found.delay_seconds <= _DELAY_SECONDS:
        raise GeneratorMismatch(
            "trigger delay",
            "0 s",
            f"{found.delay_seconds:g} s",
            channel=channel,
            remedy=f"The tone would begin that much later. {_PANEL}",
        )


def _compare_phase(channel: str, quantity: str, wanted: float, found: float) -> None:
    if not abs(math.remainder(wanted - found, 2 * math.pi)) <= _PHASE_RADIANS:
        raise GeneratorMismatch(
            quantity,
            f"{math.degrees(wanted):g} degrees",
            f"{math.degrees(found):g} degrees",
            channel=channel,
            remedy=f"Look whether the outputs' phases are coupled. {_PANEL}",
        )


def _same_frequency(state: ChannelState, found: float, model: Model) -> bool:
    wanted = state.frequency_hz
    if state.waveform == "arbitrary":
        return _close(wanted, found, _RELATIVE_RATE * wanted)
    step = 0.6 * float(model.frequency_step_hz)
    told = float(f"{wanted:.{model.frequency_digits}g}")
    return _close(wanted, found, step) or _close(told, found, step)


def _close(a: float, b: float, tolerance: float) -> bool:
    # Two infinities are close; NaN is close to nothing.
    return a == b or abs(a - b) <= tolerance
