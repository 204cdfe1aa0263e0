"""Figure 4a: six Boolean gates."""

from __future__ import annotations

from hgx_lab.learning import GATES
from hgx_lab.records import open_record
from hgx_lab.reproduction._draw_gates import draw_gates
from hgx_lab.reproduction._recipe import Comparison, Job, Paths, Recipe
from hgx_lab.reproduction._run_files import run_file_text

__all__ = ["FIG4A", "LEAST_MARGIN", "gate_text"]

#: Gap between high and low outputs, without tones, from which on a gate counts, A.
LEAST_MARGIN = 1e-9


def gate_text(gate: str, seed: int = 1) -> str:
    """Run file that trains a gate from the random start of a seed."""
    return run_file_text("fig4a", {"name": f"fig4a-{gate}", "task.gate": gate, "seed": seed})


def _compare(paths: Paths) -> list[Comparison]:
    lines: list[Comparison] = []
    for gate in GATES:
        with open_record(paths[gate]) as record:
            iterations = record.rows("iterations")
            checked = record["validation"]
            right, margin = float(checked["accuracy"][-1]), float(checked["margin"][-1])
        met = right == 1.0 and margin >= LEAST_MARGIN
        word = f"{margin * 1e9:.1f} nA between high and low" if met else f"accuracy {right:.0%}"
        lines.append(Comparison(gate, "trained", f"{word} after {iterations} iterations", met))
    return lines


FIG4A = Recipe(
    "fig4a",
    "Six Boolean gates",
    tuple(Job(gate, gate_text(gate), replay=True) for gate in GATES),
    lambda paths: draw_gates({gate: paths[f"{gate}-replay"] for gate in GATES}),
    _compare,
)
