"""What a run file can ask for."""

from hgx_lab.experiments._audience import Audience, SilentAudience
from hgx_lab.experiments._bench import Bench, open_bench, simulated_device, simulated_plant
from hgx_lab.experiments._dry_run import DryRun, dry_run
from hgx_lab.experiments._interrupts import Interrupts, RunInterrupted
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._train import TrainResult, train
from hgx_lab.experiments._variants import resumed, simulated, training_of, with_seed

__all__ = [
    "Audience",
    "Bench",
    "Declaration",
    "DryRun",
    "Interrupts",
    "Laboratory",
    "RunInterrupted",
    "RunTones",
    "SilentAudience",
    "Source",
    "TrainResult",
    "dry_run",
    "laboratory",
    "open_bench",
    "plan_tones",
    "resumed",
    "simulated",
    "simulated_device",
    "simulated_plant",
    "train",
    "training_of",
    "with_seed",
]
