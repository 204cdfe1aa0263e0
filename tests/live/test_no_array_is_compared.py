"""``==`` over arrays is neither true nor false: no class that holds one compares its fields."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import numpy as np
import pytest

import hgx_drivers
import hgx_lab
from hgx_lab.live import LiveEvent
from hgx_lab.records import Event

#: Words in annotations of fields that are, or may hold, arrays.
ARRAYS = ("NDArray", "ndarray", "Floats", "Complex", "Integers", "Dataset", "Any")
#: Any of these is a plain value out of YAML.
PLAIN = ("hgx_lab.config.yaml_read", "hgx_lab.config.yaml_tree")


def data_classes() -> Iterator[type]:
    for package in (hgx_lab, hgx_drivers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for found in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(found) and dataclasses.is_dataclass(found) and found.__module__ == module.name:
                    yield found


def test_no_data_class_that_holds_arrays_compares_them() -> None:
    found = list(data_classes())
    assert len(found) > 150
    wrong = [
        f"{kind.__module__}.{kind.__qualname__}.{field.name}: {field.type}"
        for kind in found
        if kind.__dataclass_params__.eq and kind.__module__ not in PLAIN
        for field in dataclasses.fields(kind)
        if any(word in str(field.type) for word in ARRAYS)
    ]
    assert wrong == [], "give these classes eq=False"


@pytest.mark.parametrize("kind", [LiveEvent, Event])
def test_lists_of_events_with_arrays_can_be_compared(kind: type) -> None:
    def made() -> list[object]:
        fields = {"kind": "calibrated", "message": "", "sample": 0, "data": {"delay": np.arange(3.0)}}
        return [kind(**fields), kind(**fields)]

    events = made()
    assert events == list(events)
    assert events != made()
