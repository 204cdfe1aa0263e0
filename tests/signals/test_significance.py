"""When a sign counts as known, and how many do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hgx_lab.signals import Derivatives
from hgx_lab.signals.significance import known_signs, sign_confidence, signs_text, std_of_mean

NAN, INF = math.nan, math.inf
TINY = 5e-324  # the smallest denormal


@pytest.mark.parametrize(
    ("value", "std", "known"),
    [
        (3.1, 1.0, True),
        (-3.1, 1.0, True),
        (3.0, 1.0, False),
        (1e9, NAN, False),
        (1e9, INF, False),
        (NAN, 1.0, False),
        (NAN, NAN, False),
        (1.0, 0.0, True),
        (-TINY, 0.0, True),
        (0.0, 0.0, False),
        (1e-9, TINY, True),
        (TINY, TINY, False),
    ],
)
def test_a_sign_is_known_beyond_three_sigma_and_never_without_an_error_bar(
    value: float, std: float, known: bool
) -> None:
    assert bool(known_signs(value, std)) is known
    assert sign_confidence([value], [std]) == (known if math.isfinite(std) else pytest.approx(NAN, nan_ok=True))
    found = Derivatives(np.array([[value]]), np.array([[std]]), np.zeros((1, 1)))
    assert bool(found.significant()[0, 0]) is known


def test_the_confidence_counts_unknown_as_not_known() -> None:
    values = np.full((2, 4), 1e-8)
    std = np.array([[1e-9, NAN, 1e-8, 0.0], [1e-9, NAN, 1e-9, 1e-9]])
    assert sign_confidence(values, std) == 5 / 8


@pytest.mark.parametrize("shape", [(3, 2), (0, 2), (0,)])
def test_where_nothing_has_an_error_bar_it_is_unknown(shape: tuple[int, ...]) -> None:
    confidence = sign_confidence(np.ones(shape), np.full(shape, NAN))
    assert math.isnan(confidence)
    assert signs_text(confidence) == "unknown"
    assert signs_text(None) == "unknown"


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(1.0, "100.0%"), (0.9999, "99.9%"), (2 / 3, "66.6%"), (0.999, "99.9%"), (0.29, "29.0%"), (0.0, "0.0%")],
)
def test_a_hundred_per_cent_is_all_of_them(confidence: float, text: str) -> None:
    assert signs_text(confidence) == text


def test_the_share_of_wrong_signs_among_the_known_ones_is_that_of_three_sigma() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(0.0, 3.0, 400_000)
    measured = truth + rng.normal(size=truth.size)
    sure = known_signs(measured, np.ones(truth.size))
    assert sure.mean() == sign_confidence(measured, np.ones(truth.size)) > 0.3
    assert np.mean(np.sign(measured[sure]) != np.sign(truth[sure])) < 0.0005


def test_the_error_bar_of_a_mean_needs_all_of_them() -> None:
    np.testing.assert_allclose(std_of_mean([[3.0, NAN], [4.0, 1.0]]), [2.5, NAN])
    np.testing.assert_allclose(std_of_mean([[3.0, 4.0], [1.0, NAN]], axis=1), [2.5, NAN])
