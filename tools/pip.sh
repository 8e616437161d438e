#!/usr/bin/env bash
# Installs pinned Python packages into an environment of their own, which is made where it is missing:
#   tools/pip.sh FOLDER REQUIREMENTS
# Root is not needed, and no more of Python than Debian's `python3`.
set -eu

home=$1 requirements=$2

complain() {
    echo "$0: $*" >&2
    exit 1
}

make_environment() {
    command -v python3 >/dev/null || complain "python3 is needed"
    mkdir -p "$(dirname "$home")"
    python3 -m venv --clear "$home" >/dev/null 2>&1 && return
    python3 -m venv --clear --without-pip "$home" && pip_of_debian
}

# Debian's plain python3 lacks ensurepip. Its pip is a wheel in a package, which needs no installing.
pip_of_debian() {
    local unpacked wheel
    unpacked=$(mktemp -d)
    (
        cd "$unpacked"
        mkdir -p lists/partial
        apt-get -qq download python3-pip-whl 2>/dev/null && exit
        own=(-o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD")
        apt-get -qq "${own[@]}" update && apt-get -qq "${own[@]}" download python3-pip-whl
    ) && dpkg-deb -x "$unpacked"/*.deb "$unpacked" && wheel=$(echo "$unpacked"/usr/share/python-wheels/pip-*.whl) &&
        "$home/bin/python" "$wheel/pip" install --quiet --no-index "$wheel"
    local done=$?
    rm -rf "$unpacked"
    return $done
}

if ! "$home/bin/python" -m pip --version >/dev/null 2>&1; then
    make_environment || complain "no Python environment can be made here; on Debian: apt-get install python3-venv"
fi
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
