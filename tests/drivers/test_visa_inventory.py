"""VISA resources: listed without being touched, asked on demand, each problem with its resource."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.visa import take_visa_inventory
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage

pyvisa = pytest.importorskip("pyvisa")
pytest.importorskip("pyvisa_py")


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    gc.collect()  # an unclosed socket warns now, and a warning is an error


@pytest.fixture(autouse=True)
def serial_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one serial port, and without the vendor's library."""
    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", lambda self: ("ASRL/dev/ttyS9::INSTR",))


@pytest.fixture
def instrument() -> Iterator[ScpiInstrument]:
    with ScpiInstrument(KeysightLanguage()) as instrument:
        yield instrument


def test_unasked_nothing_is_opened(instrument: ScpiInstrument) -> None:
    found = take_visa_inventory(addresses=[instrument.resource])
    assert [r.name for r in found.resources] == ["ASRL/dev/ttyS9::INSTR", instrument.resource]
    assert not any(r.identity or r.problem for r in found.resources)
    assert instrument.connections == 0
    assert found.package_version == pyvisa.__version__


def test_asked_they_say_who_they_are_but_serial_ports_are_left_alone(instrument: ScpiInstrument) -> None:
    port, generator = take_visa_inventory(identify=True, addresses=[instrument.resource]).resources
    assert (port.identity, port.problem) == ("", "")
    assert generator.identity == instrument.identity
    assert instrument.heard == [b"*CLS", b"*IDN?"]


def test_one_that_is_deaf_and_one_that_isnt_there(instrument: ScpiInstrument) -> None:
    instrument.fail("*IDN?", "deaf")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"TCPIP0::127.0.0.1::{closed.getsockname()[1]}::SOCKET"
    found = take_visa_inventory(identify=True, addresses=[instrument.resource, nobody], timeout_seconds=0.2)
    deaf, refused = found.resources[1:]
    assert "doesn't say who it is" in deaf.problem
    assert "can't be opened" in refused.problem
    assert not deaf.identity and not refused.identity


def test_no_backend_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(backend: str) -> None:
        raise ValueError(f"no {backend}")

    monkeypatch.setattr(pyvisa, "ResourceManager", refuse)
    with pytest.raises(DriverError, match=r"no @ivi.*no @py") as caught:
        take_visa_inventory()
    assert "hgx-lab[hardware]" in caught.value.remedy
