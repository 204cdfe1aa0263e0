"""Make the files that later versions of the program must still take: records, run files, calibrations and the rest.

    python scripts/make_old_files.py --output tests/data/format-1

tests/data/format-1 was written by this script with the code of record format 1 and isn't written again. A later format
gets a folder of its own: copy every-key/ with today's keys into it, bring scripts/old_files/recipes.py up to date, and
run the script with that folder. The numbers of a run come from its seed; clock times, process numbers and
identifiers differ from one making to the next. Linux only: it kills processes and stands in for git.

What is made:
    configs/              the ready run files as they are, with the files they name
    lab/                  a folder as a user has it: run files, calibrations, a device, the dashboard's settings
    lab/runs/             its records, compressed, with the notes and the logs beside them
    expected.json         what is in them, read by h5py, json and numpy alone
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from old_files.expected import contents_of, sha256  # noqa: E402
from old_files.neutral import HOST, USER, Surroundings  # noqa: E402
from old_files.recipes import CALIBRATIONS, FILES_BESIDE, RUNS, TEXTS, Calibration, Run  # noqa: E402
from old_files.run_files import changed, stated  # noqa: E402

CONFIGS = ROOT / "configs"
#: Files of every folder that aren't made here.
WRITTEN_BY_HAND = ("every-key", "README.md")
_LARGEST_BYTES = 5_000_000
#: Kept compressed: the empty pages of HDF5 are most of a short record.
_COMPRESSED = (".h5", ".schema.json")

NOTES = """
import sys
from pathlib import Path
from hgx_lab.dashboard.runs._notes import Note, Notebook
notes = Notebook(Path("runs"))
notes.put("solved.h5", Note(True, ("cold", "sample B"), "Solved at once; µ is high.\\nSee page 12."))
notes.put("killed.h5", Note(False, ("power cut",), ""))
"""

SETTINGS = """
from pathlib import Path
from pyqtgraph.Qt import QtCore
from hgx_lab.dashboard._application import make_application
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import LIGHT
application = make_application()
settings = QtCore.QSettings(str(Path("dashboard.ini").absolute()), QtCore.QSettings.Format.IniFormat)
window = Desk(LIGHT, settings, Path("runs"))
window.resize(1111, 666)
window.set_theme(LIGHT)
window.show()
application.processEvents()
window.close()
settings.sync()
"""


def text_of(run: Run | Calibration) -> str:
    """The run file that a recipe begins with."""
    text = TEXTS.get(run.source) or (CONFIGS / f"{run.source}.yaml").read_text(encoding="utf-8")
    return changed(text, {"name": run.name, **(run.changes if isinstance(run, Run) else {})})


def make_calibration(calibration: Calibration, here: Surroundings) -> None:
    """A file of ``hgx calibrate``, and its record."""
    file = here.lab / f"{calibration.name}.yaml"
    file.write_text(text_of(calibration), encoding="utf-8")
    here.hgx(["calibrate", file.name, "--output", f"{calibration.name}.json", *calibration.options])
    [record] = (here.lab / "runs").glob(f"*_{calibration.name}-calibrate.h5")
    record.rename(record.with_name(f"{calibration.name}.h5"))


def make_run(run: Run, here: Surroundings) -> None:
    """A record, by ``hgx run`` or ``hgx resume``."""
    if run.parent:
        command = ["resume", f"runs/{run.parent}.h5"]
        command += [] if run.iteration is None else ["--iteration", str(run.iteration)]
    else:
        (here.lab / f"{run.name}.yaml").write_text(text_of(run), encoding="utf-8")
        command = ["run", f"{run.name}.yaml"]
    command += ["--json", "--output", f"runs/{run.name}.h5", *run.options]
    if run.bench == "server":
        guarded(run, here, command)
    else:
        here.hgx(command, end=run.end, bench=run.bench, code=run.code)


def guarded(run: Run, here: Surroundings, command: list[str]) -> None:
    """A run on a card behind a server in this process, that is killed; its guardian brings the outputs to rest."""
    from hgx_drivers.simulated import FastClock, SimulatedCard
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import simulated, simulated_plant
    from tests.doors.ni_devices import x_series
    from tests.doors.ni_engine import NiRig
    from tests.doors.ni_grpc import serving

    file = here.lab / f"{run.name}.yaml"
    plan: Any = simulated(load_run_file(file))
    rig = NiRig([x_series()], SimulatedCard(simulated_plant(plan, plan.bench), FastClock()))
    with serving(rig) as server:
        file.write_text(changed(file.read_text(encoding="utf-8"), {"bench.remote": server.remote}), encoding="utf-8")
        here.hgx(command, end=run.end, code=run.code)
        log = here.lab / "runs" / f"{run.name}.h5.guardian.log"
        deadline = time.monotonic() + 60
        while not (log.exists() and "at rest" in log.read_text(encoding="utf-8")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"The guardian of {run.name} did nothing.")
            time.sleep(0.05)


def make_lab(lab: Path, tools: Path) -> None:
    """Everything, in a folder that is still empty."""
    here = Surroundings(lab, tools)
    (lab / "runs").mkdir()
    for file in CONFIGS.iterdir():
        if file.suffix in (".csv", ".py"):
            shutil.copy(file, lab)
    for name, command in FILES_BESIDE.items():
        here.hgx(command)
        print(name)
    for calibration in CALIBRATIONS:
        make_calibration(calibration, here)
        print(f"{calibration.name}.json")
    for run in RUNS:
        make_run(run, here)
        print(f"runs/{run.name}.h5")
    here.python(NOTES)
    here.python(SETTINGS)


def files_of(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def require_neutral(lab: Path) -> None:
    """Raise if a file tells where or by whom it was made."""
    secrets = {str(ROOT), sys.prefix, str(Path.home()), str(Path.cwd())} - {"/", str(lab)}
    for path in files_of(lab):
        data = path.read_bytes()
        for secret in secrets:
            if secret.encode() in data:
                raise RuntimeError(f"{path} holds {secret}.")
        if path.suffix == ".h5" and not all(f'"{word}"'.encode() in data for word in (HOST, USER)):
            raise RuntimeError(f"{path} names a host other than {HOST}, or a user other than {USER}.")
        if socket.gethostname().encode() + b'"' in data:
            raise RuntimeError(f"{path} names this host.")


def expected_of(output: Path, lab: Path) -> dict[str, Any]:
    """What is in the files, and the hash of each as it lies in the repository."""
    records = sorted((lab / "runs").glob("*.h5"))
    run_files = [*(output / "every-key").glob("*.yaml"), *(output / "configs").glob("*.yaml"), *lab.glob("*.yaml")]
    device: dict[str, Any] = dict(np.load(lab / "surrogate.npz"))
    return {
        "lab": str(lab),
        "records": {path.stem: contents_of(path) for path in records},
        "run_files": {
            f"{path.parent.name if path.parent != lab else 'lab'}/{path.name}": stated(path.read_text(encoding="utf-8"))
            for path in sorted(run_files)
        },
        "device": {name: np.shape(value) for name, value in device.items()},
    }


def pack(lab: Path, output: Path) -> None:
    """Copy a folder, its records compressed; the same bytes whenever it is done."""
    for path in files_of(lab):
        target = output / path.relative_to(lab)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.name.endswith(_COMPRESSED):
            data = gzip.compress(path.read_bytes(), 9, mtime=0)
            target.with_name(target.name + ".gz").write_bytes(data)
        else:
            shutil.copyfile(path, target)


def write_expected(output: Path, lab: Path) -> None:
    """Write expected.json: one line for each record and run file."""
    expected = expected_of(output, lab)
    expected["hashes"] = {
        str(path.relative_to(output)): sha256(path) for path in files_of(output) if path.name != "expected.json"
    }
    parts: list[str] = []
    for name, value in expected.items():
        if isinstance(value, dict):
            lines = [f"{json.dumps(key)}: {json.dumps(entry, allow_nan=False)}" for key, entry in value.items()]
            parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    (output / "expected.json").write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output
    made = [path.name for path in output.iterdir() if path.name not in WRITTEN_BY_HAND] if output.is_dir() else []
    if made or not (output / "every-key").is_dir():
        print(f"{output} needs its run files in every-key/, and nothing else: it has {', '.join(made) or 'none'}.")
        return 1
    lab = Path(tempfile.gettempdir()) / "hgx-old-files"  # its path is in some of the records
    lab.mkdir()
    try:
        with tempfile.TemporaryDirectory() as tools:
            make_lab(lab, Path(tools))
        require_neutral(lab)
        pack(CONFIGS, output / "configs")
        pack(lab, output / "lab")
        write_expected(output, lab)
    finally:
        shutil.rmtree(lab)
    size = sum(path.stat().st_size for path in files_of(output))
    print(f"{len(list(files_of(output)))} files, {size / 1e6:.2f} MB in {output}")
    return 0 if size <= _LARGEST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
