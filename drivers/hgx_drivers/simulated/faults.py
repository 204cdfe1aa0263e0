"""Failures of a card on demand, each at a sample index, for tests and for training people."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Disconnect", "Fault", "NanSamples", "Overflow", "Stall", "Underflow"]


@dataclass(frozen=True, slots=True)
class _AtSample:
    """Something that happens at ``sample``, counted over the card's life: from its first start, through all stops."""

    sample: int


class Underflow(_AtSample):
    """The output runs empty at the sample, however much has been written."""

    __slots__ = ()


class Overflow(_AtSample):
    """The input buffer is overrun at the sample, however diligently it is read."""

    __slots__ = ()


class Disconnect(_AtSample):
    """The card doesn't answer from the sample on, and never again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class NanSamples(_AtSample):
    """``count`` input samples of every channel, from the sample on, aren't numbers."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class Stall(_AtSample):
    """The first ``reads`` reads that need the sample run into their time-out; later ones get it."""

    reads: int = 1


Fault = Underflow | Overflow | Disconnect | NanSamples | Stall
