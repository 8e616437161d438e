"""The manifests: Kubernetes would take them, and the overlays and the chart say the same."""

import os
import subprocess

import kubernetes_validate
import pytest
import yaml
from manifests import DEPLOY, MODES, chart, overlay, secret

#: The oldest that has native sidecars, and the newest that the schemas know.
KUBERNETES = ["1.29", kubernetes_validate.latest_version().rpartition(".")[0]]
#: Everything that is off by default.
MORE = [
    *["--set", "scale.inFlight=50", "--set", "volume.storageClass=fast", "--set", "imagePullSecrets[0].name=here"],
    *["--set-json", 'pair.tolerations=[{"key": "llm", "operator": "Exists"}]', "--set", "pair.nodeSelector.pool=a"],
    *["--set-json", 'front.tolerations=[{"key": "llm", "operator": "Exists"}]', "--set", "front.nodeSelector.pool=a"],
    *["--set", "routes.demo=null", "--set-json", 'routes.other={"elements": []}', "--set", "secret=elsewhere"],
]


def readable(objects):
    """The objects, with the documents in them read, and what has no order sorted."""
    for each in objects.values():
        data = each.get("data", {})
        data.update({file: yaml.safe_load(text) for file, text in data.items() if not file.endswith(".sh")})
        if each["kind"] == "Deployment":
            each["spec"]["template"]["spec"]["volumes"].sort(key=lambda volume: volume["name"])
    return objects


@pytest.mark.parametrize("mode", MODES)
def test_the_chart_makes_the_objects_of_the_overlay(mode):
    assert readable(chart(mode)) == readable(overlay(mode))


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("mode", MODES)
def test_kubernetes_takes_every_object(mode, version):
    made = [overlay(mode), chart(mode, *MORE), {"secret": secret()}]
    for each in [each for objects in made for each in objects.values()]:
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_schemas_see_what_is_wrong(version):
    deployment = overlay("fleet")["Deployment", "attache"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, version, strict=True)


@pytest.mark.parametrize("mode", MODES)
def test_helm_has_no_complaint(mode):
    lint = [os.environ["HELM_BIN"], "lint", "--strict", "--quiet", DEPLOY / "helm" / "attache", "--set", f"mode={mode}"]
    done = subprocess.run(lint, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_chart_refuses_what_it_does_not_know():
    for wrong in ["mode=many", "replica=3", "scale.maximum=3"]:
        with pytest.raises(AssertionError, match=wrong.partition("=")[0].rpartition(".")[2]):
            chart("fleet", "--set", wrong)


def test_all_that_is_off_by_default_can_be_had():
    fleet = chart("fleet-hashed", *MORE)
    pod = fleet["Deployment", "attache"]["spec"]["template"]["spec"]
    front = fleet["Deployment", "attache-front"]["spec"]["template"]["spec"]
    for each in (pod, front):
        assert each["tolerations"] == [{"key": "llm", "operator": "Exists"}]
        assert each["nodeSelector"] == {"pool": "a"}
        assert each["imagePullSecrets"] == [{"name": "here"}]
    assert list(fleet["ConfigMap", "attache-routes"]["data"]) == ["other.json"]
    assert [metric["type"] for metric in fleet["HorizontalPodAutoscaler", "attache"]["spec"]["metrics"]] == ["Resource", "Pods"]
    assert chart("single", *MORE)["PersistentVolumeClaim", "attache-state"]["spec"]["storageClassName"] == "fast"
    named = {ref["secretRef"]["name"] for container in pod["initContainers"] for ref in container.get("envFrom", [])}
    assert named == {"elsewhere"}


def test_no_object_of_a_release_has_the_name_of_another_release():
    one, other = chart("fleet-hashed"), chart("fleet-hashed", release="another")
    assert not one.keys() & other.keys()


def test_a_fleet_without_what_it_shares_does_not_start():
    for mode in MODES[1:]:
        attache = overlay(mode)["Deployment", "attache"]["spec"]["template"]["spec"]["initContainers"][1]
        required = [(each["name"], each["valueFrom"]["secretKeyRef"].get("optional", False)) for each in attache["env"]]
        assert required == [("ATTACHE_STORE", False), ("ATTACHE_LEDGER", False)]


def test_pods_hold_no_more_than_they_need():
    for mode in MODES:
        for (kind, _), each in overlay(mode).items():
            if kind != "Deployment":
                continue
            pod = each["spec"]["template"]["spec"]
            assert pod["automountServiceAccountToken"] is False
            assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
            for container in pod["initContainers"] + pod["containers"]:
                locked = container["securityContext"]
                assert not locked["allowPrivilegeEscalation"] and locked["readOnlyRootFilesystem"]
                assert locked["capabilities"] == {"drop": ["ALL"]}
                assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]


def test_the_script_that_drains_is_sound():
    script = overlay("fleet")["ConfigMap", "attache-config"]["data"]["drain.sh"]
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
