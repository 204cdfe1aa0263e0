"""Reads what the other benchmarks and tests print as claims with targets."""

from __future__ import annotations

import itertools
import json
import re

from verify_claims import Claim

__all__ = ["demodulation_speed", "fuzzed_run_files", "killed_records", "passed_tests", "tone_plans"]


def demodulation_speed(output: str) -> list[Claim]:
    """Ratio to the loop over tones, for the phasors alone (what the loop does too) and with error bars."""
    result = json.loads(output)
    claims: list[Claim] = []
    where = {"low": "in the lowest octave", "spread": "spread up to a quarter of the rate"}
    for tones, target in ((7, 50.0), (32, 150.0)):
        for band, what in itertools.product(where, ("bare", "error_bars")):
            rows = [row for row in result["rows"] if row["tones"] == tones and row["band"] == band]
            ratios = {row["period_samples"]: row[f"ratio_{what}"] for row in rows}
            extent = "phasors alone" if what == "bare" else "phasors and error bars"
            found = ", ".join(f"{ratio:.0f} at N = {period}" for period, ratio in ratios.items())
            claims.append(
                Claim(
                    f"demodulation of {tones} tones {where[band]}, {extent}, times as fast as the loop over tones",
                    f">= {target:g}",
                    found,
                    min(ratios.values()) >= target,
                )
            )
    copy = result["copy_samples_per_second"]
    best = max(result["rows"], key=lambda row: row["bare"])
    claims.append(
        Claim(
            "demodulation as a share of a copy out of memory, the fastest regime",
            "stated",
            f"{best['bare'] * 1e6 / copy:.0%} ({best['bare']:.0f} of {copy / 1e6:.0f} MS/s, {best['tones']} tones)",
            True,
        )
    )
    return claims


def killed_records(output: str) -> list[Claim]:
    """Records of writers that were killed."""
    opened = re.search(r"(\d+) of (\d+) records opened", output)
    lost = re.search(r"most lost: (\d+) .*, (\d+) block\(s\) already flushed", output)
    if opened is None or lost is None:
        return []
    good = opened[1] == opened[2] and int(lost[1]) <= 1 and lost[2] == "0"
    found = f"{opened[1]} of {opened[2]} open, at most {lost[1]} block missing, {lost[2]} flushed ones"
    return [Claim("kill -9 at random moments: records open", "all, the last block missing at most", found, good)]


def fuzzed_run_files(output: str) -> list[Claim]:
    """Broken run files and what became of them."""
    counts = {name: int(number) for number, name in re.findall(r"^ *(\d+)  ([a-zA-Z ]+)$", output, re.MULTILINE)}
    clean, bad = counts.get("clean error", 0), counts.get("ERROR WITHOUT A LINE", -1)
    return [
        Claim(
            "broken run files by mutation: a clean message with file and line",
            ">= 60, no other error",
            f"{clean} clean, {bad} others, {counts.get('still sound', 0)} still sound",
            clean >= 60 and bad == 0,
        )
    ]


def tone_plans(output: str) -> list[Claim]:
    """Plans free of second and third order, one row of the table for each number of tones."""
    rows = re.findall(r"│ (\d+) +│ (\d+) +│ (\d+) +│ ([\d.]+) +│ [\d.]+ +│ (\w+)", output)
    late = [
        f"{tones}: {largest} ({published})" for tones, largest, published, _, _ in rows if int(largest) > int(published)
    ]
    slowest = max((float(row[3]) for row in rows), default=float("nan"))
    good = len(rows) > 0 and not late and all(row[4] == "holds" for row in rows)
    found = (
        f"{len(rows) - len(late)} of {len(rows)}, all certificates hold, slowest {slowest:.1f} s" if good else str(late)
    )
    return [
        Claim("plans free of 2nd and 3rd order, 5 to 200 tones: largest bin as published or lower", "all", found, good)
    ]


def passed_tests(output: str, claim: str) -> list[Claim]:
    """A selection of the test suite."""
    passed = re.search(r"(\d+) passed", output)
    bad = re.search(r"(\d+) (?:failed|error)", output)
    found = f"{passed[1] if passed else 0} passed, {bad[1] if bad else 0} failed"
    return [Claim(claim, "all tests pass", found, passed is not None and bad is None)]
