"""The tables of a training run: what is on the electrodes, what was read, what was learnt."""

from __future__ import annotations

from collections.abc import Sequence

from hgx_lab.records._specs import Column, Coordinate, TableSpec

__all__ = ["training_coordinates", "training_tables"]


def _integers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, dtype="int64") for name in names)


def _with_std(name: str, unit: str, dims: Sequence[tuple[str, int]], description: str) -> tuple[Column, Column]:
    names, shape = tuple(d for d, _ in dims), tuple(n for _, n in dims)
    return (
        Column(name, shape, unit=unit, dims=names, description=description),
        Column(f"{name}_std", shape, unit=unit, dims=names, description=f"Standard deviation of {name}."),
    )


def training_tables(
    electrodes: Sequence[str],
    controls: Sequence[str],
    cases: Sequence[str],
    channels: Sequence[str],
    *,
    tones: Sequence[str] | None = None,
    test_cases: int = 0,
) -> tuple[TableSpec, ...]:
    """Tables ``segments``, ``readings``, ``iterations`` and ``validation``.

    Parameters
    ----------
    electrodes, controls, cases, channels:
        Names of all driven electrodes, of those that are trained, of the input cases, of the input channels.
    tones:
        Names of the electrodes that carry a tone; the controls if None.
    test_cases:
        How many cases the test set has. With a test set the rows of ``validation`` have the dimension
        ``validation_case``, as long as the larger set and filled with NaN for the smaller.
    """
    channel, tone = ("channel", len(channels)), ("tone", len(controls if tones is None else tones))
    control, case = ("control", len(controls)), ("case", len(cases))
    checked = ("validation_case", max(len(cases), test_cases)) if test_cases else case
    place = (
        Column("kind", dtype="uint8", description="Kind of the segment."),
        Column("iteration", dtype="int32", description="Iteration it belongs to; -1 for none."),
        Column("case", dtype="int32", description="Input case; -1 for none."),
    )
    segments = (
        *_integers("start", "slope", "settle", "length"),
        *place,
        Column("dc", (len(electrodes),), unit="V", dims=("electrode",), description="DC voltage."),
        Column("amplitude", tone[1:], unit="V", dims=("tone",), description="Peak amplitude of each tone."),
    )
    readings = (
        *_integers("start", "periods"),
        *place,
        *_with_std("mean", "A", [channel], "Mean current of the window."),
        *_with_std("derivative", "A/V", [channel, tone], "In-phase response to each tone."),
        Column("quadrature", (channel[1], tone[1]), unit="A/V", dims=("channel", "tone")),
        Column("overload", channel[1:], "uint8", dims=("channel",), description="1 where the input clipped."),
    )
    figures_of_merit = (
        Column("accuracy", description="Share of cases on the right side of the threshold."),
        Column("margin", unit="A", description="Lowest high output minus highest low output."),
        Column("threshold", unit="A", description="Current that separates low from high."),
    )
    iterations = (
        Column("iteration", dtype="int32"),
        Column("sample", dtype="int64", description="Sample index at which these controls took effect."),
        Column("restart", dtype="int32", description="How many times the search had started anew."),
        Column("controls", control[1:], unit="V", dims=("control",)),
        *_with_std("outputs", "A", [case], "Mean output of each case."),
        *_with_std("derivative", "A/V", [case, control], "Derivative of the output to each control."),
        Column("quadrature", (case[1], control[1]), unit="A/V", dims=("case", "control")),
        *_with_std("gradient", "1/V", [control], "Derivative of the loss to each control."),
        Column("sign_confidence", description="Share of the derivatives beyond 3 std of zero; NaN: no error bars."),
        Column("loss"),
        *figures_of_merit,
        Column("learning_rate"),
        Column("duty", description="Share of the time spent in measuring windows."),
        Column("latency_samples", dtype="int64", description="From the last sample used to the update."),
    )
    validation = (
        Column("iteration", dtype="int32", description="Iteration whose controls were validated."),
        Column("repeat", dtype="int32"),
        *_with_std("outputs", "A", [checked], "Mean output of each case, without tones."),
        *figures_of_merit,
        Column("set", dtype="uint8", description="0 training cases, 1 test cases."),
    )
    return (
        TableSpec("segments", segments, "segment"),
        TableSpec("readings", readings, "reading"),
        TableSpec("iterations", iterations, "iteration"),
        TableSpec("validation", validation, "validation"),
    )


def training_coordinates(
    electrodes: Sequence[str],
    controls: Sequence[str],
    cases: Sequence[str],
    channels: Sequence[str],
    *,
    tones: Sequence[str] | None = None,
    frequencies_hz: Sequence[float] | None = None,
    control_minimum: Sequence[float] | None = None,
    control_maximum: Sequence[float] | None = None,
    targets: Sequence[float] | None = None,
) -> tuple[Coordinate, ...]:
    """Labels of :func:`training_tables`, with what the figures need: limits in volts, targets of the cases."""
    optional = (
        (frequencies_hz, "frequency", "Hz", "tone"),
        (control_minimum, "control_minimum", "V", "control"),
        (control_maximum, "control_maximum", "V", "control"),
        (targets, "target", "", "case"),
    )
    return (
        Coordinate("electrode", list(electrodes)),
        Coordinate("control", list(controls)),
        Coordinate("tone", list(controls if tones is None else tones)),
        Coordinate("case", list(cases)),
        Coordinate("channel", list(channels)),
        *(Coordinate(name, list(values), unit, (dim,)) for values, name, unit, dim in optional if values is not None),
    )
