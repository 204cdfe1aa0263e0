"""Fixtures for every test: seeds, and a failure for whoever leaves a thread running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 2.0
    while leaked := [t for t in threading.enumerate() if t not in before and t.is_alive()]:
        if time.monotonic() > deadline:
            pytest.fail(f"the test leaked threads: {[t.name for t in leaked]}")
        leaked[0].join(0.05)


@pytest.fixture(scope="session")
def device_data() -> Path:
    """Folder with the real-device data (dnpu_A.npz ...); tests that use it skip where it is absent."""
    import os

    candidates = [Path(p) for p in [os.environ.get("HGX_DEVICE_DATA", "")] if p]
    candidates += [Path(__file__).parents[2] / "shared" / "reference" / "devices"]
    for folder in candidates:
        if (folder / "dnpu_A.npz").exists():
            return folder
    pytest.skip("the real-device data (dnpu_A.npz) isn't here; set HGX_DEVICE_DATA to its folder")
