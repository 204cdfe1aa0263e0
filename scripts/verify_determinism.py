"""The same run file and seed leave the same record, bit for bit; another seed leaves another one.

    python scripts/verify_determinism.py [FILE ...]

Every run file (configs/xor.yaml when none is given) is run by the command line in processes of its own, once as it
stands, once more with another number of BLAS threads allowed, and once with another seed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from verify_claims import Claims

from hgx_lab.config import load_run_file
from hgx_lab.records import digest

XOR_FILE = Path(__file__).parents[1] / "configs" / "xor.yaml"
#: The run ended without reaching its goal: that is an outcome like any other here.
GOAL_NOT_REACHED = 3


def fingerprint(file: Path, record: Path, seed: int, threads: int) -> str:
    """Digest of the record that ``hgx run`` leaves."""
    command = [sys.executable, "-c", "from hgx_lab.cli import main; main()"]
    arguments = ["run", str(file), "--quiet", "--seed", str(seed), "--output", str(record)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {0, GOAL_NOT_REACHED}:
        raise RuntimeError(f"hgx run {file} ended with {done.returncode}: {done.stderr}")
    return digest(record)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=[XOR_FILE], metavar="FILE")
    options = parser.parse_args()
    claims = Claims()
    for file in options.files:
        seed = load_run_file(file).seed
        with tempfile.TemporaryDirectory() as folder:
            first, again, other = (
                fingerprint(file, Path(folder) / f"{name}.h5", chosen, threads)
                for name, chosen, threads in (("first", seed, 1), ("again", seed, 2), ("other", seed + 1, 1))
            )
        claims.state(
            f"records of {file.name}, same seed twice, bit for bit",
            "equal",
            f"{first[:12]}, {again[:12]}",
            first == again,
        )
        claims.state(f"records of {file.name}, another seed", "different", f"{other[:12]}", first != other)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
