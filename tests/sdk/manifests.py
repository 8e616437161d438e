"""The objects of the manifests, made by the programs that people make them with."""

import os
import subprocess
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
#: The overlays, and the chart's modes.
MODES = ["single", "fleet", "fleet-hashed"]


def overlay(mode):
    """What `kubectl apply -k` would apply."""
    return told("KUBECTL_BIN", "kustomize", DEPLOY / "kubernetes" / "overlays" / mode)


def chart(mode, *arguments, release="attache"):
    """What `helm install` would apply."""
    return told("HELM_BIN", "template", release, DEPLOY / "helm" / "attache", "--set", f"mode={mode}", *arguments)


def secret():
    """The sample of the Secret."""
    return yaml.safe_load((DEPLOY / "kubernetes" / "secret.yaml").read_text())


def told(program, *arguments):
    """The objects that a program prints, by kind and name."""
    done = subprocess.run([os.environ[program], *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    named = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    assert len(named) == len(objects), "an object comes twice"
    return named
