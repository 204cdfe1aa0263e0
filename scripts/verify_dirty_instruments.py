"""Waveform generators in states that previous users left: what becomes of the derivatives and of the voltages.

    python scripts/verify_dirty_instruments.py [--states N] [--seed N] [--family NAME] [--workers N]

Each state is drawn at random from what the programming manuals offer: waveforms, loads, polarity, coupling, tracking,
modulation, sweeps, bursts and so on, with effects at the connector. In some the instrument ignores one command, any
but the one that disconnects an output, and in some the trigger cable is missing. The instrument is the tests' fake on
a socket, added to a card in front of a simulated device; it is used as a run uses it, without the self-test of the
wires. Derivatives are compared with the exact ones of the device, voltages with the limits at every sample.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from verify_claims import Claims  # noqa: E402
from verify_dirty_bench import FAMILIES, Outcome, one_state  # noqa: E402


def bound(count: int) -> str:
    """Upper end of the one-sided 95 % interval of a share of which nothing was seen in ``count`` trials."""
    return f"{100 * (1 - 0.05 ** (1 / count)):.2g} %" if count else "100 %"


def none_of(claims: Claims, text: str, bad: list[Outcome], of: list[Outcome]) -> None:
    """State that something happened in none of these states; tell those in which it did."""
    share = f"0 of {len(of)}; <= {bound(len(of))} at 95 % confidence" if not bad else f"{len(bad)} of {len(of)}"
    claims.state(text, "0", share, not bad)
    for one in bad:
        sys.stderr.write(f"{text}: {one}\n")


def state_claims(claims: Claims, family: str, found: list[Outcome]) -> None:
    """What is claimed of a family, from all its states."""
    plugged = [one for one in found if one.plugged]
    measured = [one for one in found if one.ended == "measured"]
    refused = [one for one in found if one.ended != "measured"]
    sound = [one for one in found if not one.has_cause]
    none_of(claims, f"{family}: states with wrong derivatives reported as good",
            [one for one in measured if one.wrong], found)  # fmt: skip
    none_of(claims, f"{family}: the same without asking the device, trigger cable there",
            [one for one in plugged if one.wrong], plugged)  # fmt: skip
    none_of(claims, f"{family}: states with a sample beyond the limits, at an electrode or a connector",
            [one for one in found if one.beyond > 1e-9], found)  # fmt: skip
    none_of(claims, f"{family}: refusals that don't name what is wrong and a remedy, or leave an output on",
            [one for one in refused if not one.names or not one.off], refused)  # fmt: skip
    none_of(claims, f"{family}: refusals after whose remedy it doesn't measure right",
            [one for one in refused if not one.remedied], refused)  # fmt: skip
    none_of(claims, f"{family}: refused though all of it can be set right",
            [one for one in sound if one.ended != "measured"], sound)  # fmt: skip
    worst = max((one.worst for one in measured), default=0.0)
    claims.at_most(f"{family}: largest error of a derivative, relative", 100 * worst, 2.0, " %")


def tell(family: str, found: list[Outcome]) -> None:
    """What the states were, and how they ended, for whoever looks."""
    causes = {"voltage limits": 0, "one command ignored": 0, "no trigger cable": 0}
    for one in found:
        causes["voltage limits"] += "voltage limits" in one.left
        causes["one command ignored"] += bool(one.stuck)
        causes["no trigger cable"] += not one.plugged
    left = sorted(len(one.left) for one in found)
    ended = Counter(one.ended for one in found)
    print(f"{family}: {len(found)} states, {left[len(left) // 2]} settings left otherwise in the middle, {left[-1]} at "
          f"most; {', '.join(f'{count} with {name}' for name, count in causes.items())}.")  # fmt: skip
    print(f"{family}: {ended['measured']} set right and measured, {ended['refused']} refused by the driver, "
          f"{ended['the device told']} ended by what the device told.", flush=True)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=300, help="of each family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=[*FAMILIES, "all"], default="all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    claims = Claims()
    families = list(FAMILIES) if options.family == "all" else [options.family]
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        for family in families:
            draw = partial(one_state, family, options.seed)
            found = list(pool.map(draw, range(options.states), chunksize=4))
            tell(family, found)
            state_claims(claims, family, found)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
