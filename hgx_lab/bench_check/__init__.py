"""The bench knows itself: what is there, and whether a run file's bench would work."""

from hgx_lab.bench_check._checkup import CHECKS, Check, check_bench
from hgx_lab.bench_check._devices import BenchInventory, Preset, look_around
from hgx_lab.bench_check._finding import Finding, Level, fault, has_fault
from hgx_lab.bench_check._loop_back import LoopBack, parse_loop_back
from hgx_lab.bench_check._software import check_package

__all__ = [
    "CHECKS",
    "BenchInventory",
    "Check",
    "Finding",
    "Level",
    "LoopBack",
    "Preset",
    "check_bench",
    "check_package",
    "fault",
    "has_fault",
    "look_around",
    "parse_loop_back",
]
