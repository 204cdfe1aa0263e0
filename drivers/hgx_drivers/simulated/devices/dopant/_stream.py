"""Streams of samples: the same physics as a cold solve, started from what is known of the samples before.

Both solvers below carry all their state from call to call, so that any split of a stream into blocks is the same
sequence of operations on each sample and gives the same bits; and both remember voltage vectors they have
solved, so that held samples and periodic segments cost next to nothing.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._rates import HoppingRates
from hgx_drivers.simulated.devices.dopant._solve import solve

__all__ = ["BatchStream", "CompiledStream", "Stream"]

Floats = NDArray[np.float64]

#: Voltage vectors remembered at most, and the memory they may take.
_REMEMBERED = 1 << 16
_REMEMBERED_BYTES = 64 << 20
#: Samples of the absolute stream that start from one solved sample, the first unknown one among them.
_FRAME = 64
#: Scaled residual verified by the compiled solver before its last step, which gains two more digits.
_COMPILED_TOLERANCE = 1e-8
_BROYDEN_STEPS = 12


class Stream(Protocol):
    """Output currents in amperes, shape (n,), for voltages in kT/e of shape (n, P), sample after sample."""

    def __call__(self, volts: Floats) -> Floats:
        """The next samples of the stream."""
        ...


class BatchStream:
    """Plain numpy: the samples of a frame are solved together, each from the frame's anchor.

    The anchor of a frame is its first unknown sample, itself solved from the anchor before. Frames are counted
    in the absolute stream, and no operation mixes samples, so that the split into blocks leaves no trace.
    """

    def __init__(self, rates: HoppingRates, rest: Floats) -> None:
        self._rates = rates
        self._anchor, self._anchor_volts = rest, np.zeros(rates.electrodes)
        self._anchored = False
        self._position = 0
        self._known: dict[bytes, float] = {}

    def __call__(self, volts: Floats) -> Floats:
        currents = np.empty(len(volts))
        at = 0
        while at < len(volts):
            count = min(_FRAME - self._position, len(volts) - at)
            currents[at : at + count] = self._frame(volts[at : at + count])
            at += count
            self._position = (self._position + count) % _FRAME
            if self._position == 0:
                self._anchored = False
                if len(self._known) > _REMEMBERED:
                    self._known.clear()
        return currents

    def _frame(self, volts: Floats) -> list[float]:
        keys = [row.tobytes() for row in volts]
        places: dict[bytes, int] = {}
        for place, key in enumerate(keys):
            if key not in self._known:
                places.setdefault(key, place)
        unknown = list(places.values())
        if unknown and not self._anchored:
            first = unknown[:1]
            self._solve(volts[first], [keys[first[0]]], anchor=True)
            unknown = unknown[1:]
        if unknown:
            self._solve(volts[unknown], [keys[i] for i in unknown], anchor=False)
        return [self._known[key] for key in keys]

    def _solve(self, volts: Floats, keys: list[bytes], *, anchor: bool) -> None:
        count = len(volts)
        start = np.repeat(self._anchor[None], count, axis=0)
        origin = np.repeat(self._anchor_volts[None], count, axis=0)
        state = solve(self._rates, start, origin, volts)
        self._known.update(zip(keys, state.currents()[:, self._rates.output].tolist(), strict=True))
        if anchor:
            self._anchor, self._anchor_volts = state.occupations[0].copy(), volts[0].copy()
            self._anchored = True


class CompiledStream:
    """The same in machine code, sample by sample; needs numba."""

    def __init__(self, rates: HoppingRates, rest: Floats) -> None:
        from hgx_drivers.simulated.devices.dopant._compiled import advance

        self._advance = advance
        self._rates, self._rest = rates, rest
        sites, leads, rings = rates.sites, rates.electrodes, rates.sites // 2
        here = np.arange(sites)
        there = (here + np.arange(1, rings + 1)[:, None]) % sites
        ring_hop = np.ascontiguousarray(rates.hop[here, there])
        if sites % 2 == 0:
            ring_hop[-1] /= 2  # half-way round, every pair is met from both ends
        self._share = np.ascontiguousarray(rates.share.T)
        # By how much a site's energy can exceed the largest voltage: bounds the exponentials.
        reach = float(np.max(np.abs(rates.site)) + np.max(rates.coulomb.sum(axis=1)))
        self._constants = (
            rates.site,
            rates.coulomb,
            rates.hop,
            np.ascontiguousarray(rates.lead.T),
            rates.total,
            reach,
            np.ascontiguousarray(rates.coulomb[here, there]),
            ring_hop,
        )
        scratch = np.empty(sites * max(rings + 1, leads))
        self._work = (
            np.empty((rings + 1, sites)),
            np.empty((leads, sites)),
            scratch,
            scratch.view(np.int64),
            np.empty((3, 2 * sites)),
            np.empty(leads),
        )
        self._vectors = (np.empty(sites), np.empty(sites), np.empty(sites), np.empty(_BROYDEN_STEPS))
        self._matrices = (np.empty((_BROYDEN_STEPS + 1, sites)), np.empty((sites, sites)), -np.eye(sites))
        self._occupations = rest.copy()
        slots = _REMEMBERED
        while slots * 8 * (sites + leads + 1) > _REMEMBERED_BYTES:
            slots //= 2
        self._memory = (np.full((slots, leads), np.nan), np.empty(slots), np.empty((slots, sites)))
        self._counters = np.array([-1, 0])

    def __call__(self, volts: Floats) -> Floats:
        volts = np.ascontiguousarray(volts)
        currents = np.empty(len(volts))
        done = self._run(volts, currents)
        while done < len(volts):
            # Too far for Newton: walk there from 0 V, then let the compiled solver verify and go on.
            origin = np.zeros((1, self._rates.electrodes))
            state = solve(self._rates, self._rest[None], origin, volts[done : done + 1])
            self._occupations[:] = state.occupations[0]
            done += self._run(volts[done:], currents[done:])
        currents *= self._rates.amperes
        return currents

    def _run(self, volts: Floats, currents: Floats) -> int:
        return self._advance(
            volts,
            self._share,
            self._constants,
            self._rates.output,
            self._work,
            self._vectors,
            self._matrices,
            self._occupations,
            self._memory,
            self._counters,
            _COMPILED_TOLERANCE,
            currents,
        )
