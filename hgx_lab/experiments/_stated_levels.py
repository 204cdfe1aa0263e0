"""Voltages at the outputs as somebody states them for one start."""

from __future__ import annotations

from hgx_lab.config import RunFile
from hgx_lab.errors import ConfigurationError, UnitError
from hgx_lab.units import format_quantity, parse_quantity

__all__ = ["parse_levels"]


def parse_levels(text: str, run: RunFile, *, option: str = "--outputs-at") -> dict[str, float]:
    """Read ``0.3 V`` for all electrodes of a run, or ``e0=0.8V,e1=0V``; V by name.

    Raises
    ------
    ConfigurationError
        It can't be read, names no electrode of the run or one twice, or is more than a converter can give.
    """
    names = [e.name for e in run.electrodes]
    example = f"Write {option} 0V for all, or {option} {names[0]}=0.8V,{names[-1]}=0V."
    found: dict[str, float] = {}
    try:
        if "=" not in text:
            found = dict.fromkeys(names, parse_quantity(text.strip(), unit="V"))
        else:
            for part in text.split(","):
                name, equals, volts = (piece.strip() for piece in part.partition("="))
                if not equals or name in found:
                    what = f"names {name} twice" if equals else f"has no voltage for {name!r}"
                    raise ConfigurationError(f"{option} {text!r} {what}.", remedy=example)
                if name not in names:
                    raise ConfigurationError(f"There is no electrode {name!r}; there are {', '.join(names)}.")
                found[name] = parse_quantity(volts, unit="V")
    except UnitError as error:
        raise ConfigurationError(f"{option} {text!r}: {error.message}", remedy=example) from error
    low, high = run.bench.output_converter.range
    for name, volts in found.items():
        if not low <= volts <= high:
            raise ConfigurationError(
                f"{option}: {format_quantity(volts, 'V')} at {name} is outside of what bench.output_converter gives, "
                f"{format_quantity(low, 'V')} to {format_quantity(high, 'V')}.",
                remedy="Disconnect the device. Then widen the range to what the card can give, or bring the output "
                "down with the program that raised it.",
            )
    return found
