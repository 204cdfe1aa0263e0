"""Opens the bench and reserves all of it, as a run does before its first sample, and lets it go again."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import HgxError
from hgx_lab.experiments import Bench, closing_bench, open_bench

__all__ = ["check_open"]

#: Of a card that can measure its outputs, by whether the run asks for one.
_GUARDIAN = {
    True: "this card can measure its outputs, so a guardian can bring them to rest if the run is killed",
    False: "none was asked for: if the run is killed, the outputs hold; with safety.guardian a second process would "
    "bring them to rest",
}


def check_open(run: RunFile) -> Iterator[Finding]:
    """The card takes channels, clock and buffers of this run, and nobody else has them; no sample is written.

    On a simulated bench this makes the device, whose file must load.
    """
    topic = "open" if isinstance(run.bench, NiBench) else "device"
    try:
        bench = open_bench(run)
    except (HgxError, DriverError) as error:
        yield fault(topic, error)
        return
    try:
        with closing_bench(bench):
            bench.card.configure(bench.settings)
            yield from _opened(run, bench, topic)
    except (HgxError, DriverError) as error:
        yield fault(topic, error)


def _opened(run: RunFile, bench: Bench, topic: str) -> Iterator[Finding]:
    if not isinstance(run.bench, NiBench):
        yield Finding("ok", topic, f"{bench.card.identity.model} with {len(run.electrodes)} electrodes")
        return
    yield Finding("ok", topic, "channels, clock and buffers can be had; nobody else uses them")
    unknown = [e.name for e, volts in zip(run.electrodes, bench.card.levels(), strict=True) if isnan(volts)]
    if unknown:
        text = f"the voltages now at {', '.join(unknown)} aren't known, and a run wouldn't start"
        remedy = "Bring the outputs to 0 V with the device disconnected, then give bench.outputs_known_at_volts."
        yield Finding("fault", topic, text, remedy)
    elif run.bench.outputs_known_at_volts is None:
        levels = ", ".join(
            f"{e.name} {volts:.4g} V" for e, volts in zip(run.electrodes, bench.card.levels(), strict=True)
        )
        yield Finding("ok", topic, f"measured at the outputs now: {levels}")
        yield Finding("ok", "guardian", _GUARDIAN[run.safety.guardian])
    for generator in bench.generators:
        identity, names = generator.device.identity, ", ".join(generator.electrodes)
        yield Finding("ok", "generator", f"{identity.maker} {identity.model}, serial {identity.serial}, for {names}")
    state = getattr(bench.card, "watchdog", "")
    if run.bench.watchdog is not None and state.startswith("There is no watchdog"):
        yield Finding("warning", "watchdog", state, "Take a device with a watchdog, or set bench.watchdog to null.")
    elif state:
        yield Finding("ok", "watchdog", state)
