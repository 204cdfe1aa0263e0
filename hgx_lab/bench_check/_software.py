"""Whether the packages a bench needs are there, and are those that the tests run with."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from hgx_lab.bench_check._finding import Finding
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench

__all__ = ["check_package", "check_software"]

_TOPIC: Final = "software"
#: Minor versions of the continuous tests, by the name of the package.
TESTED: Final = {"nidaqmx": "1.7", "grpcio": "1.85", "pyvisa": "1.16", "pyvisa-py": "0.8"}
_INSTALL: Final = "Run: pip install 'hgx-lab[hardware]'."


def check_software(run: RunFile) -> Iterator[Finding]:
    """The packages of this bench; the version of NI-DAQmx itself comes with its devices."""
    if not isinstance(run.bench, NiBench):
        yield Finding("ok", _TOPIC, "a simulated bench needs no driver")
        return
    yield check_package("nidaqmx", exact=True)
    if run.bench.remote is not None:
        yield check_package("grpcio")
    if run.bench.generators:
        yield check_package("pyvisa")
    if any(generator.backend == "@py" for generator in run.bench.generators):
        yield check_package("pyvisa-py")


def check_package(name: str, *, exact: bool = False) -> Finding:
    """Compare an installed package with the version tested: an older one, or with ``exact`` any other, is a warning."""
    tested = TESTED[name]
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding("fault", _TOPIC, f"the Python package {name} isn't installed", _INSTALL)
    here, there = _minor(found), _minor(tested)
    if here < there or (exact and here != there):
        remedy = f"Run: pip install '{name}=={tested}.*'."
        return Finding("warning", _TOPIC, f"{name} {found}; tested with {tested}", remedy)
    return Finding("ok", _TOPIC, f"{name} {found}")


def _minor(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
