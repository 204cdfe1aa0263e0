"""Random starts, from a generator whose state fits into a checkpoint."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.optimizers import Box

__all__ = ["generator_from_state", "generator_state", "random_start"]


def random_start(box: Box, rng: np.random.Generator) -> Floats:
    """Controls drawn uniformly from a box, (K,) in V."""
    return rng.uniform(box.lower, box.upper)


def generator_state(rng: np.random.Generator) -> dict[str, Any]:
    """State of a generator, ready for JSON (its integers have 128 bits, which Python reads back exactly)."""
    state: dict[str, Any] = dict(rng.bit_generator.state)
    if state.get("bit_generator") != "PCG64":
        raise LearningError(
            f"The state of a {state.get('bit_generator')} generator isn't kept in checkpoints.",
            remedy="Make the generator with numpy.random.default_rng(seed).",
        )
    return state


def generator_from_state(state: dict[str, Any]) -> np.random.Generator:
    """A generator that goes on exactly where the one of :func:`generator_state` stood."""
    bits = np.random.PCG64()
    try:
        bits.state = cast(Any, state)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LearningError(f"This isn't the state of a PCG64 generator: {error}.") from error
    return np.random.Generator(bits)
