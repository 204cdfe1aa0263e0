"""One series of windows, averaged in nested blocks: errors against integration time without knowing the truth.

Blocks of m windows don't overlap, so their means scatter independently; every estimate here has the noise of the
other windows taken out, and is unbiased for any number of blocks.
"""

from __future__ import annotations

import numpy as np

from hgx_lab.signals import Floats

__all__ = ["block_means", "cosine_to", "mean_cosine", "scatter_square"]


def block_means(series: Floats, windows: int) -> Floats:
    """Means (blocks, K) of blocks of so many neighbouring windows of a series (n, K), incomplete ones left out."""
    blocks = len(series) // windows
    return series[: blocks * windows].reshape(blocks, windows, -1).mean(axis=1)


def scatter_square(blocks: Floats) -> Floats:
    """Variance (K,) of a block about the expectation, from the scatter of two or more blocks (blocks, K)."""
    return blocks.var(axis=0, ddof=1)


def mean_cosine(blocks: Floats, windows: int, series: Floats) -> float:
    """Mean cosine between a block and the true gradient, which nobody knows.

    The truth is replaced by the mean of the windows outside the block, whose noise is independent of it; its length
    by the mean product of two different windows, ``(|sum|^2 - sum |d|^2) / (n (n - 1))``. NaN where no gradient
    shows in the whole series.

    Parameters
    ----------
    blocks:
        (blocks, K): means of ``windows`` neighbouring windows each; two or more.
    windows:
        Windows in a block.
    series:
        (n, K): all windows.
    """
    count, total = len(series), series.sum(axis=0)
    square = float((np.sum(total**2) - np.sum(series**2)) / (count * (count - 1)))
    if square <= 0:
        return float("nan")
    others = (total - windows * blocks) / (count - windows)
    return float(np.mean(np.sum(blocks * others, axis=1) / np.linalg.norm(blocks, axis=1)) / np.sqrt(square))


def cosine_to(blocks: Floats, truth: Floats) -> float:
    """Mean cosine between blocks (blocks, K) and a known gradient (K,)."""
    products = blocks @ truth / (np.linalg.norm(blocks, axis=1) * np.linalg.norm(truth))
    return float(np.mean(products))
