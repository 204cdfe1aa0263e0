"""Powers of an element of GF(q^h), q prime: the arithmetic under the classical constructions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import isqrt

__all__ = ["find_modulus", "is_prime", "powers", "prime_factors", "primitive_root"]

Element = tuple[int, ...]  # coefficients of 1, x, x^2 ... modulo q


def is_prime(n: int) -> bool:
    """Whether n is prime, by trial division."""
    return n > 1 and all(n % d for d in range(2, isqrt(n) + 1))


def prime_factors(n: int) -> list[int]:
    """Return the distinct prime factors of n, ascending."""
    factors: list[int] = []
    d = 2
    while d * d <= n:
        if n % d == 0:
            factors.append(d)
            while n % d == 0:
                n //= d
        d += 1
    return [*factors, n] if n > 1 else factors


def primitive_root(p: int) -> int:
    """Return the smallest generator of the multiplicative group modulo the prime p."""
    exponents = [(p - 1) // r for r in prime_factors(p - 1)]
    return next(g for g in range(1, p) if all(pow(g, e, p) != 1 for e in exponents))


def _multiply(u: Element, v: Element, modulus: Element, q: int) -> Element:
    h = len(modulus)
    product = [0] * (2 * h - 1)
    for i, a in enumerate(u):
        for j, b in enumerate(v):
            product[i + j] += a * b
    for i in range(2 * h - 2, h - 1, -1):
        for k in range(h):
            product[i - h + k] += product[i] * modulus[k]
    return tuple(c % q for c in product[:h])


def _power(exponent: int, modulus: Element, q: int) -> Element:
    h = len(modulus)
    result: Element = (1,) + (0,) * (h - 1)
    base: Element = (0, 1) + (0,) * (h - 2)
    while exponent:
        if exponent & 1:
            result = _multiply(result, base, modulus, q)
        base = _multiply(base, base, modulus, q)
        exponent >>= 1
    return result


def find_modulus(q: int, h: int, *, projective: bool) -> Element:
    """Coefficients c with x^h = c_0 + c_1 x + ... such that the powers of x run through all of GF(q^h).

    With ``projective`` through all of it up to factors in GF(q): x has order (q^h - 1)/(q - 1) modulo GF(q)*.
    """
    order = (q**h - 1) // (q - 1) if projective else q**h - 1

    def trivial(element: Element) -> bool:
        return not any(element[1:]) and (projective or element[0] == 1)

    # c_0 runs fastest: the norm of a generator must generate GF(q)*, which most c_0 don't.
    for *higher, constant in itertools.product(*[range(q)] * (h - 1), range(1, q)):
        modulus = (constant, *higher)
        if trivial(_power(order, modulus, q)) and not any(
            trivial(_power(order // r, modulus, q)) for r in prime_factors(order)
        ):
            return modulus
    raise ArithmeticError(f"GF({q}^{h}) has no generator: {q} isn't prime")


def powers(modulus: Element, q: int, count: int) -> Iterator[Element]:
    """Yield 1, x, x^2 ... x^(count - 1) in the field of ``modulus``."""
    element: Element = (1,) + (0,) * (len(modulus) - 1)
    for _ in range(count):
        yield element
        top = element[-1]
        element = tuple((a + top * c) % q for a, c in zip((0, *element[:-1]), modulus, strict=True))
