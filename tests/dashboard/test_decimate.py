from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hgx_lab.dashboard._decimate import envelope


@given(st.integers(1, 5000), st.integers(1, 300), st.integers(0, 2**31))
def test_no_extreme_is_lost_and_none_is_invented(count: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=count)
    at, thin = envelope(values, columns)
    assert at.shape == thin.shape
    assert thin.max() == values.max()
    assert thin.min() == values.min()
    assert thin.size <= max(2 * columns + 2, 2)
    assert (np.diff(at) >= 0).all()
    assert at[0] >= 0
    assert at[-1] < count


def test_a_spike_of_one_sample_stays_in_its_column() -> None:
    values = np.zeros(1_000_000)
    values[654_321] = 1.0
    at, thin = envelope(values, 1000)
    assert 654_321 - 1000 <= at[int(np.argmax(thin))] <= 654_321
