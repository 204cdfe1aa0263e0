from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.errors import RecordError
from hgx_lab.figures import (
    history,
    plot_controls,
    plot_derivatives,
    plot_loss,
    plot_outputs,
    save_figures,
    training_overview,
)
from hgx_lab.records import RecordWriter, open_record


@pytest.fixture
def data(training_record):
    with open_record(training_record(iterations=30, restart_at=10)) as record:
        return history(record)


@pytest.fixture
def axes():
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def drawn(axes) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in axes.lines]


def test_the_loss_is_what_was_recorded_and_broken_at_the_restart(axes, data):
    plot_loss(axes, data)
    loss = data.iterations["loss"].values
    lines = [(x, y) for x, y in drawn(axes) if len(x) >= 10]
    assert [x.tolist() for x, _ in lines] == [list(range(10)), list(range(10, 30))]
    np.testing.assert_array_equal(np.concatenate([y for _, y in lines]), loss)
    assert ([int(np.argmin(loss))], [loss.min()]) in [(x.tolist(), y.tolist()) for x, y in drawn(axes)]
    assert axes.get_yscale() == "log"
    assert f"best {loss.min():.3g}" in [text.get_text() for text in axes.texts]


def test_currents_are_shown_with_a_prefix(axes, data):
    plot_outputs(axes, data)
    assert axes.get_ylabel() == "Current (nA)"
    largest = max(np.abs(y).max() for _, y in drawn(axes))
    assert largest == pytest.approx(1e9 * np.abs(data.iterations["outputs"]).max())


def test_the_mean_derivative_has_the_error_of_a_mean(axes, data):
    plot_derivatives(axes, data)
    # Four cases with 1 nA/V each: half as much for their mean, on both sides of the line.
    band = axes.collections[0].get_paths()[0].vertices
    at_start = band[np.isclose(band[:, 0], 0.0), 1]
    assert np.ptp(at_start) == pytest.approx(2 * 1.0 / np.sqrt(4))


def test_limits_are_drawn(axes, data, training_record):
    plot_controls(axes, data)
    assert {-0.9, 0.9} <= {float(y[0]) for _, y in drawn(axes)}
    own = training_record("own", limits=([-1.2, -0.9, -0.8, -0.7, -0.6], [0.6] * 5))
    other = Figure().add_subplot()
    with open_record(own) as record:
        plot_controls(other, history(record))
    assert {-1.2, -0.9, -0.8, -0.7, -0.6, 0.6} <= {float(y[0]) for _, y in drawn(other)}


def test_names_at_the_ends_of_lines_do_not_overlap(axes, data):
    plot_controls(axes, data)
    axes.figure.canvas.draw()
    boxes = sorted(
        (text.get_window_extent() for text in axes.texts if text.get_text() in data.controls), key=lambda b: b.y0
    )
    assert len(boxes) == 5
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"iterations": 0, "validations": 0, "restart_at": 0},
        {"iterations": 1, "validations": 0},
        {"iterations": 4, "restart_at": 3, "validations": 0, "status": None},
        {"iterations": 5, "test_cases": 9},
    ],
    ids=["whole", "empty", "one", "running", "test set"],
)
def test_any_stage_of_a_run_gives_a_page(training_record, tmp_path, options):
    before = dict(rcParams)
    with open_record(training_record(**options)) as record:
        file = save_figures(record, tmp_path / "new folder" / "overview.png", dots_per_inch=40)
        title = training_overview(record).get_suptitle()
    assert file.read_bytes().startswith(b"\x89PNG")
    assert title.startswith("XOR on the smooth device: ")
    assert ("running, 4 iterations" in title) == (options.get("status", "") is None)
    assert dict(rcParams) == before
    assert Gcf.get_num_fig_managers() == 0  # pyplot knows of no figure


def test_pdf_and_unknown_endings(training_record, tmp_path):
    with open_record(training_record(iterations=3, restart_at=0)) as record:
        assert save_figures(record, tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
        with pytest.raises(RecordError, match="can't be written"):
            save_figures(record, tmp_path / "a.xyz")


def test_a_record_of_another_experiment_is_refused(tmp_path):
    RecordWriter.create(tmp_path / "other.h5", header={}, reserve_bytes=0).close()
    with open_record(tmp_path / "other.h5") as record, pytest.raises(RecordError, match="isn't a training run"):
        training_overview(record)
