"""The training loop, on a running stream."""

from hgx_lab.learning.training._cases import CasePlayer, Timing
from hgx_lab.learning.training._results import CaseLabel, Iteration, Observer, Outcome, Validation
from hgx_lab.learning.training._trainer import Trainer, TrainingSetup, ValidationTiming
from hgx_lab.learning.training._wiring import Wiring

__all__ = [
    "CaseLabel",
    "CasePlayer",
    "Iteration",
    "Observer",
    "Outcome",
    "Timing",
    "Trainer",
    "TrainingSetup",
    "Validation",
    "ValidationTiming",
    "Wiring",
]
