"""What a run file can ask for."""

from hgx_lab.experiments._bench import Bench, open_bench, simulated_device, simulated_plant
from hgx_lab.experiments._interrupts import Interrupts, RunInterrupted
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._train import Audience, SilentAudience, Source, TrainResult, train

__all__ = [
    "Audience",
    "Bench",
    "Interrupts",
    "RunInterrupted",
    "RunTones",
    "SilentAudience",
    "Source",
    "TrainResult",
    "open_bench",
    "plan_tones",
    "simulated_device",
    "simulated_plant",
    "train",
]
