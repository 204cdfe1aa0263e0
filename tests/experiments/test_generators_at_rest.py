"""Bringing several generators to rest: the failure of one, whatever it is, doesn't leave another one on."""

from __future__ import annotations

from typing import Any

import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.interface import Identity
from hgx_lab.experiments._generators import BenchGenerator, StreamGenerators, close_all
from hgx_lab.experiments._tones import plan_tones
from tests.support.runs import make_run


class Device:
    """A generator that fails so many times at a call, and tells what it was asked."""

    identity = Identity("Maker", "Model", "0815")

    def __init__(self, failing: str = "", error: Exception | None = None, times: int = 9) -> None:
        self.failing, self.error, self.times = failing, error, times
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.calls.append(name)
            if name == self.failing and self.times:
                self.times -= 1
                assert self.error is not None
                raise self.error
            return type("State", (), {"on": True})

        return call

    def nearest_frequency(self, hz: float) -> float:
        return hz


def two(first: Device, second: Device) -> list[BenchGenerator]:
    devices: list[Any] = [first, second]
    return [BenchGenerator(device, (name,), 1.0) for device, name in zip(devices, "ab", strict=True)]


@pytest.mark.parametrize("error", [DriverError("no"), ValueError("a bug"), OSError("gone")])
@pytest.mark.parametrize("failing", ["rest", "close"])
def test_every_generator_is_disconnected_and_closed_whatever_fails(failing: str, error: Exception) -> None:
    first, second = Device(failing, error), Device()
    with pytest.raises(type(error), match=str(error)):
        close_all(two(first, second))
    assert first.calls == second.calls == ["rest", "close"]


@pytest.mark.parametrize("error", [DriverError("no"), ValueError("a bug"), OSError("gone")])
@pytest.mark.parametrize("failing", ["rest", "configure_sine", "state"])
def test_the_tones_of_a_stream_end_on_every_generator(failing: str, error: Exception) -> None:
    first, second = Device(failing, error), Device()
    run = make_run()
    stream = StreamGenerators(run, two(first, second), plan_tones(run))
    if failing == "rest":
        with pytest.raises(type(error), match=str(error)):
            stream.rest()
    else:
        (note,) = stream.rest()
        assert note.startswith("The tone of a")
        assert str(error) in note
    assert "rest" in first.calls
    assert second.calls[-1] == "rest"


def test_a_generator_that_does_not_obey_at_once_is_asked_again() -> None:
    first, second = Device("rest", DriverError("no answer"), times=1), Device()
    run = make_run()
    (note,) = StreamGenerators(run, two(first, second), plan_tones(run)).rest()
    assert "no answer" in note
    assert first.calls.count("rest") == 2
    assert second.calls.count("rest") == 1
