"""What differs between two run files, with the defaults filled in."""

from __future__ import annotations

from hgx_lab.config import parse_run_file
from hgx_lab.config.difference import Difference, differences
from tests.support.runs import TEXT


def test_only_values_count_and_not_how_they_are_written() -> None:
    same = TEXT.replace("rate: 20 kHz", "rate: 20000").replace(
        "seed: 7\n", "seed: 7 # a comment\noptimizer: {kind: adam}\n"
    )
    assert differences(parse_run_file(TEXT), parse_run_file(same)) == ()


def test_changed_added_and_removed_keys_are_named_in_their_order() -> None:
    other = TEXT.replace("seed: 7", "seed: 8").replace(
        "{kind: smooth, seed: 3}", "{kind: linear, conductances: [1 nA/V, 1 nA/V, 1 nA/V, 1 nA/V, 2 nA/V]}"
    )
    other = other.replace("role: control, limits: [-1 V, 1 V], rest: 0.1 V", "role: control, limits: [-1 V, 0.9 V]")
    found = {d.path: d for d in differences(parse_run_file(TEXT), parse_run_file(other))}
    assert found["seed"] == Difference("seed", "7", "8")
    assert found["bench.device.kind"] == Difference("bench.device.kind", "smooth", "linear")
    assert found["bench.device.seed"] == Difference("bench.device.seed", "3", "")
    assert found["bench.device.offset"] == Difference("bench.device.offset", "", "0 A")
    assert found["electrodes[0].limits"] == Difference("electrodes[0].limits", "[-1 V, 1 V]", "[-1 V, 900 mV]")
    assert found["electrodes[0].rest"] == Difference("electrodes[0].rest", "100 mV", "0 V")
    assert next(iter(found)) == "seed"
    assert not [path for path in found if not path.startswith(("seed", "bench.device", "electrodes[0]"))]
