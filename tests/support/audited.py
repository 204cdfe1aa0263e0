"""A program whose every step that could be somebody else's code is watched by Python itself (PEP 578)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Notes programs that are started, code that is run from a place outside of the installation, names that a pickle
#: asks for, and connections.
_PRELUDE = """
import json, os, sys, sysconfig
_TRUSTED = (sys.prefix, os.path.realpath(sys.prefix), sys.base_prefix, os.path.realpath(sys.base_prefix))
_TRUSTED += (sysconfig.get_path("stdlib"), *json.loads(sys.argv.pop(1)))
_SEEN = []

def _watch(event, arguments):
    if event == "exec":
        name = getattr(arguments[0], "co_filename", "?")
        # Text without a file is what libraries make for themselves, as of named tuples.
        if not name.startswith(_TRUSTED) and not name.startswith("<"):
            _SEEN.append(f"code of {name}")
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"):
        # Matplotlib asks for the fonts of the system once, Python's platform for the processor.
        if not str(arguments[0]).endswith(("fc-list", "fc-match", "uname")):
            _SEEN.append(f"program {arguments[:2]}")
    elif event == "pickle.find_class":
        _SEEN.append(f"pickle {arguments}")
    elif event == "socket.connect":
        _SEEN.append(f"connection to {arguments[1]}")

def _watched(what):
    before = len(_SEEN)
    what()
    return _SEEN[before:]

sys.addaudithook(_watch)
"""


def audited(program: str, *arguments: object, folder: Path) -> dict[str, list[str]]:
    """Run a program in a folder; what it prints as JSON in its last line: a step, and what was noted in it.

    The program has ``_watched(function)``, which returns what was noted while the function ran.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "drivers")])
    environment = os.environ | {"PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PRELUDE + program, json.dumps([str(ROOT)]), *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
