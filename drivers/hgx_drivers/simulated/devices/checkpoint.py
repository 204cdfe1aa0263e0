"""Surrogate checkpoints of the field (brains-py, SkyNEt) to device files, without torch and without running them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DeviceFileError
from hgx_drivers.simulated.devices._torch_file import read_torch_file
from hgx_drivers.simulated.devices.surrogate import SurrogateDevice

__all__ = ["import_checkpoint"]

Floats = NDArray[np.float64]

_LAYER = re.compile(r"^(?:[A-Za-z_]\w*\.)*(\d+)\.(weight|bias)$")


def import_checkpoint(checkpoint: str | Path, device_file: str | Path) -> SurrogateDevice:
    """Read ``checkpoint`` (``.pt``) and write ``device_file`` (``.npz``); return the device it describes.

    Understood are a bare state dict with an ``info`` entry (SkyNEt, early brains-py) and a dict of
    ``model_state_dict`` and ``info`` (brains-py), of layers with ReLU between them.

    Raises
    ------
    DeviceFileError
        The file isn't a checkpoint, asks for code to be run, has another activation, or doesn't say its voltage
        ranges or amplification. Nothing is written then.
    """
    saved = read_torch_file(checkpoint)
    if not isinstance(saved, dict):
        raise DeviceFileError(f"{checkpoint} holds a {type(saved).__name__}, not a dict of weights.")
    info = saved.get("info")
    if not isinstance(info, dict):
        raise DeviceFileError(f"{checkpoint} has no entry 'info' with the voltage ranges and the amplification.")
    state = saved.get("model_state_dict", saved)
    layers = _layers(state if isinstance(state, dict) else {}, checkpoint)
    activation = _activation(info)
    if activation is not None and activation.lower() != "relu":
        raise DeviceFileError(f"{checkpoint} uses the activation {activation!r}; only ReLU networks can be imported.")
    ranges = _voltage_ranges(info, checkpoint)
    amplification = _amplification(info, checkpoint)
    meta = {
        "source": Path(checkpoint).name,
        "sha256": hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest(),
        "activation": "relu" if activation else "relu (assumed: the file doesn't say)",
    }
    weights, biases = [w for w, _ in layers], [b for _, b in layers]
    device = SurrogateDevice(weights, biases, ranges, amplification * 1e-9, meta=meta)
    arrays: dict[str, Any] = {f"W{i}": w for i, w in enumerate(weights)}
    arrays |= {f"b{i}": b for i, b in enumerate(biases)}
    arrays |= {"voltage_ranges": ranges, "amplification": amplification, "meta": np.array(json.dumps(meta))}
    with Path(device_file).open("wb") as file:  # an open file, because savez would append .npz to a name
        np.savez_compressed(file, **arrays)
    return device


def _layers(state: dict[Any, Any], where: str | Path) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """(weight, bias) by rising layer number; names are ``0.weight``, ``raw_model.2.bias`` and so on."""
    found: dict[int, dict[str, NDArray[Any]]] = {}
    for key, value in state.items():
        match = _LAYER.match(key) if isinstance(key, str) else None
        if match and isinstance(value, np.ndarray):
            found.setdefault(int(match[1]), {})[match[2]] = value
    broken = [number for number, parts in found.items() if set(parts) != {"weight", "bias"}]
    if not found or broken:
        what = f"layer {broken[0]} without weight or bias" if broken else "no layers (0.weight, 0.bias, ...)"
        raise DeviceFileError(f"{where} holds {what}.")
    return [(found[number]["weight"], found[number]["bias"]) for number in sorted(found)]


def _activation(info: dict[Any, Any]) -> str | None:
    places = (
        ("activation",),
        ("model_structure", "activation"),
        ("smg_configs", "processor", "torch_model_dict", "activation"),
    )
    return next((value for place in places if isinstance(value := _at(info, *place), str)), None)


def _voltage_ranges(info: dict[Any, Any], where: str | Path) -> Floats:
    """(E, 2): written out (brains-py), or offset -+ amplitude of the recording's waveforms (SkyNEt)."""
    explicit = _at(info, "electrode_info", "activation_electrodes", "voltage_ranges")
    if explicit is not None:
        return np.asarray(explicit, dtype=np.float64)
    for place in (info, _at(info, "data_info", "input_data")):
        offset, amplitude = _at(place, "offset"), _at(place, "amplitude")
        if offset is not None and amplitude is not None:
            low = np.asarray(offset, dtype=np.float64) - np.asarray(amplitude, dtype=np.float64)
            high = np.asarray(offset, dtype=np.float64) + np.asarray(amplitude, dtype=np.float64)
            # -0.3 + 0.9 is 0.6 to everybody but a computer.
            return np.round(np.stack([low, high], axis=-1), 12)
    raise DeviceFileError(f"{where} doesn't say between which voltages the device was recorded.")


def _amplification(info: dict[Any, Any], where: str | Path) -> Floats:
    """nA per unit of network output."""
    for place in (
        ("electrode_info", "output_electrodes", "amplification"),
        ("amplification",),
        ("data_info", "processor", "amplification"),
    ):
        value = _at(info, *place)
        if value is not None:
            return np.asarray(value, dtype=np.float64)
    raise DeviceFileError(f"{where} doesn't say the amplification (nA per unit of output).")


def _at(tree: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree
