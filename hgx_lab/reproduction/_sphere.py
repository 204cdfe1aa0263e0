"""Figures 4b, c, d: a sphere against its surroundings."""

from __future__ import annotations

from hgx_lab.reproduction._draw_sphere import draw_loss, draw_radius, draw_space
from hgx_lab.reproduction._recipe import Comparison, Job, Paths, Recipe
from hgx_lab.reproduction._run_files import run_file_text
from hgx_lab.reproduction._sphere_data import ShellResult, read_shells

__all__ = ["FIG4B", "FIG4C", "FIG4D", "LEAST_ACCURACY", "SPHERE_JOBS", "best_sphere"]

#: Share of unseen points that must be on their side of the threshold.
LEAST_ACCURACY = 0.95
_STARTS = 4

#: Trainings from several random starts on the same points.
SPHERE_JOBS = tuple(
    Job(f"sphere-{seed}", run_file_text("fig4b", {"name": f"sphere-{seed}", "seed": seed}))
    for seed in range(1, _STARTS + 1)
)


def _results(paths: Paths) -> dict[str, ShellResult]:
    return {job.name: read_shells(paths[job.name]) for job in SPHERE_JOBS}


def best_sphere(paths: Paths) -> ShellResult:
    """The start with the lowest loss on the training points; the test points have no say."""
    return min(_results(paths).values(), key=lambda result: float(result.loss.min()))


def _accuracy(paths: Paths) -> list[Comparison]:
    best = best_sphere(paths)
    found = best.test.accuracy
    text = f"{found:.1%} of {len(best.test.current)} unseen points, {best.training.accuracy:.1%} in training"
    return [Comparison("sphere", "separated by a threshold on the current", text, found >= LEAST_ACCURACY)]


def _separation(paths: Paths) -> list[Comparison]:
    best = best_sphere(paths)
    inside, outside = (1e9 * float(best.test.current[best.test.inside == side].mean()) for side in (True, False))
    text = f"{inside:.1f} nA inside, {outside:.1f} nA outside, threshold {1e9 * best.threshold:.1f} nA"
    return [Comparison("current against radius", "falls through the threshold at the sphere", text, inside > outside)]


def _losses(paths: Paths) -> list[Comparison]:
    ends = [(float(result.loss[0]), float(result.loss.min())) for result in _results(paths).values()]
    text = "; ".join(f"{first:.2f} to {least:.2f}" for first, least in ends)
    return [Comparison("loss", "falls with the iterations", text, all(least < first / 2 for first, least in ends))]


FIG4B = Recipe("fig4b", "Sphere: unseen points", SPHERE_JOBS, lambda paths: draw_space(best_sphere(paths)), _accuracy)
FIG4C = Recipe(
    "fig4c", "Sphere: current against radius", SPHERE_JOBS, lambda paths: draw_radius(best_sphere(paths)), _separation
)
FIG4D = Recipe("fig4d", "Sphere: loss", SPHERE_JOBS, lambda paths: draw_loss(_results(paths)), _losses)
