"""What every run file has, whatever its experiment."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hgx_lab.config.bench import Bench, NiBench
from hgx_lab.config.checks import cross_check
from hgx_lab.config.electrodes import Electrode, Safety
from hgx_lab.config.problems import key_path_text
from hgx_lab.config.quantities import WITH_UNITS
from hgx_lab.config.record import Calibration, MeasuredCalibration, Record
from hgx_lab.config.section import Section
from hgx_lab.config.self_test import SelfTest
from hgx_lab.config.timing import Timing
from hgx_lab.config.tones import Tones
from hgx_lab.config.values import Seed, Text, refuse
from hgx_lab.config.windows import PlanWindows, plan_windows, toned
from hgx_lab.config.yaml_dump import dump_yaml

__all__ = ["RunFile"]

_NAME_RULE = "letters, digits, _ . and -, at most 64, starting with a letter or digit"


class RunFile(Section):
    """What every experiment needs; SI inside, checked as a whole, so that one that exists can be run."""

    name: Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", _NAME_RULE)] = Field(
        default="run", description="Name of the run, part of the name of its record."
    )
    description: Annotated[str, Text()] = Field(default="", description="What the run is for.")
    seed: Seed = Field(default=0, description="Seed of everything random in the run.")
    bench: Bench = Field(description="What is on the table, or its simulation.")
    electrodes: tuple[Electrode, ...] = Field(
        min_length=1, max_length=1024, description="The electrodes, in the order of the device."
    )
    safety: Safety = Field(default=Safety(), description="Bounds that hold for every sample.")
    tones: Tones = Field(default=Tones(), description="The tones on the electrodes.")
    timing: Timing = Field(default=Timing(), description="How the schedule moves.")
    calibration: Calibration = Field(default=MeasuredCalibration(), description="Delay and phase of the signal chain.")
    self_test: SelfTest | None = Field(
        default=None,
        description="Test of the wires before the run; null for none; the default of trainings on a card.",
    )
    record: Record = Field(default=Record(), description="The file that the run leaves.")

    @model_validator(mode="after")
    def _check_sections_together(self) -> Self:
        sections = {name: getattr(self, name) for name in type(self).model_fields}
        findings = cross_check(sections)
        if findings:
            raise refuse("\n".join(f"{key_path_text(f.path)}: {f.message} {f.suggestion}" for f in findings))
        return self

    def to_yaml(self) -> str:
        """The run file with every default written out and units spelled out; reading it gives an equal object."""
        return dump_yaml(self.model_dump(mode="json", context={WITH_UNITS: True}))

    def electrodes_with_role(self, role: Literal["control", "input", "fixed"]) -> tuple[Electrode, ...]:
        """Electrodes of a role, in the order of the device."""
        return tuple(e for e in self.electrodes if e.role == role)

    def toned_electrodes(self) -> tuple[Electrode, ...]:
        """Electrodes that carry a tone, in the order of the device."""
        return toned(self.electrodes, self.tones)

    @property
    def plan_windows(self) -> PlanWindows:
        """Lengths of the windows that are read with the run's own tone plan."""
        return plan_windows(getattr(self, "experiment", ""), self.timing, getattr(self, "validation", None))

    def tone_amplitude(self, electrode: Electrode) -> float:
        """Peak of the tone of an electrode in volts; 0 where it carries none."""
        return self.tones.amplitude_on(electrode)

    def tone_room(self, electrode: Electrode) -> float:
        """What the DC of an electrode keeps from its limits, in volts: the peak of its tone, twice that of a generator.

        Where a segment has no tone the card takes the generator's away; breaking down in the moment of its own peak it
        would leave the generator's to be added.
        """
        given = isinstance(self.bench, NiBench) and self.bench.gives_tone_of(electrode.name)
        return self.tone_amplitude(electrode) * (2 if given else 1)

    def slew_limit(self, electrode: Electrode) -> float:
        """Largest slew rate of an electrode in V/s."""
        return self.safety.slew_of(electrode)
