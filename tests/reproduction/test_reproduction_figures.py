"""What the figures draw, against the records they draw from, on small trainings of a smooth device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.errors import RecordError
from hgx_lab.reproduction import Job, do_jobs
from hgx_lab.reproduction._draw_gates import draw_gates
from hgx_lab.reproduction._draw_sphere import draw_loss, draw_radius, draw_space
from hgx_lab.reproduction._sphere_data import read_shells
from hgx_lab.reproduction._traces import read_gate_trace

HEAD = """
name: small
seed: 3
bench: {kind: simulated, device: {kind: smooth, seed: 3}}
electrodes:
  - {name: e0, role: input, limits: [-1 V, 1 V]}
  - {name: e1, role: input, limits: [-1 V, 1 V]}
  - {name: e2, role: %s, limits: [-1 V, 1 V]}
  - {name: e3, role: control, limits: [-1 V, 1 V]}
  - {name: e4, role: control, limits: [-1 V, 1 V]}
tones: {period: 5 ms, band: [400 Hz, 4 kHz], amplitude: 20 mV}
timing: {slope: 100 V/s, settle: 2 ms, periods: 1}
stop: {iterations: 3}
validation: {periods: 2, settle: 3 ms}
"""
GATE = HEAD % "control" + "task: {kind: gate, gate: AND, inputs: {e0: [-0.3 V, 0.5 V], e1: [0 V, 0.4 V]}}\n"
SPHERE = HEAD % "input" + (
    "task: {kind: sphere, inputs: {e0: [-0.3 V, 0.5 V], e1: [0 V, 0.4 V], e2: [-0.5 V, 0.5 V]},"
    " points: 12, test_points: 20, gap: 0.2}\n"
)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    jobs = [Job("AND", GATE, replay=True), Job("sphere", SPHERE)]
    return do_jobs(jobs, tmp_path_factory.mktemp("records"), processes=1)


class TestGate:
    def test_the_trace_shows_the_four_cases_of_the_last_pass(self, records: dict[str, Path]) -> None:
        trace = read_gate_trace(records["AND-replay"])
        assert trace.case_names == ("00", "01", "10", "11")
        assert list(trace.targets) == [0.0, 0.0, 0.0, 1.0]
        for (begin, end), output in zip(trace.windows, trace.outputs, strict=True):
            inside = (trace.time >= begin) & (trace.time < end)
            assert trace.current[inside].mean() == pytest.approx(output, abs=0.05e-9)
            assert end - begin == pytest.approx(10e-3)

    def test_the_waveforms_are_ramps_between_the_levels(self, records: dict[str, Path]) -> None:
        trace = read_gate_trace(records["AND-replay"])
        first, second = trace.input_volts["e0"], trace.input_volts["e1"]
        assert first[1::3] == pytest.approx([-0.3, -0.3, 0.5, 0.5])
        assert second[1::3] == pytest.approx([0.0, 0.4, 0.0, 0.4])
        # From 11 of the pass before: the ramp begins where the last case ended.
        assert (first[0], second[0]) == pytest.approx((0.5, 0.4))
        assert np.all(np.diff(trace.corner_time) >= 0.0)
        slopes = np.abs(np.diff(first)[0::3]) / np.diff(trace.corner_time)[0::3]
        assert slopes.max() == pytest.approx(100.0, rel=0.01)

    def test_the_figure_has_inputs_and_a_panel_for_each_gate(self, records: dict[str, Path], tmp_path: Path) -> None:
        figure = draw_gates(dict.fromkeys(("AND", "OR", "XOR", "NOR"), records["AND-replay"]))
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles == ["a", "", "", "AND", "OR", "XOR", "NOR", "", ""]
        figure.savefig(tmp_path / "gates.png")

    def test_a_record_without_gate_is_refused(self, records: dict[str, Path]) -> None:
        with pytest.raises(RecordError, match="isn't the training of a gate"):
            read_gate_trace(records["sphere"])


class TestSphere:
    def test_points_have_their_radius_and_class(self, records: dict[str, Path]) -> None:
        result = read_shells(records["sphere"])
        for points, count in ((result.training, 12), (result.test, 20)):
            assert points.coordinates.shape == (count, 3)
            assert points.current.shape == (count,)
            assert np.isfinite(points.current).all()
            assert points.radius[points.inside].max() <= 0.5
            assert points.radius[~points.inside].min() >= 0.7
            assert points.radius.max() <= 1.0
            right = (points.current > result.threshold) == points.inside
            assert points.accuracy == pytest.approx(right.mean())

    def test_the_best_loss_never_rises(self, records: dict[str, Path]) -> None:
        result = read_shells(records["sphere"])
        assert len(result.loss) == 3
        assert result.best_so_far[-1] == result.loss.min()

    def test_the_figures_can_be_drawn(self, records: dict[str, Path], tmp_path: Path) -> None:
        result = read_shells(records["sphere"])
        for number, figure in enumerate((draw_space(result), draw_radius(result), draw_loss({"1": result}))):
            figure.savefig(tmp_path / f"{number}.png")
            assert (tmp_path / f"{number}.png").stat().st_size > 5000

    def test_another_task_is_refused(self, records: dict[str, Path]) -> None:
        with pytest.raises(RecordError, match="isn't the training of a sphere"):
            read_shells(records["AND"])
