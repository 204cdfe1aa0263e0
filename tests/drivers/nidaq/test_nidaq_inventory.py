"""What the driver lists, through the library and over gRPC, and how a stream compares with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from hgx_drivers.errors import CardDisconnected, ChannelError, DriverError
from hgx_drivers.nidaq import inspect_stream, take_inventory
from tests.doors.ni_bench import stream, wired
from tests.doors.ni_devices import NiModel, cdaq, usb_6008, x_series
from tests.doors.ni_engine import NiRig

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")

Door = Callable[[Sequence[NiModel]], "contextmanager[tuple[NiRig, str | None]]"]


@contextmanager
def library(devices: Sequence[NiModel]) -> Iterator[tuple[NiRig, str | None]]:
    from tests.doors.ni_library import installed

    card = wired(2)
    rig = NiRig(devices, card)
    with installed(rig):
        yield rig, None
    card.close()


@contextmanager
def server(devices: Sequence[NiModel]) -> Iterator[tuple[NiRig, str | None]]:
    from tests.doors.ni_grpc import serving

    card = wired(2)
    rig = NiRig(devices, card)
    with serving(rig) as running:
        yield rig, running.remote
    card.close()


@pytest.mark.parametrize("door", [library, server])
def test_cards_modules_and_chassis(door: Door) -> None:
    with door([x_series(), *cdaq(), usb_6008()]) as (rig, remote):
        found = take_inventory(remote)
        assert not rig.tasks and not rig.counts["start_task"]
    assert found.remote == remote
    entries = {entry.device.name: entry for entry in found.entries}
    assert {name: entry.kind for name, entry in entries.items()} == {
        "Dev1": "card", "cDAQ1": "chassis", "cDAQ1Mod1": "module", "cDAQ1Mod2": "module", "cDAQ1Mod3": "module",
        "Dev9": "card",
    }  # fmt: skip
    assert {name: entry.watchdog for name, entry in entries.items()} == {
        "Dev1": False, "cDAQ1": None, "cDAQ1Mod1": True, "cDAQ1Mod2": True, "cDAQ1Mod3": False, "Dev9": False,
    }  # fmt: skip
    assert (entries["Dev1"].device.model, entries["Dev1"].device.serial) == ("PCIe-6363", "01A2B3C4")


def test_a_driver_that_is_busy_doesnt_hide_the_device() -> None:
    with library([x_series()]) as (rig, _):
        rig.fail("create_watchdog_timer_task_ex", -50103)
        (entry,) = take_inventory().entries
    assert entry.watchdog is None
    assert "-50103" in entry.unknown


def test_nothing_installed_and_nobody_there() -> None:
    with pytest.raises(DriverError, match="isn't installed"):
        take_inventory()
    with pytest.raises(CardDisconnected, match="localhost:1"):
        take_inventory("localhost:1", deadline_seconds=2.0)


def test_each_channel_by_itself() -> None:
    with library([x_series()]):
        found = inspect_stream(stream(("Dev1/ao0", "Dev1/ao7"), ("Dev3/ai0",)), "Dev1")
    assert [channel.name for channel in found.placed] == ["gate0"]
    assert set(found.channels) == {"gate1", "drain0"}
    assert isinstance(found.channels["drain0"], ChannelError)
    assert found.rig is None and found.routes is None and found.routes_error is None


def test_no_device_at_all() -> None:
    with library([]), pytest.raises(DriverError, match="finds no device"):
        inspect_stream(stream())
