"""``bench.device``: the device on a simulated bench."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from hgx_lab.config.quantities import Amperes, Quantity
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import ExistingFile, Flag, Seed, Text, Whole

__all__ = [
    "GROUND",
    "STORED_LAYOUTS",
    "Device",
    "DopantDevice",
    "LinearDevice",
    "MeshDevice",
    "PythonDevice",
    "Resistor",
    "ResistorDevice",
    "SmoothDevice",
    "SurrogateDevice",
]

#: Layouts that come with the program, and the electrodes that each drives.
STORED_LAYOUTS: Final = {"n12": 7, "n16": 7, "n24": 7, "n40": 7}

#: A node of a resistor network that is held at 0 V.
GROUND: Final = "ground"

Conductance = Annotated[float, Quantity("A/V", least=-1e3, most=1e3)]
Node = Annotated[str, Text(r"[A-Za-z][A-Za-z0-9_]{0,31}", "a letter, then letters, digits or _; at most 32 characters")]
Function = Annotated[str, Text(r"[^\W\d]\w{0,99}", "the name of a Python function")]


@dataclass(frozen=True, slots=True)
class _Layout(ExistingFile):
    """A stored layout by its name, or a layout in a file."""

    suffix: str = ".json"
    advice: str = f"Take one of {', '.join(STORED_LAYOUTS)}, or a file written by: hgx device make OUT.json"

    def read(self, value: Any, info: core_schema.ValidationInfo[Any]) -> str | Path:  # type: ignore[override]
        """The name, or the absolute path."""
        return value if isinstance(value, str) and value in STORED_LAYOUTS else ExistingFile.read(self, value, info)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        file = ExistingFile.__get_pydantic_json_schema__(self, schema, handler)
        return {"anyOf": [{"type": "string", "enum": list(STORED_LAYOUTS)}, file]}


class SmoothDevice(Section):
    """A seeded random network of smooth units: every derivative is known exactly."""

    kind: Literal["smooth"] = Field(default="smooth", description="A seeded smooth random network.")
    seed: Seed = Field(default=0, description="Seed of the random network.")
    hidden: Annotated[int, Whole(1, 4096)] = Field(default=32, description="Number of hidden units.")
    scale: Annotated[float, Quantity("A", above=0.0, most=1.0)] = Field(
        default=50e-9, description="Typical size of the output current."
    )


class DopantDevice(Section):
    """A dopant network: holes hopping between acceptors, by the mean-field master equation."""

    kind: Literal["dopant"] = Field(default="dopant", description="A dopant network.")
    layout: Annotated[str | Path, _Layout()] = Field(
        default="n16", description="A stored layout (n12, n16, n24, n40), or a layout file; relative to the run file."
    )
    compiled: Flag | None = Field(
        default=None, description="Whether to use machine code (extra fast); null for where it is installed."
    )


class LinearDevice(Section):
    """Fixed conductances from every electrode to the output: the derivative is the conductance."""

    kind: Literal["linear"] = Field(default="linear", description="Fixed conductances.")
    conductances: tuple[Conductance, ...] = Field(
        min_length=1, max_length=1024, description="Conductance of each electrode, in the order of electrodes."
    )
    offset: Amperes = Field(default=0.0, description="Current at zero volts.")


class Resistor(Section):
    """One resistor between two nodes."""

    nodes: tuple[Node, Node] = Field(description="The two nodes that it connects.")
    conductance: Annotated[float, Quantity("A/V", above=0.0, most=1e3)] = Field(
        description="Its conductance (100 nA/V is 10 megohms)."
    )


class ResistorDevice(Section):
    """A network of resistors, solved exactly by nodal analysis; the output node is a virtual ground."""

    kind: Literal["resistors"] = Field(default="resistors", description="A network of resistors.")
    terminals: tuple[Node, ...] = Field(
        min_length=1, max_length=1024, description="The node that each electrode drives, in the order of electrodes."
    )
    output: Node = Field(default="out", description="The node at 0 V whose current is measured.")
    resistors: tuple[Resistor, ...] = Field(
        min_length=1, max_length=10_000, description="The resistors; a node called ground is at 0 V."
    )


class MeshDevice(Section):
    """A mesh of Mach-Zehnder interferometers: voltages shift phases, a photodiode reads the power of one port."""

    kind: Literal["mesh"] = Field(default="mesh", description="A mesh of Mach-Zehnder interferometers.")
    ports: Annotated[int, Whole(2, 64)] = Field(default=4, description="Number of waveguides.")
    layers: Annotated[int, Whole(1, 64)] | None = Field(
        default=None, description="Columns of interferometers; null for as many as there are ports."
    )
    output: Annotated[int, Whole(0, 63)] = Field(default=0, description="The port that is read, counted from 0.")
    half_wave: Annotated[float, Quantity("V", above=0.0, most=1000.0)] = Field(
        default=1.0, description="Voltage that shifts a phase by half a turn."
    )
    photocurrent: Annotated[float, Quantity("A", above=0.0, most=1.0)] = Field(
        default=100e-9, description="Current when all of the light arrives at the output."
    )
    seed: Seed = Field(default=0, description="Seed of the phases that fabrication has left.")

    @property
    def phases(self) -> int:
        """Number of phase shifters, each on an electrode: two for every interferometer."""
        layers = self.ports if self.layers is None else self.layers
        return 2 * sum((self.ports - layer % 2) // 2 for layer in range(layers))


class SurrogateDevice(Section):
    """A network trained on a real device, read from an .npz file."""

    kind: Literal["surrogate"] = Field(default="surrogate", description="A network trained on a real device.")
    file: Annotated[Path, ExistingFile(".npz", "Import a checkpoint with: hgx device import FILE.pt OUT.npz")] = Field(
        description="The .npz file of the network; relative to the run file."
    )


class PythonDevice(Section):
    """A function of your own: volts (electrodes, n) to amperes (n,)."""

    kind: Literal["python"] = Field(default="python", description="A function of your own.")
    file: Annotated[Path, ExistingFile(".py")] = Field(
        description="The Python file, run when the bench is opened; relative to the run file."
    )
    function: Function = Field(
        default="current", description="Its function from volts (electrodes, n) to amperes (n,)."
    )
    jacobian: Function | None = Field(
        default=None, description="Its function of the exact derivatives (electrodes, n); null for differences."
    )


Device = Annotated[
    SmoothDevice | DopantDevice | LinearDevice | ResistorDevice | MeshDevice | SurrogateDevice | PythonDevice, OneOf()
]
