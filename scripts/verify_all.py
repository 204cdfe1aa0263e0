"""Everything that is claimed, verified anew and printed as one table; exit code 1 when a target is missed.

    python scripts/verify_all.py [--device FILE.npz ...] [--markdown]

Runs the verification scripts, benchmarks and the tests that claims rest on, one after the other, each in a process
of its own with one BLAS thread. Takes about an hour on two cores, of which verify_endings.py about thirty minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import verify_others
from rich.console import Console
from rich.table import Table
from verify_claims import Claim

SCRIPTS = Path(__file__).parent
PROJECT = SCRIPTS.parent


def printed_claims(output: str) -> list[Claim]:
    """The claims of a script that prints them itself."""
    return [claim for line in output.splitlines() if (claim := Claim.parse(line)) is not None]


@dataclass(frozen=True, slots=True)
class Check:
    """A command, and how its output is read."""

    arguments: tuple[str, ...]
    read: Callable[[str], list[Claim]] = printed_claims

    @property
    def command(self) -> str:
        """As it is typed, files by their names."""
        return " ".join(["python", *(Path(a).name if Path(a).is_absolute() else a for a in self.arguments)])

    def run(self) -> list[Claim]:
        """Run it; a command that fails without a missed claim is one."""
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *self.arguments],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        claims = self.read(done.stdout) if done.stdout else []
        if not claims or (done.returncode and all(claim.holds for claim in claims)):
            last = (done.stderr.strip() or "no output").splitlines()[-1]
            claims.append(Claim("the command ends by itself", "exit code 0", f"{done.returncode}: {last}", False))
        return claims


def checks(devices: list[Path]) -> list[Check]:
    """Everything there is to check, with real devices where they are given."""
    real = [argument for device in devices for argument in ("--device", str(device.resolve()))]

    def tests(claim: str, *selection: str) -> Check:
        read = partial(verify_others.passed_tests, claim=claim)
        return Check(("-m", "pytest", "-q", "-p", "no:cacheprovider", *selection), read)

    return [
        Check(("scripts/verify_gates.py", *real)),
        Check(("scripts/verify_derivatives.py", *real)),
        Check(("scripts/verify_delay.py",)),
        Check(("scripts/verify_calibrate.py",)),
        Check(("scripts/verify_self_test.py",)),
        Check(("scripts/verify_guardian.py",)),
        Check(("scripts/verify_endings.py",)),
        Check(("scripts/verify_dirty_instruments.py",)),
        Check(("scripts/benchmark_closed_loop.py", *real[:2])),
        Check(("scripts/benchmark_demodulation.py", "--json"), verify_others.demodulation_speed),
        Check(("scripts/benchmark_streaming.py",)),
        Check(("scripts/verify_determinism.py",)),
        Check(("scripts/tone_plans.py",), verify_others.tone_plans),
        Check(("scripts/kill_test.py", "--tries", "100"), verify_others.killed_records),
        Check(("scripts/fuzz_run_files.py",), verify_others.fuzzed_run_files),
        tests(
            "broken run files by hand: file, line and what is allowed in every message",
            "tests/config/test_broken_run_files.py",
        ),
        tests(
            "no sample outside limits or slew; every way of ending leaves the outputs at rest",
            "tests/acquisition",
        ),
    ]


def as_markdown(rows: list[tuple[Check, Claim]]) -> str:
    """A table for the documentation."""
    today = datetime.now(UTC).date().isoformat()
    lines = ["| claim | target | figure | holds | command | date |", "|---|---|---|---|---|---|"]
    for check, claim in rows:
        cells = [claim.text, claim.target, claim.ours, "yes" if claim.holds else "**no**", f"`{check.command}`", today]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def as_table(rows: list[tuple[Check, Claim]]) -> Table:
    """A table for the terminal."""
    table = Table("claim", "target", "ours", "", title="hgx-lab: what is claimed, and what was found")
    for _, claim in rows:
        verdict = "[green]ok[/]" if claim.holds else "[bold red]MISSED[/]"
        table.add_row(claim.text, claim.target, claim.ours, verdict)
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=Path, action="append", default=[], help="a surrogate network (.npz)")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table with commands and date")
    options = parser.parse_args()
    rows: list[tuple[Check, Claim]] = []
    for check in checks(options.device):
        print(f"$ {check.command}", file=sys.stderr, flush=True)
        rows += [(check, claim) for claim in check.run()]
    if options.markdown:
        print(as_markdown(rows))
    else:
        Console().print(as_table(rows))
    missed = sum(not claim.holds for _, claim in rows)
    print(f"{len(rows) - missed} of {len(rows)} hold.", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
