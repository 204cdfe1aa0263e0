"""The fixed part of a stream."""

from __future__ import annotations

from dataclasses import dataclass

from hgx_drivers.interface import StreamSettings
from hgx_lab.acquisition._segment import Floats
from hgx_lab.errors import AcquisitionError

__all__ = ["StreamPlan"]


@dataclass(frozen=True, slots=True, eq=False)
class StreamPlan:
    """What doesn't change while a stream runs.

    Parameters
    ----------
    settings:
        Channels, rate and buffers for the card.
    tones_hz, electrode_of_tone:
        Frequency of each tone and the electrode it rides on.
    period_samples:
        The base period N.
    block_samples:
        The input is read in blocks of this length.
    lead_samples:
        The outputs are written this far ahead of the last sample read.
    delay_samples:
        Whole samples from an output to its response at the input; windows are shifted by it.
    amperes_per_volt:
        Signed gain from the card's input voltage to current.
    overload_amperes:
        Current at which the converter clips.
    rest_volts:
        Where the outputs are brought at any end, shape (electrodes,).
    rest_slope:
        How fast, V/s.
    offset_amperes:
        What the converter shows without a current, as a current; taken from every sample.
    keep_blocks:
        Whether every input block is handed to the consumer, for a raw record.
    """

    settings: StreamSettings
    tones_hz: Floats
    electrode_of_tone: tuple[int, ...]
    period_samples: int
    block_samples: int
    lead_samples: int
    delay_samples: int
    amperes_per_volt: float
    overload_amperes: float
    rest_volts: Floats
    rest_slope: float
    keep_blocks: bool = False
    offset_amperes: float = 0.0

    def __post_init__(self) -> None:
        if self.lead_samples < 1 or self.block_samples < 1 or self.delay_samples < 0:
            raise AcquisitionError(
                f"Lead ({self.lead_samples}) and block ({self.block_samples}) must be at least one sample, the "
                f"delay ({self.delay_samples}) at least none."
            )
        room = self.lead_samples + self.block_samples
        if self.settings.output_buffer_samples < room:
            raise AcquisitionError(
                f"The output buffer of {self.settings.output_buffer_samples} samples can't hold lead and block, "
                f"{room} samples.",
                remedy="Shorten lead or block, or enlarge the output buffer.",
            )

    @property
    def horizon_samples(self) -> int:
        """How far the schedule must reach beyond the end of a window so that it hasn't run dry when that is read.

        The window is complete a delay and up to a block later, and the outputs are then filled to a block and the
        lead beyond that; one more block is for the answer.
        """
        return self.lead_samples + 3 * self.block_samples + self.delay_samples

    @property
    def timeout_seconds(self) -> float:
        """How long a block may take to arrive: twenty times its length, at least a second."""
        return max(1.0, 20 * self.block_samples / self.settings.rate_hz)
