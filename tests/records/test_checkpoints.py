from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hgx_lab.errors import RecordError
from hgx_lab.records import open_record
from hgx_lab.records._json import dumps, loads

KEYS = st.text().filter(lambda key: not key.startswith("$"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_comes_back_exactly_as_strict_json(value):
    text = dumps(value)
    assert loads(text) == value
    assert "\n" not in text
    json.loads(text, parse_constant=pytest.fail)


@given(hnp.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "?"]), hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_come_back_bit_for_bit(array):
    back = loads(dumps({"a": array}))["a"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("generator", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_a_random_generator_goes_on_where_it_was(make, path, generator):
    rng = np.random.Generator(generator(20261123))
    rng.normal(size=7)
    with make() as writer:
        writer.checkpoint(3, {"random": np.random.Generator(generator(1)).bit_generator.state})
        writer.checkpoint(4, {"random": rng.bit_generator.state, "moments": (np.zeros(3), np.float64(2.5))})
    with open_record(path) as record:
        last, first = record.checkpoint(), record.checkpoint(0)
        assert (last.iteration, first.iteration, record.checkpoints) == (4, 3, 2)
        other = np.random.Generator(generator(0))
        other.bit_generator.state = last.state["random"]
        np.testing.assert_array_equal(other.normal(size=100), rng.normal(size=100))
        np.testing.assert_array_equal(last.state["moments"][0], np.zeros(3))
        with pytest.raises(RecordError, match="has 2"):
            record.checkpoint(2)


@pytest.mark.parametrize(
    "value", [{1: 2}, {"$a": 1}, {"a": [1, {2}]}, {"a": b"x"}, {"a": np.array([object()])}, {"a": 1j}]
)
def test_what_json_cannot_hold_is_refused_with_its_place(value):
    with pytest.raises(RecordError, match=r"state(\.a)?(\[1\])?: "):
        dumps(value, "state")


def test_numbers_that_are_not_finite():
    back = loads(dumps([float("nan"), float("inf"), -float("inf"), np.array([1.0, np.nan])]))
    assert np.isnan(back[0]) and back[1:3] == [float("inf"), -float("inf")] and np.isnan(back[3][1])
