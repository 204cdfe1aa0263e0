"""Recipes and their run files, and the runs behind them: each once, in other processes, errors with their remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hgx_lab.cli._app import app
from hgx_lab.config import DopantDevice, GradientAccuracyRun, NoiseRun, TrainRun, parse_run_file
from hgx_lab.errors import ExperimentError, GuardRefusal
from hgx_lab.experiments import forecast
from hgx_lab.records import open_record
from hgx_lab.reproduction import FIGURES, Job, JobDone, JobFailed, do_jobs, recipes_of, run_file_text

IV = """
experiment: iv
name: {name}
bench: {{kind: simulated, device: {{kind: linear, conductances: [20 nA/V, -10 nA/V]}}}}
electrodes:
  - {{name: e0, role: control, limits: [-1 V, 1 V], start: 0.2 V}}
  - {{name: e1, role: control, limits: [-1 V, 1 V], start: 0 V}}
sweep: {{electrode: e0, span: [-1 V, {high}], steps: 3}}
timing: {{settle: 1 ms, periods: 1}}
"""


def iv(name: str, high: str = "1 V") -> Job:
    return Job(name, IV.format(name=name, high=high))


def every_job() -> list[Job]:
    return list({job.name: job for recipe in recipes_of(["all"]) for job in recipe.jobs}.values())


class TestRecipes:
    def test_all_are_all_in_the_order_of_the_paper(self) -> None:
        assert [recipe.name for recipe in recipes_of(["all"])] == list(FIGURES)
        assert [recipe.name for recipe in recipes_of(["fig4d", "fig2c", "fig4d"])] == ["fig2c", "fig4d"]

    def test_an_unknown_figure_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(ExperimentError, match="fig4e") as caught:
            recipes_of(["fig4e"])
        assert "fig4" in caught.value.remedy

    def test_the_figures_of_the_sphere_share_their_runs(self) -> None:
        b, c, d = (recipe.jobs for recipe in recipes_of(["fig4b", "fig4c", "fig4d"]))
        assert b == c == d
        assert len(d) > 2

    @pytest.mark.parametrize("job", every_job(), ids=lambda job: job.name)
    def test_every_run_is_on_the_standard_device_and_passes_its_dry_run(self, job: Job) -> None:
        run = parse_run_file(job.text)
        assert run.bench.device == DopantDevice(kind="dopant", layout="n16")
        assert forecast(run)
        assert len(run.electrodes) == 7

    def test_the_runs_have_the_published_parameters(self) -> None:
        runs = {job.name: parse_run_file(job.text) for job in every_job()}
        for name, spacing in (("fig3c", 10.0), ("fig3d", 40.0)):
            run = runs[name]
            assert isinstance(run, GradientAccuracyRun)
            assert (run.points, run.window, run.spacing) == (1000, 0.1, spacing)
        for run in runs.values():
            noise = run.bench.noise
            assert noise is not None
            assert max(noise.flicker, noise.white) == 1e-23
        assert isinstance(runs["fig2c"], NoiseRun)
        gates = [run for run in runs.values() if isinstance(run, TrainRun) and run.task.kind == "gate"]
        assert len({run.task.gate for run in gates if run.task.kind == "gate"}) == 6
        for run in gates:
            assert run.task.kind == "gate"
            swing = max(high - low for low, high in run.task.inputs.values())
            # From case to case in 15 ms, waiting included.
            assert swing / run.timing.slope + run.timing.settle == pytest.approx(15e-3)
            assert run.stop.iterations == 300

    def test_changed_run_files_keep_everything_else(self) -> None:
        plain, changed = (parse_run_file(run_file_text("fig4a", c)) for c in (None, {"seed": 9}))
        assert changed.model_copy(update={"seed": plain.seed}) == plain


class TestJobs:
    @pytest.mark.parametrize("processes", [1, 2])
    def test_each_name_runs_once_and_leaves_its_record(self, processes: int, tmp_path: Path) -> None:
        heard: list[JobDone] = []
        jobs = [iv("a"), iv("b"), iv("a", "0.5 V")]
        paths = do_jobs(jobs, tmp_path / "deep" / "folder", processes=processes, hear=heard.append)
        assert sorted(done.name for done in heard) == sorted(paths) == ["a", "b"]
        assert all(done.seconds > 0.0 and done.conclusion for done in heard)
        with open_record(paths["a"]) as record:
            assert record.status == "completed"
            assert record.run_file["sweep"]["span"][1] in (1.0, "1 V")
            assert record.run_file_text == jobs[0].text

    @pytest.mark.parametrize("processes", [1, 2])
    def test_a_failed_run_says_which_and_why(self, processes: int, tmp_path: Path) -> None:
        with pytest.raises(JobFailed, match=r"^bad: Electrode e0 would reach 3 V") as caught:
            do_jobs([iv("bad", "3 V"), iv("good")], tmp_path, processes=processes)
        assert caught.value.exit_code == GuardRefusal.exit_code


def test_the_command_refuses_an_unknown_figure(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["reproduce", "fig9", "--output", str(tmp_path)])
    assert isinstance(result.exception, ExperimentError)
    assert list(tmp_path.iterdir()) == []
