"""Scores by brute force; restarts, stop rules and random starts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hgx_lab.errors import LearningError
from hgx_lab.learning import (
    Box,
    RestartPolicy,
    StopMonitor,
    StopRules,
    generator_from_state,
    generator_state,
    random_start,
    score,
)


def test_threshold_is_the_best_of_all(rng: np.random.Generator) -> None:
    for _ in range(300):
        cases = int(rng.integers(2, 9))
        targets = np.zeros(cases)
        targets[rng.permutation(cases)[: rng.integers(1, cases)]] = 1
        outputs = np.asarray(rng.integers(-3, 4, cases) * 1e-9, dtype=np.float64)  # ties on purpose
        found = score(outputs, targets)
        every = np.arange(-3.5, 4) * 1e-9
        best = max(float(np.mean((outputs > t) == (targets == 1))) for t in every)
        assert found.accuracy == best
        assert np.mean((outputs > found.threshold) == (targets == 1)) == best
        assert found.margin == pytest.approx(outputs[targets == 1].min() - outputs[targets == 0].max())
        assert found.solved == (found.margin > 0)


def test_threshold_sits_in_the_middle_of_the_gap() -> None:
    found = score(np.array([1e-9, 8e-9, 6e-9, 2e-9]), np.array([0.0, 1, 1, 0]))
    assert found.threshold == pytest.approx(4e-9)
    assert found.margin == pytest.approx(4e-9)
    assert found.solved
    # Two thresholds get three of four right; the wider gap is the safer one.
    assert score(np.array([0.0, 1e-9, 2e-9, 6e-9]), np.array([0.0, 1, 0, 1])).threshold == pytest.approx(4e-9)
    close = np.array([1.0, np.nextafter(1.0, 2)])
    assert score(close, np.array([0.0, 1])).solved


def test_a_threshold_is_carried_to_test_data() -> None:
    found = score(np.array([1e-9, 5e-9, 7e-9]), np.array([0.0, 0, 1]), threshold=4e-9)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.margin == pytest.approx(2e-9)
    assert not found.solved
    only = score(np.array([5e-9, 7e-9]), np.ones(2), threshold=4e-9)
    assert only.solved
    assert only.margin == pytest.approx(1e-9)
    with pytest.raises(LearningError, match="single class"):
        score(np.array([5e-9, 7e-9]), np.ones(2))
    with pytest.raises(LearningError, match="Only classes"):
        score(np.array([5e-9, 7e-9]), np.array([0.3, 1]))


def losses_to_restarts(policy: RestartPolicy, losses: list[float]) -> list[int]:
    return [i for i, loss in enumerate(losses) if policy.observe(i, loss, np.array([float(i)]))]


def test_restart_after_patience() -> None:
    policy = RestartPolicy(3, minimum_improvement=0.1)
    #                                        level          waits 1     2     3: restart  new level, improves, waits
    assert losses_to_restarts(policy, [2.0, 1.0, 0.95, 0.92, 0.91, 5.0, 4.0, 3.9, 3.8, 3.7]) == [4, 9]
    assert policy.restarts == 2
    assert policy.best is not None
    assert (policy.best.loss, policy.best.iteration, policy.best.start) == (0.91, 4, 0)
    assert policy.best.controls.tolist() == [4]


def test_slow_descent_counts_once_it_adds_up() -> None:
    policy = RestartPolicy(4, minimum_improvement=0.1)
    assert losses_to_restarts(policy, [0.96**i for i in range(60)]) == []
    assert losses_to_restarts(RestartPolicy(4, minimum_improvement=0.1), [0.99**i for i in range(6)]) == [4]


def test_restarts_end_at_their_maximum() -> None:
    assert len(losses_to_restarts(RestartPolicy(1, 2), [1.0] * 50)) == 2
    assert losses_to_restarts(RestartPolicy(1, 0), [1.0] * 50) == []


def test_restart_policy_goes_on_after_json(rng: np.random.Generator) -> None:
    losses = rng.uniform(0.5, 1, 80).tolist()
    policy, resumed = RestartPolicy(3), RestartPolicy(3)
    resumed.restore(json.loads(json.dumps(policy.state())))
    decisions = losses_to_restarts(policy, losses)
    first = losses_to_restarts(resumed, losses[:31])
    last = RestartPolicy(3)
    last.restore(json.loads(json.dumps(resumed.state())))
    first += [i for i, loss in list(enumerate(losses))[31:] if last.observe(i, loss, np.array([float(i)]))]
    assert first == decisions
    assert last.state() == policy.state()
    with pytest.raises(LearningError, match="state of a restart policy"):
        last.restore({"restarts": 1})
    with pytest.raises(LearningError, match="loss of iteration 7 is nan"):
        last.observe(7, float("nan"), np.zeros(1))
    with pytest.raises(LearningError, match="patience 0"):
        RestartPolicy(0)


def test_stop_reasons_have_numbers() -> None:
    monitor = StopMonitor(StopRules(200, margin=1e-9))
    assert monitor.observe(56, loss=0.3, margin=0.99e-9) is None
    decision = monitor.observe(57, loss=0.3, margin=1.32e-9)
    assert decision is not None
    assert decision.reason == "margin 1.32 nA >= 1 nA after 57 iterations"
    assert decision.kind == "goal"


def test_goals_hold_together_and_in_succession() -> None:
    monitor = StopMonitor(StopRules(10, margin=1e-9, loss=0.2, accuracy=0.9, confirm=2))

    def look(n: int, margin: float, loss: float):
        return monitor.observe(n, loss=loss, margin=margin, accuracy=0.95)

    assert look(1, 2e-9, 0.1) is None
    assert look(2, 2e-9, 0.3) is None
    assert look(3, 2e-9, 0.2) is None
    resumed = StopMonitor(StopRules(10, margin=1e-9, loss=0.2, accuracy=0.9, confirm=2))
    resumed.restore(json.loads(json.dumps(monitor.state())))
    for each in (monitor, resumed):
        decision = each.observe(4, loss=0.1, margin=1e-9, accuracy=0.95)
        assert decision is not None
        assert decision.reason == (
            "margin 1 nA >= 1 nA and accuracy 95.00% >= 90.00% and loss 0.1 <= 0.2 "
            "for 2 iterations in succession after 4 iterations"
        )


def test_budgets() -> None:
    monitor = StopMonitor(StopRules(100, margin=1e-9, duration_seconds=60))
    timed = monitor.observe(31, loss=1, margin=0, elapsed_seconds=60.04)
    assert timed is not None
    assert (timed.reason, timed.kind) == ("60.0 s >= 60 s after 31 iterations", "duration")
    spent = monitor.observe(100, loss=1, margin=0)
    assert spent is not None
    assert (spent.reason, spent.kind) == ("all 100 iterations done without reaching the goal", "iterations")
    plain = StopMonitor(StopRules(3)).observe(3, loss=1)
    assert plain is not None
    assert plain.reason == "all 3 iterations done"


def test_a_goal_the_task_lacks_is_refused() -> None:
    with pytest.raises(LearningError, match="stop at a margin"):
        StopMonitor(StopRules(5, margin=1e-9)).observe(1, loss=0.1)
    for rules in ({"iterations": 0}, {"iterations": 5, "confirm": 0}, {"iterations": 5, "accuracy": 1.5}):
        with pytest.raises(LearningError):
            StopRules(**rules)
    with pytest.raises(LearningError, match="duration"):
        StopRules(5, duration_seconds=0)


def test_random_starts_fill_the_box_and_resume(rng: np.random.Generator) -> None:
    box = Box(np.array([-1.2, 0.1]), np.array([0.6, 0.3]))
    drawn = np.array([random_start(box, rng) for _ in range(2000)])
    assert (drawn >= box.lower).all()
    assert (drawn < box.upper).all()
    assert drawn.mean(axis=0) == pytest.approx((box.lower + box.upper) / 2, abs=0.06)
    again = generator_from_state(json.loads(json.dumps(generator_state(rng))))
    assert (random_start(box, again) == random_start(box, rng)).all()
    with pytest.raises(LearningError, match="MT19937"):
        generator_state(np.random.Generator(np.random.MT19937(1)))
    with pytest.raises(LearningError, match="PCG64"):
        generator_from_state({"bit_generator": "PCG64"})
