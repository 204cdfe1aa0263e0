"""What a run file can ask for."""

from hgx_lab.experiments._audience import Audience, SilentAudience
from hgx_lab.experiments._bench import Bench, closing_bench, open_bench, simulated_plant, stream_settings
from hgx_lab.experiments._calibrate_bench import Reference, calibrate_bench
from hgx_lab.experiments._detached import detached
from hgx_lab.experiments._device import simulated_device
from hgx_lab.experiments._dry_run import DryRun, dry_run
from hgx_lab.experiments._ending_signals import ENDING_SIGNALS
from hgx_lab.experiments._fit_data import FitData, data_from_csv, data_from_record, data_of_device
from hgx_lab.experiments._gates import GateCount, count_gates, gate_margins
from hgx_lab.experiments._guardian import check_measured
from hgx_lab.experiments._interrupts import Interrupts, RunInterrupted
from hgx_lab.experiments._known_outputs import LevelSources, unknown_outputs
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory
from hgx_lab.experiments._layout_check import LayoutCheck, check_layout
from hgx_lab.experiments._learning import make_task
from hgx_lab.experiments._loop_back import LoopBackReading, measure_loop_back
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._registry import forecast, measurement_of, perform
from hgx_lab.experiments._rest_bench import Rested, rest_bench
from hgx_lab.experiments._stated_levels import parse_levels
from hgx_lab.experiments._subject import Subject, layout_of, subject_of
from hgx_lab.experiments._surrogate import SurrogateFit, fit_surrogate
from hgx_lab.experiments._survey import DeviceSurvey, survey_device
from hgx_lab.experiments._to_rest import beyond_limits
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._train import TrainResult, train
from hgx_lab.experiments._variants import resumed, simulated, training_of, with_seed

__all__ = [
    "ENDING_SIGNALS",
    "Audience",
    "Bench",
    "Declaration",
    "DeviceSurvey",
    "DryRun",
    "FitData",
    "Forecast",
    "GateCount",
    "Interrupts",
    "Laboratory",
    "LayoutCheck",
    "LevelSources",
    "LoopBackReading",
    "Measurement",
    "MeasurementResult",
    "Reference",
    "Rested",
    "RunInterrupted",
    "RunTones",
    "SilentAudience",
    "Source",
    "Subject",
    "SurrogateFit",
    "TrainResult",
    "beyond_limits",
    "calibrate_bench",
    "check_layout",
    "check_measured",
    "closing_bench",
    "count_gates",
    "data_from_csv",
    "data_from_record",
    "data_of_device",
    "detached",
    "dry_run",
    "fit_surrogate",
    "forecast",
    "gate_margins",
    "laboratory",
    "layout_of",
    "make_task",
    "measure_loop_back",
    "measurement_of",
    "open_bench",
    "parse_levels",
    "perform",
    "plan_tones",
    "rest_bench",
    "resumed",
    "simulated",
    "simulated_device",
    "simulated_plant",
    "stream_settings",
    "subject_of",
    "survey_device",
    "train",
    "training_of",
    "unknown_outputs",
    "with_seed",
]
