"""What every DaqCard does, written once. A driver takes part by adding a factory to CARDS.

The first output of the card under test is connected to its first input. The example of docs/how-to/write-a-driver.md
takes part too.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.errors import (
    CardStateError,
    ChannelError,
    InvalidSamples,
    OutputBufferFull,
    OutputUnderflow,
    RangeError,
)
from hgx_drivers.interface import DaqCard, Identity, InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import ChainSettings, Clock, FastClock, Plant, ScriptedClock, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from tests.doors.ni_bench import local_card, remote_card

BUFFER = 400
STEP = 20.0 / 2**16


def wired_card(clock: Clock) -> SimulatedCard:
    """Two outputs, the first of which is the input's voltage, through 16-bit converters."""
    chain = ChainSettings.ideal(gain_volts_per_ampere=1.0)
    return SimulatedCard(Plant(LinearDevice([1.0, 0.0]), chain), clock)


def example_card() -> DaqCard:
    path = Path(__file__).parents[2] / "docs" / "examples" / "loopback_card.py"
    return runpy.run_path(str(path))["LoopbackCard"]()


CARDS: dict[str, Callable[[], DaqCard]] = {
    "simulated-fast": lambda: wired_card(FastClock()),
    "simulated-paced": lambda: wired_card(ScriptedClock()),
    "nidaqmx": lambda: local_card(wired_card(FastClock())),
    "nidaqmx-paced": lambda: local_card(wired_card(ScriptedClock())),
    "nidaqmx-remote": lambda: remote_card(wired_card(FastClock())),
    "example": example_card,
}


#: The plant behind a card that can measure its outputs, which another program may have moved.
PLANTS: dict[str, Callable[[DaqCard], Plant]] = {
    "simulated-fast": lambda card: card.plant,  # type: ignore[attr-defined]
    "simulated-paced": lambda card: card.plant,  # type: ignore[attr-defined]
    "nidaqmx": lambda card: card.rig.card.plant,  # type: ignore[attr-defined]
    "nidaqmx-paced": lambda card: card.rig.card.plant,  # type: ignore[attr-defined]
    "nidaqmx-remote": lambda card: card.rig.card.plant,  # type: ignore[attr-defined]
}


@pytest.fixture(params=list(CARDS))
def card(request: pytest.FixtureRequest) -> Iterator[DaqCard]:
    card = CARDS[request.param]()
    yield card
    card.close()


def settings(**changes: object) -> StreamSettings:
    values: dict[str, object] = {
        "outputs": (OutputChannel("gate", "ao0", -5.0, 5.0), OutputChannel("drain", "ao1", -5.0, 5.0)),
        "inputs": (InputChannel("current", "ai0"),),
        "rate_hz": 10_000.0,
        "output_buffer_samples": BUFFER,
        "input_buffer_samples": BUFFER,
    }
    return StreamSettings(**(values | changes))  # type: ignore[arg-type]


def wave(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (2, n))


def started(card: DaqCard, samples: np.ndarray) -> DaqCard:
    card.configure(settings())
    card.write(samples)
    card.start()
    return card


def read(card: DaqCard, n: int) -> np.ndarray:
    out = np.full((1, n), np.nan)
    card.read(out, timeout_seconds=10.0)
    return out


def test_it_is_a_card_and_says_who_it_is(card: DaqCard) -> None:
    assert isinstance(card, DaqCard)
    assert isinstance(card.identity, Identity)
    assert card.identity.model and card.identity.serial
    assert isinstance(card.paced, bool)


def test_what_is_written_comes_back_in_order(card: DaqCard) -> None:
    samples = wave(BUFFER)
    started(card, samples)
    back = np.concatenate([read(card, n) for n in (1, 99, 250)], axis=1)
    assert np.abs(back[0] - samples[0, :350]).max() <= 1.01 * STEP


def test_a_stream_longer_than_its_buffers_goes_round_them(card: DaqCard) -> None:
    samples = wave(5000)
    started(card, np.ascontiguousarray(samples[:, :300]))
    back = []
    for begin in range(300, 5000, 100):
        card.write(np.ascontiguousarray(samples[:, begin : begin + 100]))
        back.append(read(card, 100))
    joined = np.concatenate(back, axis=1)[0]
    assert np.abs(joined - samples[0, : len(joined)]).max() <= 1.01 * STEP
    assert card.samples_generated >= len(joined)


@pytest.mark.parametrize("call", ["write", "start", "read"])
def test_nothing_works_before_configure(card: DaqCard, call: str) -> None:
    with pytest.raises(CardStateError, match="configure"):
        {
            "write": lambda: card.write(wave(5)),
            "start": card.start,
            "read": lambda: read(card, 5),
        }[call]()


def test_the_order_of_calls_is_kept(card: DaqCard) -> None:
    card.configure(settings())
    with pytest.raises(CardStateError, match="empty"):
        card.start()
    card.write(wave(50))
    with pytest.raises(CardStateError, match=r"isn't running"):
        read(card, 5)
    card.start()
    with pytest.raises(CardStateError, match="already"):
        card.start()
    with pytest.raises(CardStateError, match="Stop"):
        card.configure(settings())
    read(card, 20)


def test_a_full_buffer_takes_nothing(card: DaqCard) -> None:
    card.configure(settings())
    first = wave(BUFFER - 50, seed=1)
    card.write(first)
    with pytest.raises(OutputBufferFull, match=r"51 samples .* room for 50") as caught:
        card.write(wave(51, seed=2))
    assert caught.value.free_samples == 50
    last = wave(50, seed=3)
    card.write(last)
    card.start()
    expected = np.concatenate([first[0], last[0]])
    assert np.abs(read(card, BUFFER)[0] - expected).max() <= 1.01 * STEP


@pytest.mark.parametrize(
    ("samples", "what"),
    [
        (np.zeros((2, 5), dtype=np.float32), "float64"),
        (np.zeros((3, 5)), r"shape \(2, n\)"),
        (np.zeros((2, 0)), r"shape \(2, n\)"),
        (np.zeros(5), r"shape \(2, n\)"),
        (np.zeros((2, 10))[:, ::2], "contiguous"),
        (np.zeros((5, 2)).T, "contiguous"),
        (np.array([[0.0, 0.1], [0.2, np.nan]]), r"drain: sample 1 .* nan"),
        (np.array([[0.0, np.inf], [0.2, 0.0]]), r"gate: sample 1 .* inf"),
        ([[0.0], [0.0]], "numpy array"),
    ],
)
def test_samples_that_are_none_are_refused(card: DaqCard, samples: np.ndarray, what: str) -> None:
    card.configure(settings())
    card.write(wave(10))
    with pytest.raises(InvalidSamples, match=what):
        card.write(samples)
    card.start()
    assert read(card, 10).shape == (1, 10)


@pytest.mark.parametrize(("row", "value", "name"), [(0, 5.001, "gate"), (1, -5.2, "drain")])
def test_volts_outside_the_range_name_channel_value_and_range(card: DaqCard, row: int, value: float, name: str) -> None:
    card.configure(settings())
    samples = wave(10)
    samples[row, 7] = value
    with pytest.raises(RangeError, match=rf"{name}: {value} V \(sample 7 .*-5 V to 5 V"):
        card.write(samples)


def test_an_output_that_runs_dry_holds_and_says_where(card: DaqCard) -> None:
    samples = wave(100)
    started(card, samples)
    read(card, 60)
    with pytest.raises(OutputUnderflow) as caught:
        read(card, 41)
    assert caught.value.sample == 100
    for again in (lambda: read(card, 1), lambda: card.write(samples)):
        with pytest.raises(OutputUnderflow):
            again()
    assert np.abs(card.levels() - samples[:, -1]).max() <= STEP
    assert card.samples_generated == 100
    card.stop()
    card.write(samples)
    card.start()
    assert np.abs(read(card, 100)[0] - samples[0]).max() <= 1.01 * STEP


def test_the_outputs_hold_through_stop_and_configure(card: DaqCard) -> None:
    samples = wave(100)
    started(card, samples)
    read(card, 80)
    card.stop()
    held = card.levels()
    assert np.abs(held - samples[:, 79]).max() <= STEP
    card.stop()
    card.configure(settings(rate_hz=10_000.0, output_buffer_samples=10))
    assert np.array_equal(card.levels(), held)
    card.close()


@pytest.mark.parametrize("kind", list(PLANTS))
@pytest.mark.parametrize("stopped", [True, False], ids=["after-stop", "before-the-first-start"])
def test_levels_are_measured_again_by_a_second_configure(kind: str, stopped: bool) -> None:
    """Another program has had the card in between."""
    card = CARDS[kind]()
    try:
        card.configure(settings())
        if stopped:
            card.write(wave(100))
            card.start()
            read(card, 80)
            card.stop()
        with closing(SimulatedCard(PLANTS[kind](card), FastClock())) as other:
            other.configure(settings())
            other.write(np.array([[0.7, 1.5], [0.2, -0.5]]))
            other.start()
            read(other, 2)
            other.stop()
        card.configure(settings())
        assert np.abs(card.levels() - [1.5, -0.5]).max() <= STEP
    finally:
        card.close()


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({"outputs": (OutputChannel("a", "ao0"), OutputChannel("b", "ao0"))}, ChannelError, "twice"),
        ({"outputs": (OutputChannel("a", "ao0"), OutputChannel("a", "ao1"))}, ChannelError, "called a"),
        ({"outputs": (OutputChannel("a", "ao99"),)}, ChannelError, "ao99"),
        ({"inputs": (InputChannel("i", "ai99"),)}, ChannelError, "ai99"),
        ({"inputs": ()}, ChannelError, "at least one"),
        ({"rate_hz": 0.0}, RangeError, "rate"),
        ({"rate_hz": float("nan")}, RangeError, "rate"),
        ({"output_buffer_samples": 0}, RangeError, "output buffer"),
        ({"input_buffer_samples": -1}, RangeError, "input buffer"),
        ({"outputs": (OutputChannel("a", "ao0", -100.0, 100.0),)}, RangeError, "100"),
        ({"outputs": (OutputChannel("a", "ao0", 1.0, -1.0),)}, RangeError, "1.0 V to -1.0 V"),
    ],
)
def test_what_the_card_cannot_do_is_refused(
    card: DaqCard, changes: dict[str, object], error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        card.configure(settings(**changes))
    card.configure(settings())


@pytest.mark.parametrize("out", [np.empty((2, 5)), np.empty((1, 5), dtype=np.float32), np.empty((1, 10))[:, ::2]])
def test_an_array_that_cannot_be_read_into_is_refused(card: DaqCard, out: np.ndarray) -> None:
    started(card, wave(20))
    with pytest.raises(InvalidSamples, match="read into"):
        card.read(out, timeout_seconds=1.0)


def test_a_closed_card_stays_closed(card: DaqCard) -> None:
    started(card, wave(50))
    read(card, 20)
    card.close()
    card.close()
    card.stop()
    with pytest.raises(CardStateError, match="closed"):
        card.configure(settings())
    with pytest.raises(CardStateError, match="closed"):
        card.write(wave(5))
