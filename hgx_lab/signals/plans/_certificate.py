"""The certificate of a plan: where every product falls, by enumeration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.plans._mains import mains_bins
from hgx_lab.signals.plans._plan import TonePlan
from hgx_lab.signals.plans._products import Bins, compression_lines, differences, fold, sums

__all__ = ["Certificate", "Collision", "certify"]

_LISTED = 1000  # collisions kept by name; all are counted


@dataclass(frozen=True, slots=True)
class Collision:
    """A product that falls on a tone. Tones are counted from 0, as in ``TonePlan.bins``."""

    product: str  # "2f0", "f3+f5", "f0-f1+f4"
    order: int
    bin: int  # where it is seen, after folding
    tone: int  # index of the tone it falls on


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What enumeration found. A verdict on an order that wasn't examined is None.

    Compression terms (a tone up and down again, f_i + f_k - f_k) fall on their tone in any plan and aren't counted.
    A line is private when it is alone in its bin, off DC and Nyquist: of second order among the tones and all products
    of second order; of third order among the tones and all products of second and third order.
    """

    plan: TonePlan
    orders: tuple[int, ...]
    collisions: tuple[Collision, ...]  # the first thousand, lower orders first
    collision_counts: dict[int, int]  # of every order examined
    sum_private: NDArray[np.bool_]  # (K, K): f_i + f_j, on the diagonal 2 f_i
    difference_private: NDArray[np.bool_]  # (K, K): f_i - f_j; the diagonal (DC) is False
    compression_private: NDArray[np.bool_] | None  # (K, K): 2 f_j + f_k at [j, k], on the diagonal 3 f_k
    tones_on_mains: tuple[int, ...]  # tones on a mains line or a neighbour of one
    hessian_lines_on_mains: int  # of the K^2 lines of second order

    @property
    def second_order_free(self) -> bool | None:
        """Whether no product of second order falls on a tone."""
        return self.collision_counts[2] == 0 if 2 in self.orders else None

    @property
    def third_order_free(self) -> bool | None:
        """Whether no product of third order, but the compression terms, falls on a tone."""
        return self.collision_counts[3] == 0 if 3 in self.orders else None

    @property
    def hessian_private(self) -> bool:
        """Whether each of the K^2 lines 2 f_i, f_i + f_j, f_i - f_j is private."""
        off_diagonal = ~np.eye(self.plan.count, dtype=np.bool_)
        return bool(self.sum_private.all() and self.difference_private[off_diagonal].all())

    @property
    def correction_private(self) -> bool | None:
        """Whether each of the K^2 lines 3 f_k and 2 f_j + f_k is private."""
        return None if self.compression_private is None else bool(self.compression_private.all())

    @property
    def mains_clear(self) -> bool:
        """Whether no tone is on a mains line or a neighbour of one."""
        return not self.tones_on_mains

    def holds(self) -> bool:
        """Whether the plan is what its kind promises; a manual plan promises nothing."""
        if self.plan.kind == "manual":
            return True
        promised: list[bool | None] = [self.mains_clear]
        if self.plan.kind != "contiguous":
            promised.append(self.second_order_free)
        if self.plan.kind in ("hessian", "metrology"):
            promised += [self.third_order_free, self.hessian_private]
        if self.plan.kind == "metrology":
            promised.append(self.correction_private)
        return all(verdict is True for verdict in promised)

    def summary(self) -> str:
        """A few lines for people."""
        plan = self.plan
        frequencies = plan.frequencies_hz
        lines = [
            f"{plan.kind} plan: {plan.count} tones, {frequencies.min():g} to {frequencies.max():g} Hz, "
            f"bins of {plan.base_hz:g} Hz, base period {plan.period_seconds:g} s"
        ]
        for order in self.orders:
            found = self.collision_counts[order]
            lines.append(f"order {order}: {'no product' if not found else f'{found} products'} on a tone")
        lines += [f"  {c.product} falls on tone {c.tone} (bin {c.bin})" for c in self.collisions[:5]]
        if len(self.collisions) > 5:
            lines.append("  ...")
        lines.append(f"curvature lines private: {_yes(self.hessian_private)}")
        if self.correction_private is not None:
            lines.append(f"compression lines private: {_yes(self.correction_private)}")
        if plan.mains_hz is not None:
            lines.append(
                f"clear of {plan.mains_hz:g} Hz mains: {_yes(self.mains_clear)}"
                + "".join(f", tone {k} isn't" for k in self.tones_on_mains[:5])
            )
        return "\n".join(lines)


def _yes(verdict: bool) -> str:
    return "yes" if verdict else "no"


def certify(plan: TonePlan, orders: Sequence[int] = (2, 3)) -> Certificate:
    """Enumerate every product of the orders asked for (2, 3 or both), folding included, and say where it falls.

    Products are taken up to a common sign. Third order is enumerated one first tone at a time, so 5.5 million
    products of 200 tones need memory for 80 thousand, and one counter a bin.
    """
    if not orders or not set(orders) <= {2, 3}:
        raise TonePlanError(f"Orders {tuple(orders)} can't be certified.", remedy="Ask for orders 2 and 3.")
    n, m = plan.period_samples, np.asarray(plan.bins, dtype=np.int64)
    occupied: dict[int, NDArray[np.int32]] = {}
    counts: dict[int, int] = {}
    collisions: list[Collision] = []
    tone_at = np.full(n // 2 + 1, -1, dtype=np.int32)
    tone_at[m] = np.arange(plan.count)
    for order in (2, 3):
        if order == 3 and 3 not in orders:
            continue
        occupied[order] = np.zeros(n // 2 + 1, dtype=np.int32)
        counts[order] = 0
        for signs, tones in _products(plan.count, order):
            seen = fold(sum(sign * m[tone] for sign, tone in zip(signs, tones, strict=True)), n)
            np.add.at(occupied[order], seen, 1)
            hits = np.flatnonzero(tone_at[seen] >= 0)
            counts[order] += len(hits)
            if order in orders:
                for hit in hits[: _LISTED - len(collisions)].tolist():
                    name = _name(signs, [int(np.broadcast_to(t, seen.shape)[hit]) for t in tones])
                    collisions.append(Collision(name, order, int(seen[hit]), int(tone_at[seen[hit]])))
    reserved = tone_at >= 0
    reserved[0] = True
    if n % 2 == 0:
        reserved[n // 2] = True
    alone = (occupied[2] == 1) & ~reserved
    alone_third = (occupied[3] == 1) & (occupied[2] == 0) & ~reserved if 3 in occupied else None
    mains = np.zeros(n // 2 + 1, dtype=np.bool_)
    if plan.mains_hz is not None:
        mains[mains_bins(plan.rate_hz, n, plan.mains_hz)] = True
    upper = np.triu_indices(plan.count)
    above = np.triu_indices(plan.count, 1)
    return Certificate(
        plan=plan,
        orders=tuple(sorted(set(orders))),
        collisions=tuple(collisions),
        collision_counts={order: counts[order] for order in sorted(set(orders))},
        sum_private=alone[sums(plan)],
        difference_private=alone[differences(plan)],
        compression_private=None if alone_third is None else alone_third[compression_lines(plan)],
        tones_on_mains=tuple(np.flatnonzero(mains[m]).tolist()),
        hessian_lines_on_mains=int(mains[sums(plan)[upper]].sum() + mains[differences(plan)[above]].sum()),
    )


def _products(count: int, order: int) -> Iterator[tuple[tuple[int, ...], tuple[Bins, ...]]]:
    """Every product of the order but those that contain a tone up and down, as signs and indices of its factors."""
    tones = np.arange(count, dtype=np.int64)
    if order == 2:
        i, j = np.triu_indices(count)
        yield (1, 1), (i, j)
        yield (1, -1), (i[i < j], j[i < j])
        return
    for first in range(count):
        rest = tones[first:]
        upper, upper2 = (rest[index] for index in np.triu_indices(len(rest)))
        yield (1, 1, 1), (np.full_like(upper, first), upper, upper2)
        yield from _mixed(first, upper, upper2)


def _mixed(first: int, second: Bins, third: Bins) -> Iterator[tuple[tuple[int, ...], tuple[Bins, ...]]]:
    """Products of i <= j <= k with one factor down, each multiset once."""
    i = np.full_like(second, first)
    for signs, distinct in (
        ((1, 1, -1), second < third),
        ((1, -1, 1), (i < second) & (second < third)),
        ((-1, 1, 1), i < second),
    ):
        # a factor that is down must differ from both that are up, or a tone goes up and down
        yield signs, (i[distinct], second[distinct], third[distinct])


def _name(signs: tuple[int, ...], tones: list[int]) -> str:
    weights: dict[int, int] = {}
    for sign, tone in zip(signs, tones, strict=True):
        weights[tone] = weights.get(tone, 0) + sign
    ordered = sorted(weights.items(), key=lambda item: (item[1] < 0, item[0]))
    text = "".join(f"{'+' if w > 0 else '-'}{abs(w) if abs(w) > 1 else ''}f{tone}" for tone, w in ordered)
    return text.removeprefix("+")
