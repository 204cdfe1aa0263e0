"""Tasks: what is played, in which order, and what a table may look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hgx_lab.errors import LearningError
from hgx_lab.learning import (
    GATES,
    CaseSet,
    Task,
    boolean_gate,
    case_order,
    feature,
    feature_patterns,
    from_table,
    ring,
    sphere,
)

TWO = {"e1": (-0.5, 0.5), "e2": (-0.2, 0.3)}
THREE = {"a": (-1.2, 0.6), "b": (-1.0, 1.0), "c": (0.3, -0.7)}
FOUR = {"a": (0.0, 1.0), "b": (0.0, 2.0), "c": (0.0, 3.0), "d": (0.0, 4.0)}
TRUTH = {
    "AND": lambda a, b: a and b,
    "OR": lambda a, b: a or b,
    "NAND": lambda a, b: not (a and b),
    "NOR": lambda a, b: not (a or b),
    "XOR": lambda a, b: a != b,
    "XNOR": lambda a, b: a == b,
}


@pytest.mark.parametrize("gate", GATES)
def test_gates_are_the_boolean_functions(gate: str) -> None:
    task = boolean_gate(gate.lower(), TWO)
    assert task.name == gate
    assert task.input_names == ("e1", "e2")
    assert task.training.names == ("00", "01", "10", "11")
    for name, volts, target in zip(task.training.names, task.training.inputs, task.training.targets, strict=True):
        a, b = (digit == "1" for digit in name)
        assert volts.tolist() == [TWO["e1"][a], TWO["e2"][b]]
        assert target == TRUTH[gate](a, b)


def test_gate_errors() -> None:
    with pytest.raises(LearningError, match="AND, OR, NAND, NOR, XOR, XNOR"):
        boolean_gate("XAND", TWO)
    with pytest.raises(LearningError, match="levels are given for 3"):
        boolean_gate("XOR", THREE)
    with pytest.raises(LearningError, match="they must differ"):
        boolean_gate("XOR", {"e1": (0.1, 0.1), "e2": (0, 1)})


def test_feature_is_one_against_the_rest() -> None:
    task = feature("0110", FOUR)
    assert len(task.training) == len(feature_patterns()) == 16
    assert [n for n, t in zip(task.training.names, task.training.targets, strict=True) if t] == ["0110"]
    assert task.training.inputs[6].tolist() == [0, 2, 3, 0]
    assert len({tuple(row) for row in task.training.inputs.tolist()}) == 16
    with pytest.raises(LearningError, match="four digits"):
        feature("012", FOUR)


@pytest.mark.parametrize(("build", "levels", "radius", "gap"), [(ring, TWO, 0.4, 0.3), (sphere, THREE, 0.6, 0.1)])
def test_ball_and_shell(build, levels, radius: float, gap: float) -> None:
    task = build(levels, radius=radius, gap=gap, training=400, test=200, seed=3)
    low, high = np.array(list(levels.values())).T
    for cases in (task.training, task.test):
        radii = np.linalg.norm(2 * (cases.inputs - low) / (high - low) - 1, axis=1)
        inside = cases.targets == 1
        assert np.count_nonzero(inside) == len(cases) / 2
        assert radii[inside].max() <= radius + 1e-12
        assert radii[~inside].min() >= radius + gap - 1e-12
        assert radii.max() <= 1 + 1e-12
        # Uniform in volume: (r/R)^d is uniform, so its mean is 1/2 within five deviations.
        volume = (radii[inside] / radius) ** len(levels)
        assert abs(volume.mean() - 0.5) < 5 / np.sqrt(12 * volume.size)
    assert not set(map(tuple, task.training.inputs.tolist())) & set(map(tuple, task.test.inputs.tolist()))
    assert task == build(levels, radius=radius, gap=gap, training=400, test=200, seed=3)
    assert task != build(levels, radius=radius, gap=gap, training=400, test=200, seed=4)
    assert build(levels, test=0).test is None


def test_ball_errors() -> None:
    with pytest.raises(LearningError, match="leave no shell"):
        sphere(THREE, radius=0.9, gap=0.1)
    with pytest.raises(LearningError, match="two or more"):
        ring(TWO, training=1)


def test_case_sets_are_private_and_checked() -> None:
    inputs = np.zeros((2, 1))
    cases = CaseSet(inputs, np.array([0.0, 1.0]), ("a", "b"))
    inputs[0] = 5
    assert cases.inputs[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        cases.inputs[0, 0] = 1
    with pytest.raises(LearningError, match="don't fit together"):
        CaseSet(inputs, np.zeros(3), ("a", "b"))
    with pytest.raises(LearningError, match="finite"):
        CaseSet(inputs, np.array([0, np.nan]), ("a", "b"))
    with pytest.raises(LearningError, match="named twice"):
        Task("t", ("e1", "e1"), CaseSet(np.zeros((2, 2)), np.array([0.0, 1]), ("a", "b")))
    with pytest.raises(LearningError, match="are 0 and 1"):
        Task("t", ("e1",), CaseSet(inputs, np.array([0.0, 2.0]), ("a", "b")))
    with pytest.raises(LearningError, match="all training targets"):
        Task("t", ("e1",), CaseSet(inputs, np.array([1.0, 1.0]), ("a", "b")))


def test_orders(rng: np.random.Generator) -> None:
    untouched = rng.bit_generator.state
    assert case_order("sequential", 4, 7, rng).tolist() == [0, 1, 2, 3]
    assert case_order("alternating", 4, 0, rng).tolist() == [0, 1, 2, 3]
    assert case_order("alternating", 4, 1, rng).tolist() == [3, 2, 1, 0]
    assert rng.bit_generator.state == untouched
    drawn = [tuple(case_order("random", 4, i, rng).tolist()) for i in range(300)]
    assert all(sorted(order) == [0, 1, 2, 3] for order in drawn)
    assert len(set(drawn)) == 24  # a permutation of 24 is missing in 300 draws with a chance of 7e-5
    with pytest.raises(LearningError, match="alternating"):
        case_order("backwards", 4, 0, rng)  # type: ignore[arg-type]


TABLE = "# made up\nx, y ,class\n0.1,-0.2,0\n\n0.3,0.4,1\n-1e-1,0,1\n0,0,0\n"


def write(folder: Path, text: str, name: str = "moons.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_table(tmp_path: Path) -> None:
    task = from_table(write(tmp_path, TABLE), ["y", "x"], "class", electrodes=["e3", "e4"])
    assert task.name == "moons"
    assert task.input_names == ("e3", "e4")
    assert task.training.inputs.tolist() == [[-0.2, 0.1], [0.4, 0.3], [0, -0.1], [0, 0]]
    assert task.training.targets.tolist() == [0, 1, 1, 0]
    assert task.training.names == ("line 3", "line 5", "line 6", "line 7")
    assert task.test is None


def test_table_with_a_test_file_and_with_a_fraction(tmp_path: Path) -> None:
    path = write(tmp_path, TABLE)
    other = write(tmp_path, "class,x,y\n1,5,6\n", "test.csv")
    task = from_table(path, ["x", "y"], "class", test=other)
    assert task.test is not None
    assert task.test.inputs.tolist() == [[5, 6]]

    rows = "".join(f"{i},{i % 4 == 0:d}\n" for i in range(80))
    path = write(tmp_path, "v,t\n" + rows, "many.csv")
    task = from_table(path, ["v"], "t", test=0.25, seed=1)
    assert task.test is not None
    assert (len(task.training), len(task.test)) == (60, 20)
    assert task.test.targets.sum() == 5  # a quarter of each class
    both = np.concatenate([task.training.inputs, task.test.inputs])[:, 0]
    assert sorted(both) == list(range(80))
    assert task == from_table(path, ["v"], "t", test=0.25, seed=1)


def test_table_of_a_regression(tmp_path: Path) -> None:
    task = from_table(write(tmp_path, "v,t\n0,0.5\n1,-2\n"), ["v"], "t", kind="regression")
    assert task.training.targets.tolist() == [0.5, -2]
    assert task.kind == "regression"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v,t\n0,0\n1,one\n", r"moons\.csv:3: 'one' in column 't' isn't a number"),
        ("# head\nv,t\n0,0\nnan,1\n", r"moons\.csv:4: 'nan' in column 'v' isn't a finite number"),
        ("v,t\n0,0\n1\n", r"moons\.csv:3: 1 cells under 2 columns"),
        ("v,t\n0,0\n1,2\n", r"moons\.csv:3: class 2 in column 't'"),
        ("v,u\n0,0\n", r"moons\.csv:1: column 't' is there 0 times, not once\. The columns are v, u"),
        ("v,t,t\n0,0,0\n", r"column 't' is there 2 times"),
        ("v,t\n", r"at least one case"),
        ("", r"at least one case"),
        ('v,t\n"0\n1",0\n', r"quoted cell"),
    ],
)
def test_table_errors_say_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LearningError, match=message):
        from_table(write(tmp_path, text), ["v"], "t")


def test_table_errors_outside_the_rows(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="can't be read"):
        from_table(tmp_path / "absent.csv", ["v"], "t")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(LearningError, match="can't be read"):
        from_table(tmp_path / "binary.csv", ["v"], "t")
    path = write(tmp_path, "v,t\n0,0\n1,1\n")
    with pytest.raises(LearningError, match="between 0 and 1"):
        from_table(path, ["v"], "t", test=1.0)
    with pytest.raises(LearningError, match="leaves one set empty"):
        from_table(path, ["v"], "t", test=0.01)
    with pytest.raises(LearningError, match="1 input columns for 2 electrodes"):
        from_table(path, ["v"], "t", electrodes=["a", "b"])
