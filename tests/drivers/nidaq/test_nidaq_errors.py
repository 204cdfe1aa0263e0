"""What goes wrong at the card, as typed errors with the card's own text; nothing that had arrived is lost."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest

from hgx_drivers.errors import (
    CardDisconnected,
    CardStateError,
    ChannelError,
    DriverError,
    InputOverflow,
    OutputUnderflow,
    RangeError,
    ReadTimeout,
)
from hgx_drivers.simulated import Disconnect, Fault, NanSamples, Overflow, ScriptedClock, Stall, Underflow
from tests.doors.ni_bench import DoorCard, local_card, remote_card, stream, wired

DOORS: dict[str, Callable[..., DoorCard]] = {"local": local_card, "remote": remote_card}


@pytest.fixture(params=list(DOORS))
def door(request: pytest.FixtureRequest) -> Callable[..., DoorCard]:
    return DOORS[request.param]


def running(door: Callable[..., DoorCard], *faults: Fault, inputs: int = 1, **options: object) -> DoorCard:
    card = door(wired(2, inputs, faults=faults), **options)
    card.configure(stream(inputs=[f"Dev1/ai{i}" for i in range(inputs)]))
    card.write(wave())
    card.start()
    return card


def wave() -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (2, 300))


def read(card: DoorCard, samples: int, inputs: int = 1) -> np.ndarray:
    out = np.full((inputs, samples), np.nan)
    card.read(out, timeout_seconds=1.0)
    return out


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-200290, OutputUnderflow),
        (-200621, OutputUnderflow),
        (-200279, InputOverflow),
        (-200361, InputOverflow),
        (-200284, ReadTimeout),
        (-50103, CardStateError),
        (-200022, CardStateError),
        (-200678, CardStateError),
        (-200170, ChannelError),
        (-200371, ChannelError),
        (-200077, RangeError),
        (-200082, RangeError),
        (-200332, RangeError),
        (-200561, RangeError),
        (-201003, CardDisconnected),
        (-200220, CardDisconnected),
        (-50405, CardDisconnected),
        (-89136, DriverError),
        (-50150, DriverError),
    ],
)
def test_each_code_has_its_type_and_keeps_the_cards_text(code: int, kind: type[DriverError]) -> None:
    card = local_card(wired(2))
    card.rig.fail("task_control", code)
    with pytest.raises(DriverError, match=f"NI {code}") as caught:
        card.configure(stream())
    assert type(caught.value) is kind
    assert "Status Code" not in caught.value.message and "\n" not in caught.value.message
    if code != -50150:
        assert caught.value.remedy
    assert not card.rig.tasks
    card.close()


def test_an_output_that_runs_dry_is_the_error_though_the_inputs_go_on(door: Callable[..., DoorCard]) -> None:
    card = running(door)
    read(card, 250)
    with pytest.raises(OutputUnderflow, match=r"no sample 300;.*NI -200290.*lead") as caught:
        read(card, 51)
    assert caught.value.sample == 300
    assert np.array_equal(card.levels(), wave()[:, -1])
    card.close()


@pytest.mark.parametrize("moment", ["get", "write_analog"])
def test_an_output_that_runs_dry_during_a_write_says_where(moment: str) -> None:
    clock = ScriptedClock()
    card = local_card(wired(2, clock=clock))
    card.configure(stream())
    card.write(wave())
    card.start()
    clock.advance(250)
    calls = 0

    def advance() -> None:
        # A write first asks how many samples have left, then for the room; in between the time passes.
        nonlocal calls
        calls += 1
        if calls == (2 if moment == "get" else 1):
            clock.advance(100)

    card.rig.before[moment] = advance
    with pytest.raises(OutputUnderflow, match="no sample 300;") as caught:
        card.write(wave()[:, :10].copy())
    assert caught.value.sample == 300
    card.close()


def test_a_scripted_underflow_is_one_too(door: Callable[..., DoorCard]) -> None:
    card = running(door, Underflow(120))
    with pytest.raises(OutputUnderflow):
        read(card, 200)
    card.stop()
    card.write(wave())
    card.start()
    assert np.array_equal(read(card, 100)[0], wave()[0, :100])
    card.close()


def test_inputs_read_too_late_are_overwritten(door: Callable[..., DoorCard]) -> None:
    card = running(door, Overflow(150))
    with pytest.raises(InputOverflow, match=r"not able to keep up.*NI -200279.*Read more often"):
        read(card, 200)
    with pytest.raises(InputOverflow):
        card.write(wave()[:, :10].copy())
    card.stop()
    assert np.isfinite(card.levels()).all()
    card.close()


def test_the_inputs_overflow_by_themselves_when_nobody_reads() -> None:
    clock = ScriptedClock()
    card = local_card(wired(2, clock=clock))
    card.configure(stream(buffer=400))
    card.write(wave())
    card.start()
    clock.advance(250)
    card.write(wave())
    clock.advance(200)
    with pytest.raises(InputOverflow) as caught:
        read(card, 50)
    assert caught.value.sample == 400
    card.close()


@pytest.mark.parametrize("oversampling", [1, 4])
def test_what_arrived_before_a_timeout_comes_with_the_next_read(
    door: Callable[..., DoorCard], oversampling: int
) -> None:
    # The stall's sample is counted in conversions; in the middle of a sample when there are several to one.
    stuck = 70 * oversampling + oversampling // 2
    card = running(door, Stall(stuck, reads=2), inputs=2, oversampling=oversampling)
    first = read(card, 50, 2)
    for _ in range(2):
        with pytest.raises(ReadTimeout, match=r"20 samples arrived within 1 s.*NI -200284") as caught:
            read(card, 100, 2)
        assert caught.value.arrived == 20
    joined = np.concatenate([first, read(card, 100, 2), read(card, 60, 2)], axis=1)
    np.testing.assert_allclose(joined, wave()[:, :210], rtol=1e-14)
    card.close()


def test_a_small_read_after_a_timeout_takes_of_what_was_kept() -> None:
    card = running(local_card, Stall(80), inputs=2)
    with pytest.raises(ReadTimeout):
        read(card, 100, 2)
    joined = np.concatenate([read(card, n, 2) for n in (10, 70, 30)], axis=1)
    assert np.array_equal(joined, wave()[:, :110])
    card.close()


def test_a_card_that_is_pulled_out_says_so_for_ever_and_closes(door: Callable[..., DoorCard]) -> None:
    card = running(door, Disconnect(100))
    read(card, 90)
    for call in (lambda: read(card, 50), lambda: card.write(wave()), card.stop, lambda: card.configure(stream())):
        with pytest.raises(CardDisconnected, match=r"NI -201003.*cable"):
            call()
    assert np.isnan(card.levels()).all()
    card.close()
    card.close()


@pytest.mark.parametrize("taken", [0, 30])
def test_what_the_card_took_of_a_write_that_failed_is_played_and_known(taken: int) -> None:
    card = running(local_card)
    card.rig.takes_only = taken
    more = np.random.default_rng(4).uniform(-1, 1, (2, 50))
    with pytest.raises(DriverError, match=r"Dev1/ao0 \(gate0\), Dev1/ao1 \(gate1\): .*NI -200292"):
        card.write(more)
    everything = np.concatenate([wave(), more[:, :taken]], axis=1)
    assert np.array_equal(read(card, 300 + taken)[0], everything[0])
    card.stop()
    assert np.array_equal(card.levels(), everything[:, -1])
    card.close()


def test_samples_that_are_no_numbers_are_handed_on(door: Callable[..., DoorCard]) -> None:
    card = running(door, NanSamples(40, 3))
    assert np.flatnonzero(np.isnan(read(card, 100)[0])).tolist() == [40, 41, 42]
    card.close()


def test_a_device_in_use_by_somebody_else_is_refused() -> None:
    card = local_card(wired(2))
    card.configure(stream())
    other = DoorCard(card.rig, card.door, "Dev1")
    with pytest.raises(CardStateError, match=r"reserved.*NI -50103.*Another program"):
        other.configure(stream())
    card.close()


def test_no_task_stays_open_whichever_call_fails() -> None:
    """Every call to the library fails once, in turn: the error is typed, and closing leaves nothing behind."""
    calls = life(None)
    assert calls > 40
    for call in range(1, calls):
        life(call)
    # A forgotten task would warn when it is collected, and a warning is an error here.
    gc.collect()


def life(failing: int | None) -> int:
    """A stream from the first call to the last; the number of calls."""
    card = local_card(wired(2))
    start = card.rig.counts.total()
    if failing is not None:
        card.rig.fail_call = (start + failing, -50150)
    failed = False
    for step in (
        lambda: card.configure(stream()),
        lambda: card.write(wave()),
        card.start,
        lambda: read(card, 50),
        card.levels,
        card.stop,
        lambda: card.configure(stream()),
    ):
        try:
            step()
        except DriverError as error:
            assert "NI -50150" in str(error) or failed, error
            failed = True
    calls = card.rig.counts.total() - start
    rig = card.rig
    card.close()
    assert not rig.tasks, failing
    return calls
