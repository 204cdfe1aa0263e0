"""Time of the simulated bench per sample, stage by stage, on one core.

Usage: OPENBLAS_NUM_THREADS=1 python scripts/benchmark_simulation.py [--device FILE.npz] [--block 500]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from hgx_drivers.interface import InputChannel, OutputChannel, StreamSettings
from hgx_drivers.simulated import ChainSettings, Creep, FastClock, Flicker, Plant, SimulatedCard, Telegraph
from hgx_drivers.simulated.devices import Device, LinearDevice, SmoothDevice, SurrogateDevice

RATE_HZ = 100e3


def microseconds_per_sample(play: Callable[[], None], samples: int, repeats: int) -> float:
    """Best of several runs: what the machine can do when nobody else is on it."""
    play()
    best = np.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        play()
        best = min(best, time.perf_counter() - begin)
    return 1e6 * best / samples


def plant_time(device: Device, chain: ChainSettings, volts: np.ndarray, blocks: int, repeats: int) -> float:
    plant = Plant(device, chain, seed=1)
    plant.configure(RATE_HZ)

    def play() -> None:
        for _ in range(blocks):
            plant.process(volts)

    return microseconds_per_sample(play, blocks * volts.shape[1], repeats)


def card_time(device: Device, chain: ChainSettings, volts: np.ndarray, blocks: int, repeats: int) -> float:
    electrodes, width = volts.shape
    card = SimulatedCard(Plant(device, chain, seed=1), FastClock())
    card.configure(
        StreamSettings(
            outputs=tuple(OutputChannel(f"V{k}", f"ao{k}") for k in range(electrodes)),
            inputs=tuple(InputChannel(f"I{k}", f"ai{k}") for k in range(device.outputs)),
            rate_hz=RATE_HZ,
            output_buffer_samples=8 * width,
            input_buffer_samples=8 * width,
        )
    )
    read = np.empty((device.outputs, width))
    card.write(volts)
    card.start()

    def play() -> None:
        for _ in range(blocks):
            card.write(volts)
            card.read(read, timeout_seconds=1.0)

    figure = microseconds_per_sample(play, blocks * width, repeats)
    card.close()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", type=Path, help="also time a surrogate network from a file")
    parser.add_argument("--block", type=int, default=500)
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    full = ChainSettings()
    chains = {
        "all stages on": full,
        "and a delay of 3.4 samples": replace(full, delay_samples=3.4),
        "without 1/f noise": replace(full, flicker=None),
        "without hum": replace(full, hum=None),
        "without any noise": replace(full, flicker=None, white=None, hum=None),
        "everything off": ChainSettings.ideal(),
        "and what is off by default": replace(
            full,
            electrode_seconds=30e-3,
            creep=Creep(),
            delay_samples=3.4,
            drift_amperes_per_second=1e-12,
            telegraphs=(Telegraph(), Telegraph(up_hz=100.0)),
            flicker=Flicker(doubling_amperes=20e-9),
        ),
    }
    devices: dict[str, Device] = {"linear": LinearDevice(np.full(7, 2e-8)), "smooth": SmoothDevice(1)}
    if options.device is not None:
        devices["surrogate"] = SurrogateDevice.from_npz(options.device)
    for name, device in devices.items():
        rng = np.random.default_rng(0)
        volts = np.ascontiguousarray(rng.uniform(-0.5, 0.5, (device.electrodes, options.block)))
        print(f"{name}: {device.electrodes} electrodes, blocks of {options.block} samples")

        def alone(device: Device = device, volts: np.ndarray = volts) -> None:
            for _ in range(options.blocks):
                device.current(volts)

        bare = microseconds_per_sample(alone, options.blocks * options.block, options.repeats)
        print(f"  {'device alone':30s} {bare:7.3f} us/sample")
        for label, chain in chains.items():
            figure = plant_time(device, chain, volts, options.blocks, options.repeats)
            print(f"  {'plant, ' + label:30s} {figure:7.3f} us/sample")
        figure = card_time(device, full, volts, options.blocks, options.repeats)
        print(f"  {'card, write and read':30s} {figure:7.3f} us/sample = {1e3 / figure:.0f} kS/s")


if __name__ == "__main__":
    main()
