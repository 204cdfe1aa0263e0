"""The program on the page about wiring does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "wiring-generator.md"


def test_the_program_arms_two_tones_and_disconnects_them_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    seen: list[tuple[float, float, str]] = []
    with ScpiInstrument(KeysightLanguage()) as instrument:
        start = "# Start the card here"
        assert start in program

        def look() -> None:
            seen.extend((o.hz, o.peak_and_offset(1e38)[0], o.burst["state"]) for o in instrument.outputs)
            instrument.trigger(0.0)

        runnable = program.replace("192.168.0.7::5025", f"127.0.0.1::{instrument.port}").replace(start, "look()  #")
        exec(compile(runnable, str(PAGE), "exec"), {"look": look})
        assert instrument.reference == "EXT"
        assert capsys.readouterr().out.splitlines() == ["()", "True"]
        assert not any(o.on for o in instrument.outputs)
    assert [s[0] for s in seen] == [70.0, 110.0]
    assert [s[1] for s in seen] == pytest.approx([0.02, 0.02])
    assert [s[2] for s in seen] == ["ON", "ON"]
