"""Whatever a run file asks for has an end, its way to rest above all: slopes, waits, and what is written ahead."""

from __future__ import annotations

import pytest

from hgx_lab.config import RunFileError, parse_run_file

TEXT = """\
experiment: train
bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 50 ms}
electrodes:
  - {name: a, role: input, limits: [-2 V, 1 V], rest: 0.5 V}
  - {name: b, role: control, limits: [-1 V, 1 V]}
safety: {slew: 5 kV/s, rest_slope: 20 V/s}
timing: {slope: 100 V/s, settle: 2 ms}
task: {kind: table, file: t.csv, inputs: {x: a}, target: y}
validation: {settle: 10 ms}
self_test: {max_delay: 3 ms}
"""


def problems(*changes: tuple[str, str]) -> str:
    """What is said of the file after some changes; empty where nothing is wrong."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    try:
        parse_run_file(text, check_files=False)
    except RunFileError as error:
        return str(error)
    return ""


def test_the_file_itself_is_sound() -> None:
    assert not problems()


@pytest.mark.parametrize("slope", ["1e-300 V/s", "5e-324", "1 uV/s", "690 uV/s"])
def test_a_ramp_to_rest_that_never_ends_is_refused(slope: str) -> None:
    said = problems(("rest_slope: 20 V/s", f"rest_slope: {slope}"))
    assert "run file:6: safety.rest_slope: at " in said
    assert "the 2.5 V from a limit of a to its rest take" in said
    assert "every end of a run waits for that ramp" in said
    # 2.5 V in an hour.
    assert "Allowed: at least 694.4 uV/s, which takes an hour." in said


def test_how_long_it_takes_is_said() -> None:
    assert "take 25000 s" in problems(("rest_slope: 20 V/s", "rest_slope: 0.1 mV/s"))
    assert not problems(("rest_slope: 20 V/s", "rest_slope: 695 uV/s"))


def test_limits_that_are_far_away_count_too() -> None:
    said = problems(("rest_slope: 20 V/s", "rest_slope: 1 mV/s"), ("[-1 V, 1 V]", "[-1 V, 9 V]"))
    assert "the 9 V from a limit of b to its rest take 9000 s" in said
    assert "at least 2.5 mV/s" in said


@pytest.mark.parametrize("slope", ["1e-300 V/s", "833 uV/s"])
def test_a_move_that_never_ends_is_refused(slope: str) -> None:
    said = problems(("slope: 100 V/s", f"slope: {slope}"))
    assert "run file:7: timing.slope: at " in said
    assert "the 3 V between the limits of a take" in said
    assert "at least 833.3 uV/s" in said


def test_a_slew_that_forbids_every_move_is_refused() -> None:
    assert "run file:7: timing.slope" in problems(("slew: 5 kV/s", "slew: 1e-300 V/s"))
    everything = (
        ("slew: 5 kV/s", "slew: 1e-300"),
        ("rest_slope: 20 V/s", "rest_slope: 1e-300"),
        ("slope: 100 V/s", "slope: 1e-300"),
    )
    said = problems(*everything)
    assert "safety.rest_slope" in said
    assert "timing.slope" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "settle: 2 ms",
            "settle: 2 h",
            "run file:7: timing.settle: 7200 s is outside the allowed range. Allowed: at least 0 s, at most 3600 s",
        ),
        ("settle: 10 ms", "settle: 1e7 s", "run file:9: validation.settle"),
        ("block: 5 ms, lead: 50 ms", "block: 11 s, lead: 50 s", "run file:2: bench.block"),
        ("lead: 50 ms", "lead: 2 min", "run file:2: bench.lead"),
        ("max_delay: 3 ms", "max_delay: 1e6 s", "run file:10: self_test.max_delay"),
    ],
)
def test_a_wait_that_never_ends_is_refused(old: str, new: str, said: str) -> None:
    assert said in problems((old, new))


def test_a_generator_is_waited_for_a_minute_at_most() -> None:
    bench = (
        "{kind: nidaq, device: Dev1, start_out: /Dev1/PFI0, generators: [{driver: keysight, resource: x, channels: "
        "{b: 1}, timeout: %s}]}"
    )
    old = "{kind: simulated, rate: 20 kHz, block: 5 ms, lead: 50 ms}"
    assert not problems((old, bench % "60 s"))
    assert "timeout" in problems((old, bench % "61 s"))
