#!/usr/bin/env bash
# Everything hgx-lab needs on a machine nobody has prepared: Python, a virtual environment, the package.
#   scripts/setup.sh          to use it
#   scripts/setup.sh --dev    to test and develop it
set -euo pipefail
cd "$(dirname "$0")/.."

suitable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# install_packages WHAT-FOR PACKAGE...
install_packages() {
    local reason=$1
    shift
    if ! command -v apt-get >/dev/null; then
        echo "$reason Install that and run this again." >&2
        return 1
    fi
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

install_python() {
    install_packages "hgx-lab needs Python 3.11 or newer with its venv module." python3 python3-venv ca-certificates git
}

# What Qt's wheels leave to the system: OpenGL, fonts, and the X11 libraries of a real window.
install_qt_libraries() {
    install_packages "The dashboard needs OpenGL, fontconfig and the XCB libraries of Qt 5." \
        libgl1 libegl1 libfontconfig1 libglib2.0-0 libdbus-1-3 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 \
        libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 fonts-dejavu-core "$@"
}

qt_complete() {
    .venv/bin/python -c 'from PyQt5 import QtWidgets' 2>/dev/null &&
        ! ldd .venv/lib/python3*/site-packages/PyQt5/Qt5/plugins/platforms/libqxcb.so 2>/dev/null | grep -q "not found"
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
    extras=fast,hardware,fit,dashboard groups=(--group dev) display=(xvfb xauth)
else
    extras=fast,dashboard groups=() display=()
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extras]" ${groups[@]+"${groups[@]}"}

# A window needs them, nothing else does: without them a set-up for use is complete but for the dashboard.
if [ "$(uname)" = Linux ] && { ! qt_complete || { [ "${#display[@]}" -gt 0 ] && ! command -v Xvfb >/dev/null; }; }; then
    install_qt_libraries ${display[@]+"${display[@]}"} || { echo "The dashboard won't open; everything else works." >&2; [ "${1:-}" != --dev ]; }
fi
