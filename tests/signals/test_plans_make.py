"""Plans keep the promise of their kind, are as short as published, and are refused with a way out."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.plans import (
    MadeKind,
    certify,
    check_tones,
    empty_bins,
    mains_bins,
    make_plan,
    smallest_hessian_bins,
)
from hgx_lab.signals.plans._constructions import bose, bose_chowla_cubic, ruzsa, singer
from hgx_lab.signals.plans._exact import OPTIMAL_HESSIAN_BINS
from hgx_lab.signals.plans._plan import UntunedTones

KINDS: tuple[MadeKind, ...] = ("octave", "contiguous", "hessian", "metrology")


@pytest.mark.parametrize("name", ["singer", "bose", "ruzsa"])
@pytest.mark.parametrize("q", [3, 5, 7, 11, 13])
def test_constructions_have_distinct_differences(name: str, q: int) -> None:
    family = {"singer": singer, "bose": bose, "ruzsa": ruzsa}[name](q)
    assert len(family.residues) == {"singer": q + 1, "bose": q, "ruzsa": q - 1}[name]
    gaps = [(a - b) % family.modulus for a in family.residues for b in family.residues if a != b]
    assert len(set(gaps)) == len(gaps)


@pytest.mark.parametrize("q", [2, 3, 5, 7])
def test_cubic_construction_has_distinct_sums_of_three(q: int) -> None:
    family = bose_chowla_cubic(q)
    r = family.residues
    triples = [(r[i] + r[j] + r[k]) % family.modulus for i in range(q) for j in range(i, q) for k in range(j, q)]
    assert len(r) == q
    assert len(set(triples)) == len(triples)


def is_free(bins: tuple[int, ...]) -> bool:
    tones = set(bins)
    if any(a + b in tones for a in bins for b in bins):
        return False
    if any(a + b + c in tones for a in bins for b in bins for c in bins):
        return False
    return not any(
        a + b - c in tones and a + b - c not in (a, b) for a in bins for b in bins for c in bins if c not in (a, b)
    )


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_exact_search_agrees_with_trying_every_set(count: int) -> None:
    largest = next(m for m in range(1, 40) if any(is_free((*rest, m)) for rest in combinations(range(1, m), count - 1)))
    bins = smallest_hessian_bins(count)
    assert max(bins) == largest
    assert is_free(bins)


@pytest.mark.parametrize("count", [6, 7])
def test_table_holds_what_the_search_proves(count: int) -> None:
    assert smallest_hessian_bins(count) == OPTIMAL_HESSIAN_BINS[count]


PUBLISHED = {5: 19, 6: 29, 7: 40, 8: 53, 9: 67, 10: 84, 16: 256, 32: 1120, 64: 5134, 128: 21600, 200: 54411}


@pytest.mark.parametrize("count", PUBLISHED)
def test_hessian_plans_are_as_short_as_published(count: int) -> None:
    plan = make_plan("hessian", count, rate_hz=1e6, period_samples=10**6, band_hz=(0, 5e5), mains_hz=None, stride=1)
    certificate = certify(plan)
    assert max(plan.bins) <= PUBLISHED[count]
    assert certificate.second_order_free
    assert certificate.third_order_free
    assert certificate.hessian_private
    assert certificate.holds()


def test_octave_is_k_to_2k_minus_1_where_the_band_begins_there() -> None:
    plan = make_plan("octave", 7, rate_hz=1e4, period_samples=1000, band_hz=(0, 5e3), mains_hz=None, stride=1)
    assert plan.bins == tuple(range(7, 14))


def test_octave_above_the_knee_takes_odd_bins() -> None:
    plan = make_plan("octave", 7, rate_hz=1e4, period_samples=1000, band_hz=(500, 5e3), mains_hz=None, stride=1)
    assert plan.bins == tuple(range(51, 65, 2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 5, 7])
def test_plans_avoid_mains_and_leave_room_for_noise(kind: MadeKind, count: int) -> None:
    plan = make_plan(kind, count, rate_hz=1e5, period_samples=10_000, band_hz=(20, 10e3))
    assert not set(plan.bins) & set(mains_bins(1e5, 10_000, 50.0).tolist())
    assert certify(plan).holds()
    empty = empty_bins(plan)
    for m in plan.bins:
        assert np.any((empty < m) & (empty > m - 8))
        assert np.any((empty > m) & (empty < m + 8))


@given(
    kind=st.sampled_from(KINDS),
    count=st.integers(2, 24),
    n=st.integers(20, 6000),
    low=st.floats(0, 800),
    width=st.floats(1, 5000),
    mains=st.sampled_from([None, 50.0, 60.0]),
    stride=st.sampled_from([None, 1, 2, 5]),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_plan_holds_or_is_refused(
    kind: MadeKind, count: int, n: int, low: float, width: float, mains: float | None, stride: int | None
) -> None:
    try:
        plan = make_plan(
            kind, count, rate_hz=1e4, period_samples=n, band_hz=(low, low + width), mains_hz=mains, stride=stride
        )
    except TonePlanError as error:
        assert error.remedy
        assert str(n) in error.message
        return
    assert plan.count == count
    assert low - 1e-6 <= plan.frequencies_hz.min() <= plan.frequencies_hz.max() <= low + width + 1e-6
    certificate = certify(plan)
    assert certificate.holds(), certificate.summary()


@pytest.mark.parametrize(("kind", "count", "n"), [("octave", 7, 60), ("hessian", 10, 500), ("metrology", 5, 400)])
def test_the_period_proposed_does(kind: MadeKind, count: int, n: int) -> None:
    with pytest.raises(TonePlanError) as caught:
        make_plan(kind, count, rate_hz=1e4, period_samples=n, band_hz=(100, 2000))
    proposed = re.search(r"base period of (\d+) samples", caught.value.remedy)
    assert proposed, caught.value.remedy
    plan = make_plan(kind, count, rate_hz=1e4, period_samples=int(proposed[1]), band_hz=(100, 2000))
    assert certify(plan).holds()


@pytest.mark.parametrize("count", [1, 201])
def test_too_few_or_too_many_tones_are_refused(count: int) -> None:
    with pytest.raises(TonePlanError, match=str(count)):
        make_plan("octave", count, rate_hz=1e4, period_samples=1000, band_hz=(0, 5e3))


def test_metrology_of_many_tones_is_refused_with_the_bins_it_would_take() -> None:
    with pytest.raises(TonePlanError, match="8000000 bins"):
        make_plan("metrology", 200, rate_hz=1e5, period_samples=10**4, band_hz=(0, 5e4))


@pytest.mark.parametrize(("band", "stride"), [((5.0, 1.0), 1), ((0.0, float("nan")), 1), ((0.0, 5e3), 0)])
def test_bad_bands_and_strides_are_refused(band: tuple[float, float], stride: int) -> None:
    with pytest.raises(TonePlanError):
        make_plan("octave", 5, rate_hz=1e4, period_samples=1000, band_hz=band, stride=stride)


def test_tuned_tones_by_hand_keep_their_order() -> None:
    plan = check_tones([580, 620, 540, 510, 470, 430], 12_500, 1250)
    assert plan.kind == "manual"
    assert plan.bins == (58, 62, 54, 51, 47, 43)
    assert certify(check_tones([200, 360, 520, 760, 920], 10_000, 500)).collision_counts[3] > 0


def test_untuned_tones_are_named_with_two_ways_out() -> None:
    with pytest.raises(TonePlanError) as caught:
        check_tones([580, 625, 545], 12_500, 1250)
    message = str(caught.value)
    assert "tone 1 (625 Hz), tone 2 (545 Hz) are untuned" in message
    assert re.search(r"580, 6[23]0, 5[45]0 Hz, the nearest tuned plan", message)
    period = re.search(r"base period of (\d+) samples", message)
    assert period
    assert check_tones([580, 625, 545], 12_500, int(period[1])).frequencies_hz.tolist() == [580, 625, 545]


def test_no_period_is_proposed_where_none_is_short() -> None:
    with pytest.raises(TonePlanError) as caught:
        check_tones([100.0, 333.3333333, 101.0], 1e4, 100)
    assert "base period of" not in caught.value.remedy
    assert "100, 300, 200 Hz" in caught.value.remedy  # each tone its own bin


def test_bridge_leaves_untuned_tones_to_least_squares() -> None:
    tones = check_tones([580, 625.5], 12_500, 1250, bridge=True)
    assert isinstance(tones, UntunedTones)
    assert tones.frequencies_hz.tolist() == [580, 625.5]
    assert not isinstance(check_tones([580, 620], 12_500, 1250, bridge=True), UntunedTones)


@pytest.mark.parametrize("tones", [[], [100, 100], [0.0], [6250], [float("nan")]])
def test_bad_tones_by_hand_are_refused(tones: list[float]) -> None:
    with pytest.raises(TonePlanError):
        check_tones(tones, 12_500, 1250)
