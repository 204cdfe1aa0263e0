"""The certificate against an independent enumeration, and the lines of a plan."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.plans import (
    TonePlan,
    certify,
    compression_lines,
    differences,
    empty_bins,
    fold,
    fold_sign,
    mains_bins,
    sums,
)


def brute_products(bins: tuple[int, ...], order: int, n: int) -> dict[tuple[int, ...], int]:
    """Integer weights of each tone in a product (up to a common sign) -> folded bin; no cancelled tones."""
    found: dict[tuple[int, ...], int] = {}
    for factors in product([(k, s) for k in range(len(bins)) for s in (1, -1)], repeat=order):
        weights = [0] * len(bins)
        for k, s in factors:
            weights[k] += s
        if sum(map(abs, weights)) != order:  # a tone up and down: compression, or rectification
            continue
        if next(w for w in weights if w) < 0:
            weights = [-w for w in weights]
        line = sum(w * m for w, m in zip(weights, bins, strict=True)) % n
        found[tuple(weights)] = min(line, n - line)
    return found


@st.composite
def plans(draw: st.DrawFn) -> TonePlan:
    n = draw(st.integers(12, 200))
    bins = draw(st.lists(st.integers(1, (n - 1) // 2), min_size=1, max_size=5, unique=True))
    return TonePlan("manual", 1000.0, n, tuple(bins), None)


@given(plans())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_certificate_agrees_with_brute_force(plan: TonePlan) -> None:
    certificate = certify(plan)
    n, k = plan.period_samples, plan.count
    by_order = {order: brute_products(plan.bins, order, n) for order in (2, 3)}
    for order, products in by_order.items():
        hits = Counter((b, plan.bins.index(b)) for b in products.values() if b in plan.bins)
        listed = Counter((c.bin, c.tone) for c in certificate.collisions if c.order == order)
        assert listed == hits
        assert certificate.collision_counts[order] == sum(hits.values())
    reserved = {0, *plan.bins} | ({n // 2} if n % 2 == 0 else set())
    second = Counter(by_order[2].values())
    both = second + Counter(by_order[3].values())
    for i, j in product(range(k), repeat=2):
        for private, weights in (
            (certificate.sum_private, {i: 1, j: 1} if i != j else {i: 2}),
            (certificate.difference_private, {min(i, j): 1, max(i, j): -1} if i != j else None),
        ):
            line = by_order[2][tuple(weights.get(t, 0) for t in range(k))] if weights else 0
            assert private[i, j] == (line not in reserved and second[line] == 1)
        weights = {i: 2, j: 1} if i != j else {i: 3}
        line = by_order[3][tuple(weights.get(t, 0) for t in range(k))]
        assert certificate.compression_private is not None
        assert certificate.compression_private[i, j] == (line not in reserved and both[line] == 1)


@given(plans(), st.integers(1, 3))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_empty_bins_are_those_that_nothing_reaches(plan: TonePlan, highest: int) -> None:
    n = plan.period_samples
    full = {0, *plan.bins} | ({n // 2} if n % 2 == 0 else set())
    for order in range(2, highest + 1):
        full |= set(brute_products(plan.bins, order, n).values())
    assert empty_bins(plan, highest).tolist() == sorted(set(range(n // 2 + 1)) - full)


def test_a_cubic_device_shows_every_product_where_it_is_said_to_be() -> None:
    plan = TonePlan("manual", 1000.0, 400, (31, 53, 97), None)
    n = np.arange(400)
    x = sum(np.sin(2 * np.pi * m * n / 400) for m in plan.bins)
    spectrum = np.abs(np.fft.rfft(x + x**2 + x**3)) / 400
    said = set(range(201)) - set(empty_bins(plan).tolist())
    assert set(np.flatnonzero(spectrum > 1e-9).tolist()) <= said
    assert spectrum[sums(plan)].min() > 1e-3
    assert spectrum[differences(plan)[np.triu_indices(3, 1)]].min() > 1e-3
    assert spectrum[compression_lines(plan)].min() > 1e-3


def test_collisions_carry_the_product_by_name() -> None:
    certificate = certify(TonePlan("manual", 1000.0, 1000, (3, 6, 9, 100), None))
    assert {(c.product, c.tone) for c in certificate.collisions if c.order == 2} == {
        ("2f0", 1), ("f0+f1", 2), ("f0-f1", 0), ("f0-f2", 1), ("f1-f2", 0),
    }  # fmt: skip
    assert "3f0" in {c.product for c in certificate.collisions}
    assert certificate.second_order_free is False
    assert "2f0 falls on tone 1 (bin 6)" in certificate.summary()
    assert certify(certificate.plan, orders=(2,)).third_order_free is None


def test_products_of_200_dense_tones_are_counted_not_listed() -> None:
    certificate = certify(TonePlan("manual", 1e6, 100_000, tuple(range(1, 201)), None))
    assert certificate.collision_counts[2] == 100 * 100 + 200 * 199 // 2  # i + j <= 200, and every difference
    assert len(certificate.collisions) == 1000


@pytest.mark.parametrize("n", [20, 21])
def test_folding_is_what_sampling_does(n: int) -> None:
    t = np.arange(n)
    for line in range(-2 * n, 2 * n):
        b, s = int(fold(line, n)), float(fold_sign(line, n))
        np.testing.assert_allclose(np.cos(2 * np.pi * line * t / n), np.cos(2 * np.pi * b * t / n), atol=1e-12)
        np.testing.assert_allclose(np.sin(2 * np.pi * line * t / n), s * np.sin(2 * np.pi * b * t / n), atol=1e-12)


def test_mains_and_neighbours() -> None:
    assert mains_bins(1e5, 10_000, 50.0)[:6].tolist() == [4, 5, 6, 9, 10, 11]
    assert mains_bins(1e5, 10_000, 50.0)[-1] == 101
    certificate = certify(TonePlan("manual", 1e5, 10_000, (4, 7, 20, 102)))
    assert certificate.tones_on_mains == (0, 2)
    assert not certificate.mains_clear
    assert not set(empty_bins(certificate.plan)) & set(mains_bins(1e5, 10_000, 50.0))


@pytest.mark.parametrize(
    ("rate", "n", "bins"),
    [(1e3, 100, (0,)), (1e3, 100, (50,)), (1e3, 100, (3, 3)), (1e3, 100, ()), (0.0, 100, (1,)), (1e3, 2, (1,))],
)
def test_impossible_plans_are_refused(rate: float, n: int, bins: tuple[int, ...]) -> None:
    with pytest.raises(TonePlanError):
        TonePlan("manual", rate, n, bins)


def test_plan_quantities() -> None:
    plan = TonePlan("manual", 1e5, 10_000, (7, 3))
    np.testing.assert_allclose(plan.frequencies_hz, [70.0, 30.0])
    assert (plan.base_hz, plan.period_seconds, plan.count) == (10.0, 0.1, 2)
    with pytest.raises(TonePlanError):
        certify(plan, orders=(4,))
