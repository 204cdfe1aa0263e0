#!/usr/bin/env bash
# Everything hgx-lab needs on a machine nobody has prepared: Python, a virtual environment, the package.
#   scripts/setup.sh          to use it
#   scripts/setup.sh --dev    to test and develop it
set -euo pipefail
cd "$(dirname "$0")/.."

suitable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

install_python() {
    if ! command -v apt-get >/dev/null; then
        echo "hgx-lab needs Python 3.11 or newer with its venv module; install it and run this again." >&2
        exit 1
    fi
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        python3 python3-venv ca-certificates git
}

python=${PYTHON:-python3}
if [ ! -x .venv/bin/python ]; then
    suitable "$python" || install_python
    suitable "$python" || { echo "$python is older than 3.11; set PYTHON to a newer one." >&2; exit 1; }
    "$python" -m venv .venv
fi
# pip knows dependency groups from 25.1 on.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
if [ "${1:-}" = --dev ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fast,hardware,fit]' --group dev
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fast]'
fi
