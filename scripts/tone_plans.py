"""Largest bin and time of second- and third-order-free plans, against the published figures."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.table import Table

from hgx_lab.signals.plans import certify, make_plan

# Largest bin by number of tones: exact optima up to 10, Singer sets above.
PUBLISHED = {5: 19, 6: 29, 7: 40, 8: 53, 9: 67, 10: 84, 16: 256, 32: 1120, 64: 5134, 128: 21600, 200: 54411}


def main() -> int:
    table = Table("tones", "largest bin", "published", "seconds to make", "seconds to certify", "certificate")
    worse = 0
    for count, published in PUBLISHED.items():
        start = time.perf_counter()
        plan = make_plan(
            "hessian", count, rate_hz=1e6, period_samples=1_000_000, band_hz=(0, 5e5), mains_hz=None, stride=1
        )
        made = time.perf_counter()
        certificate = certify(plan)
        done = time.perf_counter()
        largest = max(plan.bins)
        worse += largest > published or not certificate.holds()
        verdict = "holds" if certificate.holds() else "FAILS"
        table.add_row(str(count), str(largest), str(published), f"{made - start:.2f}", f"{done - made:.2f}", verdict)
    Console().print(table)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
