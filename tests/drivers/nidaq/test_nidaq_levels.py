"""The driver knows at every moment what stands at the outputs, or says that it doesn't."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_drivers.errors import CardStateError, OutputUnderflow
from hgx_drivers.interface import StreamSettings
from hgx_drivers.nidaq._history import History
from hgx_drivers.simulated import ScriptedClock
from tests.doors.ni_bench import DoorCard, local_card, stream, wired
from tests.doors.ni_devices import cdaq

CDAQ = stream(("cDAQ1Mod1/ao0", "cDAQ1Mod1/ao1"), ("cDAQ1Mod3/ai0",))


def cdaq_card(**options: object) -> DoorCard:
    return local_card(wired(20), cdaq(), device="", **options)


def test_a_card_with_internal_channels_measures_its_outputs() -> None:
    card = local_card(wired(2, rest=0.25))
    assert card.levels().shape == (0,)
    card.configure(stream())
    assert np.array_equal(card.levels(), [0.25, 0.25])
    assert [arguments[1] for arguments in card.rig.asked("create_ai_voltage_chan")][:2] == [
        "Dev1/_ao0_vs_aognd",
        "Dev1/_ao1_vs_aognd",
    ]
    card.close()


def test_a_card_without_them_does_not_know_and_does_not_start() -> None:
    card = cdaq_card()
    card.configure(CDAQ)
    assert np.isnan(card.levels()).all()
    card.write(np.zeros((2, 10)))
    with pytest.raises(CardStateError, match=r"gate0, gate1 aren't known.*Disconnect the device.*--outputs-at"):
        card.start()
    card.close()


def test_it_takes_the_word_of_who_knows() -> None:
    card = cdaq_card(initial_levels={"cDAQ1Mod1/ao0": 0.5, "cDAQ1Mod1/ao1": -0.5})
    card.configure(CDAQ)
    assert np.array_equal(card.levels(), [0.5, -0.5])
    card.close()


def test_a_measurement_goes_before_anybodys_word() -> None:
    """A run file that is copied from bench to bench says 0 V for ever."""
    card = local_card(wired(2, rest=0.8), initial_levels=0.0)
    card.configure(stream())
    np.testing.assert_allclose(card.levels(), 0.8, rtol=1e-12)
    card.close()


def test_what_is_stated_fills_in_only_what_isnt_known() -> None:
    card = cdaq_card(initial_levels={"cDAQ1Mod1/ao0": 0.5})
    card.configure(CDAQ)
    card.state_levels(np.array([0.1, np.nan]))
    assert np.array_equal(card.levels(), [0.5, np.nan], equal_nan=True)
    card.state_levels(np.array([0.1, -0.2]))
    assert np.array_equal(card.levels(), [0.5, -0.2])
    card.close()


def test_levels_cant_be_stated_while_the_outputs_move() -> None:
    card = cdaq_card(initial_levels=0.0)
    with pytest.raises(CardStateError, match="configure first"):
        card.state_levels(np.zeros(2))
    card.configure(CDAQ)
    card.write(np.zeros((2, 100)))
    card.start()
    with pytest.raises(CardStateError, match="running"):
        card.state_levels(np.zeros(2))
    card.close()


def test_a_word_is_for_the_first_look_only() -> None:
    """Once the card has lost count of its samples, what was true at the start isn't any more."""
    card = cdaq_card(initial_levels=0.0)
    break_off(card, CDAQ, -200621)
    card.configure(CDAQ)
    assert np.isnan(card.levels()).all()
    card.write(np.zeros((2, 10)))
    with pytest.raises(CardStateError, match="aren't known"):
        card.start()
    card.close()


def test_what_a_stream_left_is_known_better_than_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    card = local_card(wired(2))
    card.configure(stream())
    card.write(np.repeat([[0.3], [0.7]], 20, axis=1))
    card.start()
    card.read(np.empty((1, 20)), timeout_seconds=1.0)
    card.stop()
    level = card.rig._level
    for error, held in ((3e-3, 0.3), (-3e-3, 0.3), (12e-3, 0.312)):
        monkeypatch.setattr(card.rig, "_level", lambda name, error=error: level(name) + error)
        card.configure(stream())
        np.testing.assert_allclose(card.levels(), [held, held + 0.4], rtol=1e-12)
    card.close()


def test_the_level_is_that_of_the_last_sample_that_left() -> None:
    clock = ScriptedClock()
    card = local_card(wired(2, clock=clock))
    card.configure(stream())
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 300))
    card.write(samples)
    card.start()
    assert np.array_equal(card.levels(), [0.0, 0.0])
    clock.advance(7)
    assert np.array_equal(card.levels(), samples[:, 6])
    assert card.samples_generated == 7
    clock.advance(100)
    card.stop()
    assert np.array_equal(card.levels(), samples[:, 106])
    assert card.samples_generated == 0
    card.close()


@pytest.mark.parametrize("code", [-200290, -200621])
def test_after_an_underflow_the_outputs_are_measured_if_they_can_be(code: int) -> None:
    card = local_card(wired(2))
    samples = break_off(card, stream(), code)
    # The card's truth: it broke off before it had played everything.
    np.testing.assert_allclose(card.levels(), samples[:, 49], rtol=1e-12)
    card.close()


@pytest.mark.parametrize(("code", "known"), [(-200290, True), (-200621, False)])
def test_without_that_they_are_known_only_if_everything_was_played(code: int, known: bool) -> None:
    card = cdaq_card(initial_levels=0.0)
    samples = break_off(card, CDAQ, code)
    assert np.array_equal(card.levels(), samples[:, -1] if known else [np.nan] * 2, equal_nan=True)
    card.close()


def break_off(card: DoorCard, settings: StreamSettings, code: int) -> np.ndarray:
    """Write 300 samples, read 50; then the output's next answer is the code; stop."""
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 300))
    card.configure(settings)
    card.write(samples)
    card.start()
    card.read(np.empty((1, 50)), timeout_seconds=1.0)
    (ao,) = [task for task in card.rig.tasks.values() if task.kind == "ao"]
    ao.error = code
    with pytest.raises(OutputUnderflow, match=f"NI {code}"):
        card.write(samples[:, :1].copy())
    card.stop()
    return samples


def test_levels_are_kept_by_terminal_through_other_channels() -> None:
    card = local_card(wired(2))
    card.configure(stream())
    card.write(np.repeat([[0.3], [0.7]], 20, axis=1))
    card.start()
    card.read(np.empty((1, 20)), timeout_seconds=1.0)
    card.stop()
    card.configure(stream(("Dev1/ao1", "Dev1/ao0")))
    assert np.array_equal(card.levels(), [0.7, 0.3])
    card.close()


def test_with_a_clock_of_their_own_the_outputs_hold_the_sample_counted_at_the_stop() -> None:
    card = local_card(wired(2), oversampling=5)
    card.configure(stream())
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 300))
    card.write(samples)
    card.start()
    card.read(np.empty((1, 120)), timeout_seconds=1.0)
    card.stop()
    assert np.array_equal(card.levels(), samples[:, 119])
    card.close()


def test_the_history_is_the_tail_of_everything_written(rng: np.random.Generator) -> None:
    history, everything = History(2, 37), np.empty((2, 0))
    for _ in range(200):
        block = rng.normal(size=(2, int(rng.integers(1, 90))))
        history.append(block)
        everything = np.concatenate([everything, block], axis=1)
        total = everything.shape[1]
        assert history.written == total
        for index in range(max(0, total - 37), total):
            assert np.array_equal(history.sample(index), everything[:, index])
        assert np.isnan(history.sample(total)).all()
        assert np.isnan(history.sample(total - 38)).all()
