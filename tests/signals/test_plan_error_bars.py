"""Which error bars a plan gives, told beforehand, against what the demodulation does."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.signals import Demodulator, TonePlan, UntunedDemodulator, UntunedTones, Window, empty_bins, error_bars

PLANS = [
    pytest.param(TonePlan("manual", 100e3, 1000, (7, 23), 50.0), id="below-the-mains"),
    pytest.param(TonePlan("manual", 100e3, 1000, (2, 5), 50.0), id="far-below-the-mains"),
    pytest.param(TonePlan("manual", 100e3, 1000, (12, 400), 50.0), id="far-apart"),
    pytest.param(TonePlan("manual", 100e3, 24, (2, 3, 5), None), id="no-empty-bin"),
    pytest.param(TonePlan("manual", 100e3, 40, (3,), None), id="one-tone"),
]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("periods", [1, 2, 5])
def test_it_is_what_the_demodulator_gives(plan: TonePlan, periods: int, rng: np.random.Generator) -> None:
    told = error_bars(plan, plan.period_samples, periods)
    noise = [int(b) for b in empty_bins(plan)]
    demodulator = Demodulator(plan.bins, plan.period_samples, noise_bins=noise, drift=False)
    demodulator.expect(Window(0, periods))
    (reading,) = demodulator.process(rng.standard_normal((1, plan.period_samples * periods)), 0)
    assert told.tones == tuple(np.isfinite(reading.phasor_std[0]))
    assert told.mean == bool(np.isfinite(reading.mean_std[0]))
    assert told.missing == tuple(np.flatnonzero(~np.isfinite(reading.phasor_std[0])))
    assert told.complete == (told.mean and not told.missing)
    assert periods == 1 or told.complete


def test_plans_that_give_none_are_among_these() -> None:
    missing = [error_bars(p.values[0], p.values[0].period_samples, 1).missing for p in PLANS]  # type: ignore[union-attr]
    assert missing == [(), (0, 1), (), (0, 1, 2), ()]


def test_it_says_to_which_tones_the_noise_is_continued() -> None:
    plan = TonePlan("manual", 100e3, 1000, (7, 23), 50.0)  # the mains take the bins up to 11
    one, two = error_bars(plan, 1000, 1), error_bars(plan, 1000, 2)
    assert (one.method, one.continued) == ("empty bins around the tones", (0,))
    assert (two.method, two.continued) == ("scatter between base periods, and empty bins", ())
    far = error_bars(TonePlan("manual", 100e3, 1000, (2, 23), 50.0), 1000, 1)
    assert (far.missing, far.continued) == ((0,), ())


@pytest.mark.parametrize(("samples", "known"), [(12, False), (60, True), (2000, True)])
def test_of_untuned_tones_a_short_window_gives_none(samples: int, known: bool) -> None:
    plan = UntunedTones(10e3, (1510.0, 3490.0))
    told = error_bars(plan, samples, 1)
    assert told.tones == (known, known)
    assert told.mean is known
    if known:
        UntunedDemodulator(plan.frequencies, plan.rate_hz, samples).prepare(1)
