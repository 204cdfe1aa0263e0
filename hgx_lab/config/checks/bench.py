"""Checks of the bench: buffers, converters, values per electrode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.bench import CardBench, NiBench, SimulatedBench
from hgx_lab.config.electrodes import Electrode, Safety
from hgx_lab.config.problems import Finding, KeyPath
from hgx_lab.units import format_quantity

__all__ = ["CHECKS"]


# Sums of decimal fractions aren't exact in binary.
_ROUNDING: Final = 1e-9


def _buffers(bench: CardBench) -> Iterator[Finding]:
    def text(seconds: float) -> str:
        return format_quantity(seconds, "s", digits=6)

    block: KeyPath = ("bench", "block")
    if bench.block * bench.rate < 1:
        message = f"a block of {text(bench.block)} holds no sample."
        yield Finding(block, message, f"at least {text(1 / bench.rate)}", or_at=(("bench", "rate"),))
    if bench.lead < bench.block:
        message = f"the lead of {text(bench.lead)} is shorter than a block of {text(bench.block)}; it would run dry."
        yield Finding(("bench", "lead"), message, f"at least {text(bench.block)}", or_at=(block,))
    if bench.output_buffer < (bench.lead + bench.block) * (1 - _ROUNDING):
        message = f"the output buffer of {text(bench.output_buffer)} can't hold the lead and one more block."
        allowed = f"at least {text(bench.lead + bench.block)}"
        yield Finding(("bench", "output_buffer"), message, allowed, or_at=(("bench", "lead"), block))
    if bench.input_buffer < 2 * bench.block * (1 - _ROUNDING):
        message = f"the input buffer of {text(bench.input_buffer)} can't hold two blocks."
        yield Finding(("bench", "input_buffer"), message, f"at least {text(2 * bench.block)}", or_at=(block,))


def _converters(bench: CardBench) -> Iterator[Finding]:
    for name, converter in (("output_converter", bench.output_converter), ("input_converter", bench.input_converter)):
        low, high = converter.range
        if low >= high:
            message = f"the range is empty: {format_quantity(low, 'V')} isn't below {format_quantity(high, 'V')}."
            yield Finding(("bench", name, "range"), message)
    low, high = bench.input_converter.range
    clip = bench.amplifier.clip
    if clip is None and low < high and not low < 0.0 < high:
        message = "the range holds currents of one sign only, and no clipping of the amplifier keeps them in it."
        yield Finding(("bench", "input_converter", "range"), message, "a range about 0 V")
    if clip is not None and low < high and not (low <= -clip and clip <= high):
        message = f"the amplifier's +-{format_quantity(clip, 'V')} don't fit the range of the input converter."
        path: KeyPath = ("bench", "amplifier", "clip")
        allowed = f"at most {format_quantity(max(0.0, min(-low, high)), 'V')}"
        yield Finding(path, message, allowed, or_at=(("bench", "input_converter", "range"),))


def _values_per_electrode(simulation: SimulatedBench, electrodes: tuple[Electrode, ...]) -> Iterator[Finding]:
    count = len(electrodes)
    for name, given in (
        ("stray_capacitance", simulation.stray_capacitance),
        ("electrode_time", simulation.electrode_time),
    ):
        if len(given) not in (1, count):
            message = f"has {len(given)} values for {count} electrodes."
            yield Finding(("bench", name), message, f"one value, or {count}")


def _wiring(simulation: SimulatedBench, electrodes: tuple[Electrode, ...]) -> Iterator[Finding]:
    names = [electrode.name for electrode in electrodes]
    for index, fault in enumerate(simulation.wiring):
        path: KeyPath = ("bench", "wiring", index, "electrodes")
        given = fault.electrodes
        if len(given) != fault.needed or len(set(given)) != len(given):
            message = f"a fault of the kind {fault.kind} is about {fault.needed} electrodes, not {list(given)}."
            yield Finding(path, message, f"{fault.needed} different names")
        for name in given:
            if name not in names:
                yield Finding(path, f"there is no electrode {name}.", ", ".join(names))


def _limits_in_converter_range(bench: CardBench, electrodes: tuple[Electrode, ...]) -> Iterator[Finding]:
    low, high = bench.output_converter.range
    for index, electrode in enumerate(electrodes):
        if low < high and (electrode.limits[0] < low or electrode.limits[1] > high):
            message = f"the limits of {electrode.name} go beyond the range of the output converter."
            allowed = f"{format_quantity(low, 'V')} to {format_quantity(high, 'V')}"
            yield Finding(("electrodes", index, "limits"), message, allowed)


def _guardian(bench: CardBench, safety: Safety) -> Iterator[Finding]:
    """A guardian finds the outputs wherever the run left them."""
    if safety.guardian and isinstance(bench, NiBench) and bench.outputs_known_at_volts is not None:
        message = (
            "a guardian must measure the outputs to move them, and this bench is told their voltages instead: after a "
            "kill nobody could tell it."
        )
        hint = "Leave outputs_known_at_volts out if the card can measure its outputs; otherwise give bench.watchdog."
        yield Finding(("safety", "guardian"), message, suggestion=hint, or_at=(("bench", "outputs_known_at_volts"),))


CHECKS: Final = (_buffers, _converters, _values_per_electrode, _wiring, _limits_in_converter_range, _guardian)
