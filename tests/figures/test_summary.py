from __future__ import annotations

import math
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from hgx_lab.figures import render_summary, si_scale, si_text, summary, training_overview
from hgx_lab.records import RecordWriter, list_records, open_record
from hgx_lab.signals.significance import sign_confidence


def shown(record) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(render_summary(summary(record)))
    return console.file.getvalue()


def test_the_numbers_of_a_training_run(training_record):
    path = training_record(iterations=40, restart_at=12, test_cases=9)
    with open_record(path) as record:
        result = summary(record)
        training = result.training
        table, checked = record["iterations"], record["validation"]
        best = int(np.argmin(table["loss"].values))
        assert (training.iterations, training.restarts, training.best_iteration) == (40, 1, best)
        assert training.best_loss == table["loss"].values.min()
        assert training.last_loss == table["loss"].values[-1]
        assert list(training.controls.values()) == table["controls"].values[best].tolist()
        assert (training.validations, training.accuracy, training.test_accuracy) == (3, 1.0, 0.75)
        own = checked["outputs"].values[checked["set"].values == 0][:, :4]
        assert [case.output for case in training.cases] == pytest.approx(own.mean(axis=0).tolist())
        assert [case.target for case in training.cases] == [0, 1, 1, 0]
        assert all(case.output_std >= 0.2e-9 / 3**0.5 * 0.999 for case in training.cases)
        assert result.events == {"restart": 1, "end": 1}
        text = shown(record)
    (entry,) = list_records(path.parent)
    assert (entry.iterations, entry.loss) == (40, training.last_loss)
    assert entry.margin == pytest.approx(training.margin)
    for words in ("completed: Loss below the goal.", "40, 1 restart", "100.0% (3 validations)", "nA", "75.0%"):
        assert words in text


def test_records_with_little_in_them(training_record, tmp_path):
    with open_record(training_record(iterations=0, validations=0, restart_at=0)) as record:
        training = summary(record).training
        assert (training.iterations, training.best_loss, training.cases) == (0, None, ())
        assert "Iterations  0" in shown(record)
    with pytest.raises(OSError, match="cable"), RecordWriter.create(tmp_path / "o.h5", header={}, reserve_bytes=0):
        raise OSError("[red]cable[/red] pulled")
    with open_record(tmp_path / "o.h5") as record:
        assert summary(record).training is None
        assert "failed: OSError: [red]cable[/red] pulled" in shown(record)  # text, not markup


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        ([1e-9, -3.2e-8], "A", (1e9, "nA")),
        ([999.9999999999e-9], "A", (1e6, "µA")),
        ([1.0], "V", (1.0, "V")),
        ([1500.0, math.nan], "Hz", (1e-3, "kHz")),
        ([0.0], "A", (1.0, "A")),
        ([], "A", (1.0, "A")),
        ([1e-30], "A", (1e15, "fA")),
        ([0.001], "1/V", (1.0, "1/V")),
        ([2e-7], "A/V", (1e9, "nA/V")),
    ],
)
def test_prefixes(values, unit, expected):
    factor, text = si_scale(values, unit)
    assert (pytest.approx(factor), text) == expected


def test_unknown_error_bars_are_said_to_be_unknown(training_record):
    with open_record(training_record()) as record:
        known = summary(record).training
        assert known.sign_confidence == sign_confidence(
            *(record["iterations"][n].values[known.best_iteration] for n in ("derivative", "derivative_std"))
        )
        assert "of the derivatives known beyond 3 sigma" in shown(record)
    with open_record(training_record("blind", blind=True)) as record:
        training = summary(record).training
        assert math.isnan(training.sign_confidence)
        text = shown(record)
        assert "unknown: no derivative has an error bar" in text
        assert "± ? " in text
        assert math.isnan(training.cases[0].output_std)
        figure = training_overview(record)
        [panel] = [a for a in figure.axes if a.get_title(loc="left").startswith("Derivatives")]
        assert all(line.get_linestyle() != "-" for line in panel.lines if len(line.get_xdata()) > 2)
        assert "dotted: no error bar" in [t.get_text() for t in panel.texts]


def test_a_run_that_continues_another_says_which_iterations_it_has(training_record):
    with open_record(training_record(iterations=9, first=5)) as record:
        training = summary(record).training
        assert (training.first_iteration, training.last_iteration) == (5, 13)
        assert "Iterations  9 (5 to 13)" in shown(record)


def test_numbers_for_people():
    assert si_text(12.3456e-9, "A", math.nan) == "12.35 ± ? nA"
    assert si_text(12.3456e-9, "A", 0.0) == "12.35 nA"
    assert si_text(12.3456e-9, "A") == "12.35 nA"
    assert si_text(12.3456e-9, "A", 0.42e-9) == "12.35 ± 0.42 nA"
    assert si_text(-1234e-9, "A", 15e-9) == "-1.234 ± 0.015 µA"
    assert si_text(-0.5e-9, "A", 0.2e-9, like=[2e-8]) == "-0.50 ± 0.20 nA"
    assert si_text(None, "A") == si_text(math.nan, "A") == "–"
