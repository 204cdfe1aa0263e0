"""docs/how-to/find-out-what-is-wrong.md shows what its commands print, on the stand-ins of the tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.cli import main
from tests.docs import console
from tests.doors.ni_devices import cdaq, x_series
from tests.doors.ni_engine import NiRig

pytest.importorskip("nidaqmx")
pyvisa = pytest.importorskip("pyvisa")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "find-out-what-is-wrong.md"
COMMANDS = [command for _, text in console.blocks(PAGE, "console") for command in console.commands(text)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A chassis and a card; e1's output is wired to cDAQ1Mod3/ai3, with a delay of 1.4 samples."""
    from tests.doors.ni_library import installed

    ((_, section),) = console.blocks(PAGE, "yaml")
    text = (ROOT / "configs" / "xor.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^bench:.*\n(?: .*\n|\n)*", section + "\n", text, flags=re.MULTILINE)
    (tmp_path / "my-bench.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", lambda self: ("ASRL/dev/ttyS0::INSTR",))
    devices = [*cdaq(), x_series()]
    conductances = np.zeros((1, sum(device.outputs for device in devices)))
    conductances[0, 1] = 1.0
    chain = replace(ChainSettings.ideal(gain_volts_per_ampere=1.0), delay_samples=1.4)
    card = SimulatedCard(Plant(LinearDevice(conductances), chain), FastClock())
    with installed(NiRig(devices, card, wires={"cDAQ1Mod3/ai3": 0})):
        yield
    card.close()


def told(line: str) -> str:
    """A line without what differs from machine to machine: free space, and a version's last digits."""
    return re.sub(r"(?<=\d)\.\d+(?= \(|,|$)", "", re.sub(r"[\d.]+ [GM]B free", "free", line)).rstrip()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.text)
def test_the_page_shows_what_is_printed(
    command: console.Command, bench: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", command.text.split())
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = [told(line) for line in capsys.readouterr().out.splitlines() if line.strip()]
    shown = [told(line) for line in command.shown]
    assert shown
    assert printed[-len(shown) :] == shown


def test_there_are_commands() -> None:
    assert [command.text.split()[1] for command in COMMANDS] == ["devices", "doctor", "doctor"]
