"""A run file whose windows would leave something without an error bar is refused where it says so, with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgx_lab.config import RunFile, RunFileError, parse_run_file
from hgx_lab.config.checks import error_bars as checks
from hgx_lab.errors import ConfigurationError
from hgx_lab.experiments import forecast, plan_tones
from hgx_lab.signals import error_bars

VALID = (Path(__file__).parent / "full.yaml").read_text("utf-8")
TONES, TIMING = 22, 23
FAR = "tones: {plan: manual, frequencies: [300 Hz, 500 Hz], period: 10 ms, amplitude: 20 mV}"
ONE = "timing: {slope: 100 V/s, settle: 2 ms, periods: 1}"


def text_with(*lines: tuple[int, str]) -> str:
    text = VALID.split("\n")
    for number, line in lines:
        text[number - 1] = line
    return "\n".join(text)


def refused(text: str) -> RunFileError:
    with pytest.raises(RunFileError) as error:
        parse_run_file(text, source="bench.yaml")
    return error.value


def test_windows_of_one_base_period_far_below_every_empty_bin_are_refused_with_line_and_remedy() -> None:
    error = refused(text_with((TONES, FAR), (TIMING, ONE)))
    (problem,) = error.problems
    assert str(problem) == (
        "bench.yaml:23: timing.periods: the derivatives of e0, e3 would have no error bars: windows of one base period "
        "hold no frequency without signal within an octave of their tones. Write timing.periods: 2, or write "
        "tones.period: 60 ms, or move the tones up in frequency."
    )


@pytest.mark.parametrize(
    ("tones", "timing"),
    [
        (FAR, ONE.replace("periods: 1", "periods: 2")),
        (FAR.replace("10 ms", "60 ms"), ONE),
        (FAR.replace("[300 Hz, 500 Hz]", "[700 Hz, 1100 Hz]"), ONE),
    ],
)
def test_each_remedy_does(tones: str, timing: str) -> None:
    run = parse_run_file(text_with((TONES, tones), (TIMING, timing)))
    found = plan_tones(run)
    assert all(error_bars(found.plan, found.period_samples, n).complete for n in run.plan_windows.toned)


def test_it_is_reported_together_with_everything_else() -> None:
    error = refused(text_with((TONES, FAR), (TIMING, ONE), (26, "optimizer: {kind: adam, rate: 50 s}")))
    assert [p.line for p in error.problems] == [TIMING, 26]


def test_a_plan_that_fills_its_base_period_is_refused() -> None:
    dense = "tones: {plan: manual, frequencies: [10 kHz, 15 kHz], period: 200 us, amplitude: 1 mV, mains: null}"
    error = refused(text_with((TONES, dense), (TIMING, ONE)))
    assert [p.path for p in error.problems] == ["timing.periods"]
    # Means can't be read there either, and the validation has windows of its own.
    validated = text_with((TONES, dense), (24, "validation: {periods: 1}\n" + VALID.split("\n")[23]))
    error = refused(validated)
    assert [(p.line, p.path) for p in error.problems] == [(24, "validation.periods")]
    assert "the outputs would have no error bars" in str(error)


def convergence(text: str) -> str:
    kept = [line for line in text.split("\n") if not line.startswith(("task", "loss", "optimizer", "stop"))]
    return "\n".join(kept).replace("experiment: train", "experiment: convergence")


def test_windows_that_are_always_one_base_period_are_mended_by_a_longer_one() -> None:
    text = convergence(text_with((TONES, FAR)))
    (problem,) = refused(text).problems
    assert (problem.line, problem.path) == (TONES, "tones.period")
    assert "Write tones.period: 60 ms, or move the tones up" in str(problem)
    parse_run_file(text.replace("period: 10 ms", "period: 60 ms"))


def test_a_window_of_a_few_samples_has_no_error_bar_for_a_current() -> None:
    text = """
experiment: iv
bench: {kind: simulated}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V]}
sweep: {electrode: a, span: [-1 V, 1 V]}
tones: {period: 60 us, band: [1 kHz, 40 kHz], amplitude: 1 mV}
timing: {periods: 1}
"""
    (problem,) = refused(text).problems
    assert (problem.line, problem.path) == (8, "timing.periods")
    parse_run_file(text.replace("periods: 1", "periods: 2"))


def test_untuned_tones_need_a_window_that_leaves_lines_between_them() -> None:
    short = "tones: {plan: manual, frequencies: [15.1 kHz, 34.9 kHz], period: 120 us, amplitude: 0.5 mV, bridge: true}"
    error = refused(text_with((TONES, short), (TIMING, ONE), (21, "safety: {slew: 1 MV/s}")))
    assert [p.path for p in error.problems] == ["timing.periods"]
    assert "Write timing.periods: 2" in str(error)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> RunFile:
    """A run whose plan was too large to be looked through while the file was read."""
    monkeypatch.setattr(checks, "_LARGEST", 0)
    return parse_run_file(text_with((TONES, FAR), (TIMING, ONE)))


def test_what_the_file_check_left_out_is_refused_before_anything_is_opened(blind: RunFile) -> None:
    for use in (forecast, plan_tones):
        with pytest.raises(ConfigurationError, match="The derivatives of e0, e3 would have no error bars"):
            use(blind)
