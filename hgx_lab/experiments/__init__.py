"""What a run file can ask for."""

from hgx_lab.experiments._audience import Audience, SilentAudience
from hgx_lab.experiments._bench import Bench, open_bench, simulated_plant
from hgx_lab.experiments._device import simulated_device
from hgx_lab.experiments._dry_run import DryRun, dry_run
from hgx_lab.experiments._interrupts import Interrupts, RunInterrupted
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory
from hgx_lab.experiments._learning import make_task
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._registry import forecast, measurement_of, perform
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._train import TrainResult, train
from hgx_lab.experiments._variants import resumed, simulated, training_of, with_seed

__all__ = [
    "Audience",
    "Bench",
    "Declaration",
    "DryRun",
    "Forecast",
    "Interrupts",
    "Laboratory",
    "Measurement",
    "MeasurementResult",
    "RunInterrupted",
    "RunTones",
    "SilentAudience",
    "Source",
    "TrainResult",
    "dry_run",
    "forecast",
    "laboratory",
    "make_task",
    "measurement_of",
    "open_bench",
    "perform",
    "plan_tones",
    "resumed",
    "simulated",
    "simulated_device",
    "simulated_plant",
    "train",
    "training_of",
    "with_seed",
]
