"""Checks of each electrode against its own limits and role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding
from hgx_lab.config.tones import Tones
from hgx_lab.units import format_quantity

__all__ = ["CHECKS", "tone_limits"]

Electrodes = tuple[Electrode, ...]


def _volts(value: float) -> str:
    return format_quantity(value, "V", digits=9)


def _range(low: float, high: float) -> str:
    return f"{_volts(low)} to {_volts(high)}"


def tone_limits(electrode: Electrode, amplitude: float) -> tuple[float, float]:
    """Where the DC voltage of an electrode may be, so that its tone stays within the limits; in volts."""
    # Rounded, so that 300 mV - 100 mV are 200 mV: sums of decimal fractions aren't exact in binary.
    return round(electrode.limits[0] + amplitude, 12), round(electrode.limits[1] - amplitude, 12)


def _names(electrodes: Electrodes) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, electrode in enumerate(electrodes):
        if electrode.name in seen:
            message = f"electrodes {seen[electrode.name] + 1} and {index + 1} of the list are both {electrode.name}."
            yield Finding(("electrodes", index, "name"), message, suggestion="Give each a name of its own.")
        seen.setdefault(electrode.name, index)


def _roles(electrodes: Electrodes, tones: Tones) -> Iterator[Finding]:
    if not any(electrode.role == "control" for electrode in electrodes):
        yield Finding(("electrodes",), "no electrode is a control.", suggestion="Give at least one the role control.")
    for index, electrode in enumerate(electrodes):
        name, role = electrode.name, electrode.role
        if electrode.value is not None and role != "fixed":
            message = f"{name} is of role {role}; only a fixed electrode has a value."
            yield Finding(("electrodes", index, "value"), message, at_key=True)
        if electrode.start != "random" and role != "control":
            message = f"{name} is of role {role}; only a control has a start."
            yield Finding(("electrodes", index, "start"), message, at_key=True)
        if electrode.amplitude is not None and tones.amplitude_on(electrode) == 0:
            hint = "Say tones.on_inputs: true to have tones on inputs." if role == "input" else ""
            message = f"{name} is of role {role} and carries no tone."
            yield Finding(("electrodes", index, "amplitude"), message, suggestion=hint, at_key=True)


def _limits(electrodes: Electrodes) -> Iterator[Finding]:
    for index, electrode in enumerate(electrodes):
        low, high = electrode.limits
        if low >= high:
            message = f"the lower limit of {_volts(low)} isn't below the upper one of {_volts(high)}."
            hint = f"Write [{_volts(high)}, {_volts(low)}]." if low > high else ""
            yield Finding(("electrodes", index, "limits"), message, suggestion=hint)
            continue
        if not low <= electrode.rest <= high:
            message = f"{electrode.name} would rest at {_volts(electrode.rest)}, outside its limits."
            path = ("electrodes", index, "rest")
            yield Finding(path, message, _range(low, high), or_at=(("electrodes", index, "limits"),))
        if electrode.value is not None and not low <= electrode.value <= high:
            message = f"{_volts(electrode.value)} is outside the limits of {electrode.name}."
            yield Finding(("electrodes", index, "value"), message, _range(low, high))


def _tone_room(electrodes: Electrodes, tones: Tones) -> Iterator[Finding]:
    """The tone has to fit between the limits, and the start has to leave it its room."""
    for index, electrode in enumerate(electrodes):
        amplitude = tones.amplitude_on(electrode)
        low, high = tone_limits(electrode, amplitude)
        if amplitude and electrode.limits[0] < electrode.limits[1] and low > high:
            room = _volts(electrode.limits[1] - electrode.limits[0])
            message = f"a tone of {_volts(amplitude)} needs {_volts(2 * amplitude)}, and {electrode.name} has {room}."
            path = ("electrodes", index, "amplitude") if electrode.amplitude else ("tones", "amplitude")
            yield Finding(path, message, or_at=(("electrodes", index, "limits"),))
        elif isinstance(electrode.start, float) and low <= high and not low <= electrode.start <= high:
            message = f"{_volts(electrode.start)} leaves {electrode.name} no room for its tone of {_volts(amplitude)}."
            yield Finding(("electrodes", index, "start"), message, _range(low, high))


CHECKS: Final = (_names, _roles, _limits, _tone_room)
