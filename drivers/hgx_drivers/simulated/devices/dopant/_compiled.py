"""The streaming solver in machine code; imported only where numba is installed.

One sample at a time: start from the last sample's occupations, step with a kept inverse Jacobian, improve the
steps by Broyden's update in its product form (Kelley, Iterative Methods for Linear and Nonlinear Equations,
SIAM 1995, chapter 7: only the steps are stored), verify the residual, fall back on damped Newton. No fast-math
but contraction to fused multiply-adds: reassociation breaks the argument reduction of the exponential. All
kernels live in one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb
import numpy as np
from numpy.typing import NDArray

__all__ = ["advance", "hop_factors"]

Floats = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
#: 1.5 * 2^52: adding it rounds to a whole number and leaves that number in the lowest bits.
_ROUNDING = 6755399441055744.0
_LARGEST_EXPONENT = 700.0
_NEWTON_STEPS = 20
#: A sample that took more residuals than this asks for a fresh Jacobian, at most once in so many samples.
_PATIENCE = 6
_SHORTEST_LIFE = 4
#: Places of the memory that are searched for a voltage vector.
_PROBES = 8


def _compile(function: Function) -> Function:
    """Compile without the interpreter lock, kept on disk where a folder can be written, in memory otherwise."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    try:
        return cast(Function, nb.njit(cache=True, **options)(function))
    except RuntimeError:  # numba found no folder that it may write to
        return cast(Function, nb.njit(**options)(function))


@_compile
def _exponentials(x: Floats, scratch: Floats, bits: NDArray[np.int64]) -> None:
    """e^x in place, x clipped to +-700; ``bits`` is the int64 view of ``scratch``, both as long as x.

    e^x = 2^k e^r with k the nearest whole number to x/ln 2 and e^r by its Taylor series of degree 12, which is
    exact to rounding for abs(r) <= ln(2)/2. Separate loops without branches, so that each becomes vector code.
    """
    count = x.size
    for i in range(count):
        value = x[i]
        value = value if value < _LARGEST_EXPONENT else _LARGEST_EXPONENT
        value = value if value > -_LARGEST_EXPONENT else -_LARGEST_EXPONENT
        x[i] = value
        scratch[i] = value * _LOG2_E + _ROUNDING
    for i in range(count):
        k = scratch[i] - _ROUNDING
        r = (x[i] - k * _LN2_HIGH) - k * _LN2_LOW
        p = 1.0 / 39916800.0 + r * (1.0 / 479001600.0)
        p = 1.0 / 3628800.0 + r * p
        p = 1.0 / 362880.0 + r * p
        p = 1.0 / 40320.0 + r * p
        p = 1.0 / 5040.0 + r * p
        p = 1.0 / 720.0 + r * p
        p = 1.0 / 120.0 + r * p
        p = 1.0 / 24.0 + r * p
        p = 1.0 / 6.0 + r * p
        p = 0.5 + r * p
        p = 1.0 + r * p
        x[i] = 1.0 + r * p
    for i in range(count):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(count):
        x[i] *= scratch[i]


@_compile
def hop_factors(x: Floats, scratch: Floats, bits: NDArray[np.int64]) -> None:
    """f(x) = 1/(1 + e^x) in place; ``bits`` is the int64 view of ``scratch``, both as long as x."""
    _exponentials(x, scratch, bits)
    for i in range(x.size):
        x[i] = 1.0 / (1.0 + x[i])


@_compile
def _contacts(v, constants, work):
    """Prepare e^-v for the contacts; False where e^(e_i) e^(-v) could overflow and each needs its own e^x.

    A site's energy is within ``reach`` of the voltages, because the rows of the lead field sum to 1.
    """
    reach, contacts, scratch, bits = constants[5], work[5], work[2], work[3]
    largest = 0.0
    for e in range(v.size):
        largest = max(largest, abs(v[e]))
        contacts[e] = -v[e]
    _exponentials(contacts, scratch[: v.size], bits[: v.size])
    return 2.0 * largest + reach < _LARGEST_EXPONENT


@_compile
def _residual(n, field, v, separable, constants, work, residual):
    """The scaled residual at occupations n; leaves all hop factors in ``work``; returns the largest entry.

    Pairs are stored by their distance d in the list of sites, (i, i + d mod N) for d = 1 .. N/2: with every
    vector written twice in a row all loops run over neighbouring memory, and every pair is met once.
    """
    site, coulomb, _, lead, total, _, ring_coulomb, ring_hop = constants
    pairs, contact, scratch, bits, doubled, contacts = work
    energy, charge, flow = doubled[0], doubled[1], doubled[2]
    sites, leads, rings = site.size, v.size, ring_hop.shape[0]
    for i in range(sites):
        energy[i] = site[i] + field[i]
        flow[i] = 0.0
        flow[i + sites] = 0.0
        charge[i] = n[i]
        charge[i + sites] = n[i]
    for k in range(sites):
        size = n[k]
        for i in range(sites):
            energy[i] += coulomb[k, i] * size
    for i in range(sites):
        energy[i + sites] = energy[i]
        pairs[rings, i] = energy[i]
    for d in range(rings):
        for i in range(sites):
            rise = energy[i + d + 1] - energy[i]
            pairs[d, i] = rise + ring_coulomb[d, i] * (charge[i + d + 1] - charge[i])
    flat = pairs.reshape(pairs.size)
    _exponentials(flat, scratch[: flat.size], bits[: flat.size])
    for d in range(rings):
        for i in range(sites):
            gain = charge[i + d + 1] * (1.0 - charge[i])
            loss = charge[i] * (1.0 - charge[i + d + 1])
            f = 1.0 / (1.0 + pairs[d, i])
            pairs[d, i] = f
            scratch[i] = ring_hop[d, i] * (gain - f * (gain + loss))
        for i in range(sites):
            flow[i] += scratch[i]
        for i in range(sites):
            flow[i + d + 1] -= scratch[i]
    if separable:
        for e in range(leads):
            factor = contacts[e]
            for i in range(sites):
                contact[e, i] = 1.0 / (1.0 + pairs[rings, i] * factor)
    else:
        for e in range(leads):
            volt = v[e]
            for i in range(sites):
                contact[e, i] = energy[i] - volt
        flat = contact.reshape(contact.size)
        hop_factors(flat, scratch[: flat.size], bits[: flat.size])
    for e in range(leads):
        for i in range(sites):
            flow[i] += lead[e, i] * (contact[e, i] - n[i])
    norm = 0.0
    for i in range(sites):
        residual[i] = (flow[i] + flow[i + sites]) / total[i]
    for i in range(sites):
        size = abs(residual[i])
        # Written so that a NaN becomes the norm and stays it.
        norm = norm if size <= norm else size
    return norm


@_compile
def _invert(n, constants, work, matrix, inverse):
    """The transposed inverse of the Jacobian of the scaled residual at the factors in hand; False if singular."""
    coulomb, hop, lead, total = constants[1], constants[2], constants[3], constants[4]
    pairs, contact = work[0], work[1]
    sites, leads = total.size, lead.shape[0]
    for i in range(sites):
        stiffness, own = 0.0, 0.0
        for k in range(sites):
            matrix[i, k] = 0.0
        for j in range(sites):
            d = (j - i) % sites
            if d == 0:
                continue
            f = pairs[d - 1, i] if 2 * d <= sites else 1.0 - pairs[sites - d - 1, j]
            slope = hop[i, j] * (n[i] + n[j] - 2.0 * n[i] * n[j]) * f * (1.0 - f)
            stiffness += slope
            own += hop[i, j] * (n[j] + f * (1.0 - 2.0 * n[j])) + slope * coulomb[i, j]
            for k in range(sites):
                matrix[i, k] += slope * coulomb[j, k]
            matrix[i, j] += hop[i, j] * (1.0 - n[i] + f * (2.0 * n[i] - 1.0)) + slope * coulomb[i, j]
        for e in range(leads):
            f = contact[e, i]
            stiffness += lead[e, i] * f * (1.0 - f)
            own += lead[e, i]
        for k in range(sites):
            matrix[i, k] -= stiffness * coulomb[i, k]
        matrix[i, i] -= own
        for k in range(sites):
            matrix[i, k] /= total[i]
            inverse[i, k] = 0.0
        inverse[i, i] = 1.0
    # Gauss-Jordan: the transposed inverse is the inverse of the transposed matrix.
    for i in range(sites):
        for k in range(i):
            matrix[i, k], matrix[k, i] = matrix[k, i], matrix[i, k]
    for c in range(sites):
        pivot = c
        for i in range(c + 1, sites):
            if abs(matrix[i, c]) > abs(matrix[pivot, c]):
                pivot = i
        if not abs(matrix[pivot, c]) > 0.0:
            return False
        scale = 1.0 / matrix[pivot, c]
        for k in range(sites):
            matrix[c, k], matrix[pivot, k] = matrix[pivot, k], matrix[c, k]
            inverse[c, k], inverse[pivot, k] = inverse[pivot, k], inverse[c, k]
        for k in range(sites):
            matrix[c, k] *= scale
            inverse[c, k] *= scale
        for i in range(sites):
            factor = matrix[i, c]
            if i != c and factor != 0.0:
                for k in range(sites):
                    matrix[i, k] -= factor * matrix[c, k]
                    inverse[i, k] -= factor * inverse[c, k]
    return True


@_compile
def _apply(inverse, residual, out):
    for k in range(out.size):
        out[k] = 0.0
    for i in range(residual.size):
        size = residual[i]
        for k in range(out.size):
            out[k] += inverse[i, k] * size


@_compile
def _quasi_newton(n, field, v, separable, constants, work, vectors, inverse, steps, tolerance):
    """Broyden's iteration from n, which is changed; the number of residuals it took, or -1 where it failed."""
    residual, trial, lengths = vectors[0], vectors[1], vectors[3]
    sites = n.size
    norm = _residual(n, field, v, separable, constants, work, residual)
    if norm <= tolerance:
        return 1
    _apply(inverse, residual, trial)
    for k in range(sites):
        steps[0, k] = -trial[k]
    for iteration in range(steps.shape[0] - 1):
        length = 0.0
        for k in range(sites):
            moved = n[k] + steps[iteration, k]
            moved = moved if moved < 1.0 else 1.0
            moved = moved if moved > 0.0 else 0.0
            steps[iteration, k] = moved - n[k]
            length += steps[iteration, k] * steps[iteration, k]
            n[k] = moved
        lengths[iteration] = length
        before = norm
        norm = _residual(n, field, v, separable, constants, work, residual)
        if norm <= tolerance:
            return iteration + 2
        if not norm < 2.0 * before:
            return -1
        _apply(inverse, residual, trial)
        for k in range(sites):
            trial[k] = -trial[k]
        for j in range(iteration):
            overlap = 0.0
            for k in range(sites):
                overlap += steps[j, k] * trial[k]
            overlap /= lengths[j]
            for k in range(sites):
                trial[k] += steps[j + 1, k] * overlap
        overlap = 0.0
        for k in range(sites):
            overlap += steps[iteration, k] * trial[k]
        overlap = 1.0 - overlap / length
        if not abs(overlap) > 0.1:
            return -1
        for k in range(sites):
            steps[iteration + 1, k] = trial[k] / overlap
    return -1


@_compile
def _newton(n, field, v, separable, constants, work, vectors, matrix, inverse, tolerance):
    """Damped Newton from n, which is changed; True when the residual is verified."""
    residual, step, origin = vectors[0], vectors[1], vectors[2]
    sites = n.size
    norm = _residual(n, field, v, separable, constants, work, residual)
    for _ in range(_NEWTON_STEPS):
        if norm <= tolerance:
            return True
        if not _invert(n, constants, work, matrix, inverse):
            return False
        _apply(inverse, residual, step)
        origin[:] = n
        length, before = 1.0, norm
        while True:
            for k in range(sites):
                n[k] = min(1.0, max(0.0, origin[k] - length * step[k]))
            norm = _residual(n, field, v, separable, constants, work, residual)
            if norm <= (1.0 - 1e-4 * length) * before:
                break
            length *= 0.5
            if length < 1e-2:
                return False
    return norm <= tolerance


@_compile
def _output_current(n, constants, work, vectors, inverse, output):
    """Output current in units of e nu0 after one last step with the residual in hand; n takes that step.

    The residual is verified already; the step, and its effect on the current to first order, gain the digits
    of another iteration for a tenth of its price.
    """
    coulomb, lead, contact = constants[1], constants[3], work[1]
    residual, step, lift = vectors[0], vectors[1], vectors[2]
    _apply(inverse, residual, step)
    for i in range(n.size):
        lift[i] = 0.0
    for k in range(n.size):
        size = step[k]
        for i in range(n.size):
            lift[i] += coulomb[k, i] * size
    flow = 0.0
    for i in range(n.size):
        f = contact[output, i]
        flow += lead[output, i] * (n[i] - step[i] - f - f * (1.0 - f) * lift[i])
        n[i] = min(1.0, max(0.0, n[i] - step[i]))
    return flow


@_compile
def _find(v, words, keys):
    """Where a voltage vector is in the memory, and whether it is there or only has its place there."""
    code = np.uint64(0)
    for e in range(v.size):
        code = (code ^ words[e]) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(29)
    mask = np.uint64(keys.shape[0] - 1)
    home = np.int64(code & mask)
    for probe in range(_PROBES):
        slot = (home + probe) & np.int64(mask)
        if np.isnan(keys[slot, 0]):
            return slot, False
        same = True
        for e in range(v.size):
            if keys[slot, e] != v[e]:
                same = False
                break
        if same:
            return slot, True
    return home, False


@_compile
def advance(volts, share, constants, output, work, vectors, matrices, n, memory, counters, tolerance, currents):
    """Solve samples in order until one fails; returns how many are done.

    ``volts`` is (n, P) in kT/e, ``n`` the occupations to start from and where they end, ``memory`` the known
    voltage vectors with their currents and occupations: a vector seen before is answered with the very same
    bits. ``counters`` holds the slot of the last sample (-1 for none) and the samples since the Jacobian was
    fresh: with these carried from call to call, any split of a stream is the same sequence of operations.
    """
    keys, known, states = memory
    steps, matrix, inverse = matrices
    sites, leads = n.size, share.shape[0]
    field, start = np.empty(sites), np.empty(sites)
    words = volts.view(np.uint64)
    for s in range(volts.shape[0]):
        v = volts[s]
        slot, there = _find(v, words[s], keys)
        if there:
            currents[s] = known[slot]
            counters[0] = slot
            continue
        if counters[0] >= 0:
            n[:] = states[counters[0]]
        for i in range(sites):
            field[i] = 0.0
            start[i] = n[i]
        for e in range(leads):
            for i in range(sites):
                field[i] += share[e, i] * v[e]
        separable = _contacts(v, constants, work)
        counters[1] += 1
        taken = _quasi_newton(n, field, v, separable, constants, work, vectors, inverse, steps, tolerance)
        if taken < 0:
            n[:] = start
            if not _newton(n, field, v, separable, constants, work, vectors, matrix, inverse, tolerance):
                n[:] = start
                counters[0] = -1
                return s
        if taken < 0 or (taken > _PATIENCE and counters[1] >= _SHORTEST_LIFE):
            if not _invert(n, constants, work, matrix, inverse):
                n[:] = start
                counters[0] = -1
                return s
            counters[1] = 0
        flow = _output_current(n, constants, work, vectors, inverse, output)
        currents[s] = flow
        keys[slot] = v
        known[slot] = flow
        states[slot] = n
        counters[0] = slot
    return volts.shape[0]
