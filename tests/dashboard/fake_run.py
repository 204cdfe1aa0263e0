"""A run that shows what it is given and notes what it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hgx_lab.live import RunState, Snapshot, Status


class FakeRun:
    """A source; ``running`` says that its process lives, as that of a run that was started here."""

    def __init__(self, shown: Snapshot, state: RunState, record: Path | str = "fake.h5") -> None:
        self.record, self.asked = Path(record), []
        self.running = False
        self.error: Exception | None = None
        run = shown.description
        assert run is not None
        self._shown = replace(shown, rewound=False, description=replace(run, record=str(record), name=self.record.stem))
        self.turn(state)

    def turn(self, state: RunState, detail: str = "") -> None:
        """Be in another state from now on."""
        self.shown = replace(self._shown, status=Status(state, detail, iteration=17, total=200))

    def snapshot(self) -> Snapshot:
        if self.error is not None:
            raise self.error
        return self.shown

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def stop(self) -> None:
        self.asked.append("stop")

    def rest_now(self) -> None:
        self.asked.append("rest now")

    def reset_overload(self) -> None:
        self.asked.append("reset")

    def close(self) -> None:
        self.asked.append("close")
