"""``hgx`` in a process that hides where it runs, on the tests' fakes if need be, and ends when it is told to.

child.py --end "SIGKILL after 3 iteration" --bench library HOST run gate.yaml --json
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO


class _Listening:
    """Standard output of ``hgx --json``, which calls ``hear`` with every line."""

    def __init__(self, stream: TextIO, hear: Callable[[str], None]) -> None:
        self._stream, self._hear = stream, hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        count = self._stream.write(text)
        self._hear(text)
        return count


def end_after(how: str) -> None:
    """Send this process a signal after one of its reports, as in ``SIGKILL after 3 iteration``."""
    name, _, count, report = how.split()
    left = int(count)

    def happened() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.Signals[name])

    if report == "flush":
        _after_flushes(happened)
        return
    mark = f'"event": "{report}"'
    sys.stdout = _Listening(sys.stdout, lambda text: happened() if mark in text else None)  # type: ignore[assignment]


def _after_flushes(happened: Callable[[], None]) -> None:
    """Between the flush of new rows and the count that declares them complete."""
    import h5py

    flush = h5py.File.flush

    def flushed(file: h5py.File) -> None:
        flush(file)
        happened()

    h5py.File.flush = flushed


@contextmanager
def fake_bench(kind: str, run_file: Path) -> Iterator[None]:
    """NI's library over a simulated card, with a generator in front of its device if ``kind`` says so."""
    from hgx_drivers.simulated import FastClock, SimulatedCard
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import simulated, simulated_plant
    from tests.doors.ni_devices import x_series
    from tests.doors.ni_engine import NiRig
    from tests.doors.ni_library import installed

    run = load_run_file(run_file)
    bench: Any = simulated(run).bench
    plant = simulated_plant(simulated(run), bench)
    if kind == "library":
        with installed(NiRig([x_series()], SimulatedCard(plant, FastClock()))):
            yield
        return
    from tests.doors.scpi_instrument import ScpiInstrument
    from tests.doors.scpi_languages import KeysightLanguage
    from tests.doors.summing import SummedCard

    [generator] = run.bench.generators  # type: ignore[union-attr]
    names = [e.name for e in run.electrodes]
    channels = {names.index(name): number for name, number in generator.channels.items()}
    with at_port(int(generator.resource.split("::")[2])):
        instrument = ScpiInstrument(KeysightLanguage())
    with instrument:
        card = SummedCard(plant, FastClock(), instrument, channels, gain=generator.summing_gain)
        with installed(NiRig([x_series()], card)):
            yield


@contextmanager
def at_port(port: int) -> Iterator[None]:
    """Servers at a port of our choice: it stands in the run file."""
    create = socket.create_server
    socket.create_server = lambda address, **options: create((address[0], port), **options)
    try:
        yield
    finally:
        socket.create_server = create


def main() -> None:
    """Be ``hgx``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--end", default="")
    parser.add_argument("--bench", default="")
    parser.add_argument("host")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    socket.gethostname = lambda: options.host
    platform.platform = lambda *_, **__: platform.system()
    sys.argv = ["hgx", *options.command]
    from hgx_lab.cli import main as hgx

    if options.end:
        end_after(options.end)
    if options.bench:
        with fake_bench(options.bench, Path(options.command[1])):
            hgx()
    else:
        hgx()


if __name__ == "__main__":
    main()
