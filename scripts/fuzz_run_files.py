"""Break run files in many ways and count what comes of it: python scripts/fuzz_run_files.py [--files N] [--seed S].

Every broken file must either still be a sound run file or give one clean error whose lines all name file and line.
Anything else that is raised ends the script, after it has printed the file.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

from hgx_lab.config import RunFileError, parse_run_file

CONFIGS = Path(__file__).parents[1] / "configs"
JUNK = [
    "\t", "\n", " ", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!!int ", "!x ", "|", ">", "'", '"', "?",
    "%", "---", "<<: ", "null", ".nan", ".inf", "1e999", "0", "\x00", "\ufeff", "\u2028", "\\ud800", "off", "true",
    "x" * 300,
]  # fmt: skip
VALUES = [
    "", "null", "true", "off", "0", "-1", "1e999", ".nan", ".inf", "9" * 400, "5", "1.5", "x", "[]", "{}", "[1, 2, 3]",
    "{kind: x}", "5 kHz", "5 khz", "5 mV", "-5 mV", "5 ms", "1 h", "5 nA", "0 V", "1e30 V", "5 V V", "V", "0,5 V",
    '"5"', "*a", "!t 5", "'",
]  # fmt: skip


def _any_match(pattern: str, text: str, rng: random.Random) -> re.Match[str] | None:
    matches = list(re.finditer(pattern, text))
    return rng.choice(matches) if matches else None


def swap_value(text: str, rng: random.Random) -> str:
    """Another value behind a key."""
    match = _any_match(r"(?<=: )[^,{}\[\]\n#]+", text, rng)
    if match is None:
        return text
    return text[: match.start()] + rng.choice(VALUES) + text[match.end() :]


def misspell(text: str, rng: random.Random) -> str:
    """A letter of a key lost, doubled or swapped."""
    match = _any_match(r"\w+(?=:)", text, rng)
    if match is None:
        return text
    word, i = match[0], rng.randrange(len(match[0]))
    new = rng.choice([word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:], word.swapcase()])
    return text[: match.start()] + new + text[match.end() :]


def lose_line(text: str, rng: random.Random) -> str:
    """A line is missing, doubled or indented otherwise."""
    lines = text.split("\n")
    i = rng.randrange(len(lines))
    lines[i : i + 1] = rng.choice([[], [lines[i]] * 2, [" " + lines[i]], [lines[i].lstrip()], ["\t" + lines[i]]])
    return "\n".join(lines)


def lose_key(text: str, rng: random.Random) -> str:
    """A key of a flow mapping is missing."""
    match = _any_match(r"\w+: [^,{}\[\]\n]+, ", text, rng)
    if match is None:
        return text
    return text[: match.start()] + text[match.end() :]


def junk(text: str, rng: random.Random) -> str:
    """Something that doesn't belong there, anywhere."""
    i = rng.randrange(len(text))
    return text[:i] + rng.choice(JUNK) + text[i + rng.randrange(4) :]


def truncate(text: str, rng: random.Random) -> str:
    """The end is missing."""
    return text[: rng.randrange(len(text))]


MUTATIONS = (swap_value, misspell, lose_line, lose_key, junk, truncate)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    sources = [path.read_text("utf-8") for path in sorted(CONFIGS.glob("*.yaml"))]
    counts: Counter[str] = Counter()
    problems = 0
    seen: set[str] = set()
    started = time.perf_counter()
    while len(seen) < arguments.files:  # each of them another file
        mutations = rng.choices(MUTATIONS, k=rng.choice([1, 1, 2, 3]))
        text = rng.choice(sources)
        for mutation in mutations:
            text = mutation(text, rng) if text.count(":") > 3 else text
        if text in seen:
            continue
        seen.add(text)
        outcome = ""
        try:
            parse_run_file(text, source="fuzz.yaml", folder=CONFIGS)
            outcome = "still sound"
        except RunFileError as error:
            clean = all(re.match(r"fuzz\.yaml:\d+: ", line) for line in str(error).split("\n"))
            outcome = "clean error" if clean else "ERROR WITHOUT A LINE"
            problems += len(error.problems)
        finally:
            if not outcome:
                print(f"neither read nor refused cleanly:\n{text!r}", file=sys.stderr)
        counts[outcome] += 1
    seconds = time.perf_counter() - started
    print(f"{len(seen)} different broken run files in {seconds:.1f} s ({1e3 * seconds / len(seen):.1f} ms each)")
    for name in ("clean error", "still sound", "ERROR WITHOUT A LINE"):
        print(f"{counts[name]:8d}  {name}")
    print(f"{problems:8d}  problems reported, {problems / max(1, counts['clean error']):.2f} for each broken file")
    return 1 if counts["ERROR WITHOUT A LINE"] else 0


if __name__ == "__main__":
    sys.exit(main())
