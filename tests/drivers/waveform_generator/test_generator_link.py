"""What goes wrong on the wire, through the real pyvisa and pyvisa-py: each ends in an error that says what it is."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.waveform_generator import (
    GeneratorChannel,
    GeneratorDisconnected,
    GeneratorRefused,
    GeneratorSettings,
    GeneratorTimeout,
    ScpiGenerator,
    Sine,
    UnexpectedAnswer,
    open_generator,
)
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage

A = GeneratorChannel("tone A", 1, -1.0, 1.0)
SECONDS = 0.4


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    gc.collect()  # an unclosed socket warns now, and a warning is an error


@pytest.fixture
def instrument() -> Iterator[ScpiInstrument]:
    with ScpiInstrument(KeysightLanguage()) as instrument:
        yield instrument


@pytest.fixture
def generator(instrument: ScpiInstrument) -> Iterator[ScpiGenerator]:
    generator = _open(instrument.resource)
    yield generator
    generator.close()


def _open(resource: str) -> ScpiGenerator:
    return open_generator(GeneratorSettings(resource, (A,), timeout_seconds=SECONDS))


def test_a_refused_port_is_refused_at_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(GeneratorRefused, match=rf"127.0.0.1::{port}::SOCKET can't be opened .*refused"):
        _open(f"TCPIP0::127.0.0.1::{port}::SOCKET")
    gc.collect()


@pytest.mark.parametrize("resource", ["TCPIP0::not a host::5025::SOCKET", "nonsense", "TCPIP0::127.0.0.1::0::SOCKET"])
def test_an_address_that_cant_be_is_refused(resource: str) -> None:
    with pytest.raises(GeneratorRefused, match="can't be opened"):
        _open(resource)
    gc.collect()


@pytest.mark.skipif(sys.platform != "linux", reason="a full queue of connections is silent on Linux only")
def test_a_host_that_is_silent_is_refused() -> None:
    with ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(door.getsockname())
        with pytest.raises(GeneratorRefused, match="could not connect"):
            _open(f"TCPIP0::127.0.0.1::{door.getsockname()[1]}::SOCKET")


def test_a_door_that_says_nothing_is_a_timeout_at_open(instrument: ScpiInstrument) -> None:
    instrument.fail("*IDN", "silent")
    with pytest.raises(GeneratorTimeout, match="doesn't say who it is") as caught:
        _open(instrument.resource)
    assert not caught.value.alive


def test_a_peer_that_hangs_up_at_once_is_no_generator(instrument: ScpiInstrument) -> None:
    instrument.fail("*IDN", "drop")
    with pytest.raises((GeneratorTimeout, GeneratorRefused)):
        _open(instrument.resource)


def test_another_kind_of_instrument_is_refused_by_name() -> None:
    other = ScpiInstrument(KeysightLanguage("KEITHLEY INSTRUMENTS INC.,MODEL 2400,1,C30"))
    with other, pytest.raises(GeneratorRefused, match="MODEL 2400"):
        _open(other.resource)


def test_a_late_answer_never_reaches_the_next_question(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.outputs[0].hz = 4321.0
    instrument.fail("FREQ?", "late")
    with pytest.raises(GeneratorTimeout, match=r"tone A: no answer to 'SOUR1:FREQ\?'.*still says who it is") as caught:
        generator.state("tone A")
    assert caught.value.alive
    assert caught.value.channel == "tone A"
    state = generator.state("tone A")
    assert (state.frequency_hz, state.amplitude_volts, state.phase_radians) == (4321.0, 0.05, 0.0)
    assert instrument.connections == 1


def test_a_late_error_queue_isnt_taken_for_the_next_commands(
    generator: ScpiGenerator, instrument: ScpiInstrument
) -> None:
    instrument.fail("SYST:ERR", "late")
    instrument.error(-100, "Command error")
    with pytest.raises(GeneratorTimeout):
        generator.configure_sine("tone A", Sine(1000.0, 0.07))
    generator.configure_sine("tone A", Sine(1000.0, 0.07))


def test_an_answer_that_never_comes_costs_only_itself(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("VOLT?", "silent")
    with pytest.raises(GeneratorTimeout, match="VOLT") as caught:
        generator.state("tone A")
    assert caught.value.alive
    assert generator.state("tone A").amplitude_volts == 0.05


def test_a_dropped_connection_isnt_called_a_timeout(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ?", "drop")
    with pytest.raises(GeneratorDisconnected, match="closed the connection") as caught:
        generator.state("tone A")
    assert caught.value.channel == "tone A"
    assert "outputs may still be on" in caught.value.remedy
    # The next call finds the instrument again, by its identity.
    assert generator.state("tone A").frequency_hz == 1000.0
    assert instrument.connections == 2


def test_after_a_drop_the_outputs_still_come_to_rest(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    generator.switch("tone A", on=True)
    instrument.fail("FREQ?", "drop")
    with pytest.raises(GeneratorDisconnected):
        generator.state("tone A")
    generator.rest()
    assert not instrument.outputs[0].on


def test_an_instrument_that_died_is_refused_after_it(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ?", "vanish")
    with pytest.raises(GeneratorDisconnected):
        generator.state("tone A")
    with pytest.raises(GeneratorRefused):
        generator.rest()


def test_another_instrument_at_the_same_address_isnt_used(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ?", "drop")
    with pytest.raises(GeneratorDisconnected):
        generator.state("tone A")
    instrument.identity = instrument.identity.replace("MY50000891", "MY50000892")
    with pytest.raises(GeneratorDisconnected, match=r"was .*891.* and is now .*892"):
        generator.state("tone A")


def test_a_deaf_instrument_is_a_timeout_and_not_alive(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("FREQ?", "deaf")
    with pytest.raises(GeneratorTimeout, match=r"nor to \*IDN\?") as caught:
        generator.state("tone A")
    assert not caught.value.alive


def test_a_disturbed_answer_is_no_number(generator: ScpiGenerator, instrument: ScpiInstrument) -> None:
    instrument.fail("VOLT?", "garbage")
    with pytest.raises(UnexpectedAnswer, match="VOLT"):
        generator.state("tone A")
    instrument.fail("SYST:ERR", "garbage")
    with pytest.raises(UnexpectedAnswer, match="error queue"):
        generator.configure_sine("tone A", Sine(1000.0, 0.07))


def test_errors_from_before_arent_ours(instrument: ScpiInstrument) -> None:
    instrument.error(-410, "Query INTERRUPTED")
    generator = _open(instrument.resource)
    generator.configure_sine("tone A", Sine(1000.0, 0.07))
    generator.close()


def test_closing_one_generator_leaves_the_other_open(generator: ScpiGenerator) -> None:
    with ScpiInstrument(KeysightLanguage()) as second:
        _open(second.resource).close()
    assert generator.state("tone A").frequency_hz == 1000.0


@pytest.mark.parametrize("package", ["pyvisa", "pyvisa_py"])
def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DriverError, match=rf"needs the Python package {package}.*pip install 'hgx-lab\[hardware\]'"):
        _open("TCPIP0::127.0.0.1::5025::SOCKET")


def test_the_package_is_imported_only_when_a_generator_is_opened() -> None:
    code = "import sys, hgx_drivers.waveform_generator; sys.exit('pyvisa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
