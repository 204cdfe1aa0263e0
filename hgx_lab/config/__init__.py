"""The run file: read, checked as a whole, and given back as frozen models with SI numbers.

:func:`load_run_file` gives a :class:`RunFile` or a :class:`RunFileError` that carries every problem of the file with
its line; :func:`json_schema` describes run files to editors.
"""

from __future__ import annotations

from hgx_lab.config.bench import (
    Amplifier,
    Bench,
    CardBench,
    Charging,
    Converter,
    Drift,
    Fault,
    Fluctuator,
    Hum,
    NiBench,
    NiInput,
    NiSharedClock,
    Noise,
    SimulatedBench,
    WiringFault,
)
from hgx_lab.config.change import change_run_file
from hgx_lab.config.devices import (
    Device,
    DopantDevice,
    LinearDevice,
    MeshDevice,
    PythonDevice,
    Resistor,
    ResistorDevice,
    SmoothDevice,
    SurrogateDevice,
)
from hgx_lab.config.electrodes import Electrode, Safety, Start
from hgx_lab.config.learning import (
    Adam,
    ConstantSchedule,
    CorrelationLoss,
    CorrelationSigmoidLoss,
    CosineSchedule,
    ExponentialSchedule,
    FisherLoss,
    GradientDescent,
    LogisticLoss,
    Loss,
    MeanSquaredLoss,
    Momentum,
    Optimizer,
    Restart,
    Schedule,
    StepSchedule,
    Stop,
)
from hgx_lab.config.loader import load_run_file, parse_run_file
from hgx_lab.config.measurements import (
    AbundanceRun,
    AmplitudeRun,
    ConvergenceRun,
    FrequencyResponseRun,
    GradientAccuracyRun,
    IvRun,
    NoiseRun,
    Sweep,
    ToneSpacingRun,
)
from hgx_lab.config.problems import Problem, RunFileError
from hgx_lab.config.record import (
    Calibration,
    FixedCalibration,
    MeasuredCalibration,
    NoCalibration,
    Record,
    Validation,
)
from hgx_lab.config.run import Experiment, TrainRun
from hgx_lab.config.run_file import RunFile
from hgx_lab.config.schema import json_schema
from hgx_lab.config.section import Section
from hgx_lab.config.self_test import SelfTest
from hgx_lab.config.tasks import FeatureTask, GateTask, RingTask, SphereTask, TableTask, Task
from hgx_lab.config.timing import Timing
from hgx_lab.config.tones import Tones

__all__ = [
    "AbundanceRun",
    "Adam",
    "Amplifier",
    "AmplitudeRun",
    "Bench",
    "Calibration",
    "CardBench",
    "Charging",
    "ConstantSchedule",
    "ConvergenceRun",
    "Converter",
    "CorrelationLoss",
    "CorrelationSigmoidLoss",
    "CosineSchedule",
    "Device",
    "DopantDevice",
    "Drift",
    "Electrode",
    "Experiment",
    "ExponentialSchedule",
    "Fault",
    "FeatureTask",
    "FisherLoss",
    "FixedCalibration",
    "Fluctuator",
    "FrequencyResponseRun",
    "GateTask",
    "GradientAccuracyRun",
    "GradientDescent",
    "Hum",
    "IvRun",
    "LinearDevice",
    "LogisticLoss",
    "Loss",
    "MeanSquaredLoss",
    "MeasuredCalibration",
    "MeshDevice",
    "Momentum",
    "NiBench",
    "NiInput",
    "NiSharedClock",
    "NoCalibration",
    "Noise",
    "NoiseRun",
    "Optimizer",
    "Problem",
    "PythonDevice",
    "Record",
    "Resistor",
    "ResistorDevice",
    "Restart",
    "RingTask",
    "RunFile",
    "RunFileError",
    "Safety",
    "Schedule",
    "Section",
    "SelfTest",
    "SimulatedBench",
    "SmoothDevice",
    "SphereTask",
    "Start",
    "StepSchedule",
    "Stop",
    "SurrogateDevice",
    "Sweep",
    "TableTask",
    "Task",
    "Timing",
    "ToneSpacingRun",
    "Tones",
    "TrainRun",
    "Validation",
    "WiringFault",
    "change_run_file",
    "json_schema",
    "load_run_file",
    "parse_run_file",
]
