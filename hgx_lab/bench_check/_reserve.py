"""Opens the bench and reserves all of it, as a run does before its first sample, and lets it go again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import HgxError, OutputsUnknown
from hgx_lab.experiments import Bench, LevelSources, beyond_limits, check_measured, closing_bench, open_bench
from hgx_lab.units import format_quantity

__all__ = ["check_open"]

#: Of a card that can measure its outputs, by whether the run asks for one.
_GUARDIAN = {
    True: "this card can measure its outputs, so a guardian can bring them to rest if the run is killed",
    False: "none was asked for: if the run is killed, the outputs hold; with safety.guardian a second process would "
    "bring them to rest",
}


_RESERVED = Finding("ok", "open", "channels, clock and buffers can be had; nobody else uses them")


def check_open(run: RunFile, outputs_at: Mapping[str, float] | None = None) -> Iterator[Finding]:
    """The card takes channels, clock and buffers of this run, and nobody else has them; no sample is written.

    ``outputs_at`` are V by electrode that are stated for this one look. On a simulated bench this makes the device,
    whose file must load.
    """
    real = isinstance(run.bench, NiBench)
    topic = "open" if real else "device"
    origins: list[str] = []

    def tell(message: str, /, **data: Any) -> None:
        if data.get("kind") == "outputs":
            origins.append(message)

    try:
        bench = open_bench(run, tell=tell, levels=LevelSources(outputs_at, (Path(run.record.directory),)))
    except OutputsUnknown as error:
        if real:
            yield _RESERVED
        yield fault(topic, error)
        return
    except (HgxError, DriverError) as error:
        yield fault(topic, error)
        return
    try:
        with closing_bench(bench):
            bench.card.configure(bench.settings)
            yield from _opened(run, bench, topic, origins)
            yield from _beyond(run, bench, topic)
    except (HgxError, DriverError) as error:
        yield fault(topic, error)


def _beyond(run: RunFile, bench: Bench, topic: str) -> Iterator[Finding]:
    if found := beyond_limits(run, bench):
        slope = format_quantity(run.safety.rest_slope, "V/s")
        text = f"beyond its limits now: {found}; whatever runs here begins by taking the outputs to rest at {slope}"
        yield Finding("warning", topic, text, "hgx rest FILE takes them there now.")


def _opened(run: RunFile, bench: Bench, topic: str, origins: Sequence[str]) -> Iterator[Finding]:
    if not isinstance(run.bench, NiBench):
        yield Finding("ok", topic, f"{bench.card.identity.model} with {len(run.electrodes)} electrodes")
        return
    yield _RESERVED
    yield from (Finding("ok", topic, origin) for origin in origins)
    if bench.measures_levels:
        levels = ", ".join(
            f"{e.name} {volts:.4g} V" for e, volts in zip(run.electrodes, bench.card.levels(), strict=True)
        )
        yield Finding("ok", topic, f"measured at the outputs now: {levels}")
        yield Finding("ok", "guardian", _GUARDIAN[run.safety.guardian])
    else:
        try:
            check_measured(run, bench)
        except HgxError as error:
            yield fault("guardian", error)
    for generator in bench.generators:
        identity, names = generator.device.identity, ", ".join(generator.electrodes)
        yield Finding("ok", "generator", f"{identity.maker} {identity.model}, serial {identity.serial}, for {names}")
    state = getattr(bench.card, "watchdog", "")
    if run.bench.watchdog is not None and state.startswith("There is no watchdog"):
        yield Finding("warning", "watchdog", state, "Take a device with a watchdog, or set bench.watchdog to null.")
    elif state:
        yield Finding("ok", "watchdog", state)
