"""Classical sets of integers whose sums are distinct modulo v: the raw material of large plans.

Multiplying a set by a unit of Z_v and cutting the circle anywhere keeps the property, so every construction gives
thousands of sets; which of them makes the shortest plan is a search (see ``_placement``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import count as count_from
from math import gcd

import numpy as np
from numpy.typing import NDArray

from hgx_lab.signals.plans._fields import find_modulus, is_prime, powers, primitive_root

__all__ = ["CyclicSet", "bose", "bose_chowla_cubic", "ruzsa", "sidon_families", "singer"]


@dataclass(frozen=True, slots=True)
class CyclicSet:
    """Residues modulo ``modulus`` whose sums of two (or of three) are distinct."""

    name: str
    modulus: int
    residues: tuple[int, ...]
    multiplier: int = 1  # multiplying by it only translates the set

    def units(self) -> NDArray[np.int64]:
        """Return the units of Z_v that give sets which differ by more than a translation."""
        v, q = self.modulus, self.multiplier
        first_of_orbit = (m for m in range(1, v) if gcd(m, v) == 1 and m <= m * q % v and m <= m * q * q % v)
        return np.array(list(first_of_orbit), dtype=np.int64)


@lru_cache(maxsize=32)
def singer(q: int) -> CyclicSet:
    """q + 1 residues modulo q^2 + q + 1 (Singer 1938): the points of a line of the plane over GF(q), q prime."""
    v = q * q + q + 1
    line = [i for i, x in enumerate(powers(find_modulus(q, 3, projective=True), q, v)) if x[2] == 0]
    return CyclicSet(f"Singer {q}", v, tuple(line), q)


@lru_cache(maxsize=32)
def bose(q: int) -> CyclicSet:
    """q residues modulo q^2 - 1 (Bose 1942): logarithms of x + a in GF(q^2), q prime."""
    v = q * q - 1
    logs = [i for i, x in enumerate(powers(find_modulus(q, 2, projective=False), q, v)) if x[1] == 1]
    return CyclicSet(f"Bose {q}", v, tuple(logs), q)


@lru_cache(maxsize=32)
def ruzsa(p: int) -> CyclicSet:
    """p - 1 residues modulo p (p - 1) (Ruzsa 1993): i modulo p - 1 and g^i modulo p, g a primitive root."""
    v, g = p * (p - 1), primitive_root(p)
    return CyclicSet(f"Ruzsa {p}", v, tuple(sorted((p * i - (p - 1) * pow(g, i, p)) % v for i in range(1, p))))


@lru_cache(maxsize=32)
def bose_chowla_cubic(q: int) -> CyclicSet:
    """q residues modulo q^3 - 1 with distinct sums of three (Bose and Chowla 1962): logarithms of x + a in GF(q^3)."""
    v = q**3 - 1
    elements = enumerate(powers(find_modulus(q, 3, projective=False), q, v))
    return CyclicSet(f"Bose-Chowla {q}", v, tuple(i for i, x in elements if x[2] == 0 and x[1] == 1), q)


def sidon_families(count: int) -> list[CyclicSet]:
    """Sets of the next primes that hold at least ``count`` residues, densest first.

    Small sets have few multipliers, so further primes are added until there are a few hundred units to try.
    """
    families: list[CyclicSet] = []
    units = 0
    for prime in (p for p in count_from(2) if is_prime(p)):
        if prime + 1 < count:
            continue
        new = [singer(prime)]
        if prime >= count:
            new.append(bose(prime))
        if prime - 1 >= count and prime > 2:
            new.append(ruzsa(prime))
        families += new
        units += sum(family.modulus for family in new)
        if prime >= count and units > 600:
            return families
    raise ArithmeticError("the primes ended")
