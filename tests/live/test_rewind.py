"""A rewound snapshot against what the run itself reported while it went on, and against the record's checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.errors import RecordError
from hgx_lab.experiments import SilentAudience, Source, train
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.live import Past, description_of, snapshot_at
from hgx_lab.records import open_record
from tests.support.runs import TEXT, make_run


class Ears(SilentAudience):
    """Keeps what it hears, with how many iterations had been heard by then."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []
        self.validations: list[tuple[int, Validation]] = []

    def iteration(self, iteration: Iteration) -> None:
        self.iterations.append(iteration)

    def validation(self, validation: Validation) -> None:
        self.validations.append((len(self.iterations), validation))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ears]:
    path = tmp_path_factory.mktemp("rewind") / "small.h5"
    run = make_run(
        {"stop": {"iterations": 12}, "restart": {"patience": 3}, "validation.repeats": 2, "record.raw": True, "seed": 3}
    )
    ears = Ears()
    train(run, record=path, audience=ears, source=Source(text=TEXT))
    return path, ears


def test_every_iteration_is_what_the_run_reported(heard: tuple[Path, Ears]) -> None:
    path, ears = heard
    with open_record(path) as record:
        past = Past(record)
        for told in ears.iterations:
            snapshot = past.at(told.index)
            latest = snapshot.latest
            assert snapshot.rewound and latest is not None
            for name in ("controls", "outputs", "outputs_std", "derivatives", "quadrature", "gradient", "gradient_std"):
                np.testing.assert_array_equal(getattr(latest, name), getattr(told, name), err_msg=name)
            assert (latest.index, latest.restart, latest.loss) == (told.index, told.start, told.loss)
            assert latest.clipped_cases == told.clipped_cases
            assert snapshot.status.iteration == told.index + 1
            assert snapshot.status.latency_samples == told.latency_samples
            assert len(snapshot.history) == told.index + 1
            seen = ears.iterations[: told.index + 1]
            np.testing.assert_array_equal(snapshot.history["loss"], [i.loss for i in seen])
            np.testing.assert_allclose(snapshot.history["derivative"], [i.derivatives.mean(axis=0) for i in seen])
            # As the live window has it: of the mean of independent cases.
            of_mean = [np.sqrt((i.derivatives_std**2).sum(axis=0)) / len(i.derivatives_std) for i in seen]
            np.testing.assert_allclose(snapshot.history["derivative_std"], of_mean)


def test_the_electrodes_stand_where_the_controls_were_put(heard: tuple[Path, Ears]) -> None:
    path, ears = heard
    with open_record(path) as record:
        for told in ears.iterations:
            volts = snapshot_at(record, told.index).volts
            assert volts is not None
            np.testing.assert_allclose(volts[[0, 3]], told.controls, atol=1e-12)
            assert volts[4] == 0.4  # the fixed one


def test_nothing_of_the_future_is_shown(heard: tuple[Path, Ears]) -> None:
    path, ears = heard
    last = ears.iterations[-1].index
    with open_record(path) as record:
        past = Past(record)
        for told, after in zip(ears.iterations, ears.iterations[1:], strict=False):
            snapshot = past.at(told.index)
            assert len(snapshot.confirmations) == sum(1 for n, _ in ears.validations if n <= told.index)
            assert not [e for e in snapshot.events if e.kind == "end"]
            assert snapshot.trace is not None
            assert snapshot.trace.start + snapshot.trace.current.size <= after.sample
        end = past.at(last)
        assert end.events[-1].kind == "end"
        assert len(end.events) == len(record.events)
        assert len(end.confirmations) == len(ears.validations)
        for shown, (_, told) in zip(end.confirmations, ears.validations, strict=True):
            np.testing.assert_allclose(shown.outputs, told.outputs.mean(axis=0))
            assert shown.iteration == told.iteration


def test_the_trace_has_the_power_of_its_samples(heard: tuple[Path, Ears]) -> None:
    path, _ = heard
    with open_record(path) as record:
        trace = snapshot_at(record, 5).trace
        assert trace is not None
        raw = record.raw(trace.start, trace.start + trace.current.size)
        np.testing.assert_allclose(trace.current, raw.values[0], rtol=1e-6)
    # Parseval under the window: the integral of the density is the windowed mean square.
    window = np.hanning(trace.current.size)
    power = np.sum(((trace.current - trace.current.mean()) * window) ** 2) / np.sum(window**2)
    assert np.sum(trace.psd) * trace.frequencies_hz[1] == pytest.approx(power, rel=0.02)


def test_the_place_of_an_iteration_is_that_of_its_checkpoint(heard: tuple[Path, Ears]) -> None:
    path, _ = heard
    with open_record(path) as record:
        past = Past(record)
        assert [record.checkpoint(past.place(i)).iteration for i in past.iterations] == list(past.iterations)
        with pytest.raises(RecordError, match="iterations 0 to 11, not 99"):
            past.at(99)


def test_the_description_is_that_of_the_run_file(heard: tuple[Path, Ears]) -> None:
    path, _ = heard
    with open_record(path) as record:
        told = description_of(record)
    assert [e.name for e in told.electrodes] == ["a", "x", "y", "b", "c"]
    assert told.controls == ("a", "b")
    assert told.inputs == ("x", "y")
    assert (told.task, told.iterations, told.rate_hz, told.period_samples) == ("AND", 12, 20e3, 200)
    assert [c.target for c in told.cases] == [0, 0, 0, 1]
    assert told.cases[1].inputs == (-0.5, 0.5)
    assert told.electrode("b").amplitude == 0.02
    assert 300 <= (told.electrode("b").tone_hz or 0) <= 2000
    assert told.electrode("c").tone_hz is None
    # 4 V behind 100 nA/V
    assert told.overload_amperes == pytest.approx(400e-9)


def test_one_iteration_is_enough(tmp_path: Path) -> None:
    run = make_run({"stop": {"iterations": 1}})
    path = tmp_path / "one.h5"
    train(run, record=path, source=Source(text=TEXT))
    with open_record(path) as record:
        assert Past(record).at(0).rewound
        with pytest.raises(RecordError, match="not 1"):
            snapshot_at(record, 1)
