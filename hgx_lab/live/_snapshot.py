"""What a run looks like at one moment: the one thing that panels of a dashboard read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.live._describe import RunDescription
from hgx_lab.live._history import History
from hgx_lab.live._state import RunState

__all__ = ["Confirmation", "LiveEvent", "Measured", "Snapshot", "Status", "Trace"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Status:
    """State in a word, and how far it is.

    ``duty`` is the share of device time that is integrated; ``latency_samples`` the one of the newest update, -1
    where there was none, ``latency_p99_samples`` the 99th percentile of the last thousand. ``iteration`` counts
    completed ones. ``heard_seconds_ago`` is the age of what is shown, NaN for a record of the past.
    """

    state: RunState = RunState.IDLE
    detail: str = ""
    iteration: int = 0
    total: int | None = None
    elapsed_seconds: float = 0.0
    remaining_seconds: float = float("nan")
    duty: float = float("nan")
    latency_samples: float = -1.0
    latency_p99_samples: float = float("nan")
    heard_seconds_ago: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class LiveEvent:
    """An event of a run: its kind, its words, the sample it happened at (-1 for none), wall clock (s since 1970).

    Two events are equal only where they are the same object: ``data`` may hold arrays, which have no single ``==``.
    """

    kind: str
    message: str
    sample: int = -1
    time: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One iteration whole: controls and gradient (K,), outputs (C,) in A, derivatives and quadrature (C, K) in A/V."""

    index: int
    restart: int
    controls: Floats
    outputs: Floats
    outputs_std: Floats
    derivatives: Floats
    derivatives_std: Floats
    quadrature: Floats
    gradient: Floats
    gradient_std: Floats
    loss: float
    accuracy: float = float("nan")
    margin: float = float("nan")
    threshold: float = float("nan")
    clipped_cases: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Confirmation:
    """The last measurement without tones: outputs (cases,) of the training and, where there are any, the test cases."""

    iteration: int
    outputs: Floats
    outputs_std: Floats
    accuracy: float
    margin: float
    threshold: float
    set: str = "training"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The newest stretch of current, A, its first sample's index, and the spectrum of it (one-sided, A^2/Hz)."""

    start: int
    rate_hz: float
    current: Floats
    frequencies_hz: Floats
    psd: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A run at one moment.

    ``history`` has a row an iteration: ``iteration``, ``restart``, ``loss``, ``accuracy``, ``margin``, ``duty``,
    ``latency_samples``, ``controls`` (K,), ``gradient`` and ``gradient_std`` (K,), and ``derivative``,
    ``derivative_std``, ``quadrature`` (K,), each the mean over the cases. ``volts`` are the DC voltages of all
    electrodes now, (E,), NaN where unknown. ``overload`` latches until it is reset. ``progress`` is done, total and
    figures in words of an experiment that doesn't train. ``rewound`` says that this is an iteration of the past.
    """

    description: RunDescription | None = None
    status: Status = field(default_factory=Status)
    history: History = field(default_factory=History)
    latest: Measured | None = None
    confirmations: tuple[Confirmation, ...] = ()
    trace: Trace | None = None
    volts: Floats | None = None
    overload: bool = False
    events: tuple[LiveEvent, ...] = ()
    progress: tuple[int, int, str] | None = None
    rewound: bool = False
