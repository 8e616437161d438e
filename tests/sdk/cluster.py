"""A cluster in small: the pods of the manifests as processes, each at a loopback address of its own, on the ports and by the commands that
the manifests give them; and a name server for their headless service.

It does what the kubelet does, as far as the manifests ask: containers start in order, each when the one before is done or has started; a pod
that leaves is no endpoint any more, runs its preStop, then its containers are stopped, sidecars last, within the grace period.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 60


class Cluster:
    """A context in which pods can be started and stopped.

    `variables` is what the Secret has, `changes` what is said otherwise in every file and command, text by text; `{number}` is the pod's own.
    """

    def __init__(self, objects, variables, changes):
        self.objects, self.variables, self.changes = objects, variables, changes
        # a network for this run alone: others on this machine have the same ports
        self.network = f"127.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}"
        self.numbers = iter(range(2, 250))
        self.folder = Path(tempfile.mkdtemp(prefix="fleet-"))
        self.pods = []

    def __enter__(self):
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "attache").symlink_to(Path(os.environ["ATTACHE_BIN"]).absolute())
        (programs / "envoy").symlink_to(Path(os.environ["ENVOY_BIN"]).absolute())
        self.path = f"{programs}:{os.environ['PATH']}"
        self.names = Names(f"{self.network}.1", self.endpoints)
        return self

    def __exit__(self, *_):
        for pod in self.pods:
            pod.kill()
        self.names.close()
        shutil.rmtree(self.folder)

    def start(self, deployment):
        """A new pod, once it is ready."""
        pod = Pod(self, deployment, next(self.numbers))
        self.pods.append(pod)
        pod.start()
        return pod

    def stop(self, pod):
        """Has a pod leave as the kubelet does."""
        pod.ready = False
        try:
            pod.stop()
        finally:
            self.pods.remove(pod)

    def roll(self, deployment):
        """A rolling update: each pod in turn, by the deployment's strategy."""
        rolling = self.objects["Deployment", deployment]["spec"]["strategy"]["rollingUpdate"]
        assert rolling == {"maxUnavailable": 0, "maxSurge": 1}
        for old in self.of(deployment):
            self.start(deployment)
            self.stop(old)

    def of(self, deployment):
        """The pods of a deployment."""
        return [pod for pod in self.pods if pod.deployment == deployment]

    def endpoints(self, name):
        """The addresses of a headless service."""
        service = self.objects.get(("Service", name), {"spec": {}})["spec"]
        if service.get("clusterIP") != "None":
            return []
        return [pod.address for pod in list(self.pods) if pod.ready and service["selector"].items() <= pod.labels.items()]


class Pod:
    """A pod of a deployment, at an address of its own."""

    def __init__(self, cluster, deployment, number):
        template = cluster.objects["Deployment", deployment]["spec"]["template"]
        self.cluster, self.deployment, self.labels = cluster, deployment, template["metadata"]["labels"]
        self.spec, self.number, self.ready = template["spec"], number, False
        self.address, self.folder = f"{cluster.network}.{number}", cluster.folder / str(number)
        self.running = {}

    def start(self):
        self.fill_volumes()
        for container in self.spec["initContainers"]:
            if container.get("restartPolicy") == "Always":
                self.launch(container)
            else:
                self.run(container, self.command(container), START_SECONDS)
        for container in self.spec["containers"]:
            self.launch(container)
        for container in self.long_lived():
            self.probe(container, "readinessProbe")
        self.ready = True

    def stop(self):
        deadline = time.monotonic() + self.spec["terminationGracePeriodSeconds"]
        for container in self.spec["containers"]:
            hook = container.get("lifecycle", {}).get("preStop")
            if hook:
                self.run(container, hook["exec"]["command"], deadline - time.monotonic())
        for container in reversed(self.long_lived()):
            process = self.running.pop(container["name"])
            process.terminate()
            code = process.wait(max(0, deadline - time.monotonic()))
            assert code in (0, -signal.SIGTERM), f"{container['name']} ended with {code}:\n{self.log(container)}"

    def kill(self, unnoticed=False):
        """As when the node is lost, which may take a while to be noticed."""
        self.ready = unnoticed
        for process in self.running.values():
            process.kill()
            process.wait()
        self.running.clear()

    def long_lived(self):
        """In the order of their start."""
        sidecars = [each for each in self.spec["initContainers"] if each.get("restartPolicy") == "Always"]
        return sidecars + self.spec["containers"]

    def fill_volumes(self):
        for volume in self.spec["volumes"]:
            place = self.folder / volume["name"]
            place.mkdir(parents=True)
            if "configMap" in volume:
                data = self.cluster.objects["ConfigMap", volume["configMap"]["name"]]["data"]
                for file, text in data.items():
                    (place / file).write_text(self.here(text))

    def here(self, text):
        """A text of the manifests, with this pod's folders and address for what every pod has for itself."""
        containers = self.spec["initContainers"] + self.spec["containers"]
        folders = {mount["mountPath"]: str(self.folder / mount["name"]) for each in containers for mount in each["volumeMounts"]}
        changes = {said: meant.format(number=self.number) for said, meant in self.cluster.changes.items()}
        for said, meant in {**changes, **folders, "0.0.0.0": self.address, "127.0.0.1:9901": f"{self.address}:9901"}.items():
            text = text.replace(said, meant)
        return text

    def command(self, container):
        # the image of Attaché begins with its program
        words = container.get("command") or ["attache", *container["args"]]
        more = self.cluster.names.resolver() if words[0] == "envoy" else []
        return [*words, *more]

    def environment(self, container):
        variables = {"PATH": self.cluster.path}
        for source in container.get("envFrom", []):
            assert source["secretRef"]["name"] == "attache-keys"
            variables |= self.cluster.variables
        for each in container.get("env", []):
            variables[each["name"]] = self.cluster.variables[each["valueFrom"]["secretKeyRef"]["key"]]
        return variables

    def popen(self, container, words):
        words, log = [self.here(word) for word in words], open(self.folder / f"{container['name']}.log", "ab")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        with log:
            return subprocess.Popen(words, env=self.environment(container), cwd=self.folder, **quiet)

    def run(self, container, words, seconds):
        code = self.popen(container, words).wait(seconds)
        assert code == 0, f"{words} of {container['name']} ended with {code}:\n{self.log(container)}"

    def launch(self, container):
        self.running[container["name"]] = self.popen(container, self.command(container))
        self.probe(container, "startupProbe")

    def probe(self, container, kind):
        """Asks until the answer is good."""
        probe = container[kind]["httpGet"]
        port = next(each["containerPort"] for each in container["ports"] if each["name"] == probe["port"])
        deadline = time.monotonic() + START_SECONDS
        while not answers(f"http://{self.address}:{port}{probe['path']}"):
            process = self.running[container["name"]]
            assert process.poll() is None, f"{container['name']} has ended:\n{self.log(container)}"
            assert time.monotonic() < deadline, f"{container['name']} is not ready:\n{self.log(container)}"
            time.sleep(0.05)

    def log(self, container):
        return (self.folder / f"{container['name']}.log").read_text(errors="replace")[-4000:]


class Names:
    """The cluster's name server: a headless service has the addresses of its pods that are ready."""

    def __init__(self, address, endpoints):
        self.endpoints = endpoints
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def resolver(self):
        """What has an Envoy ask here: the one thing that no manifest says, for in a cluster /etc/resolv.conf does."""
        address, port = self.socket.getsockname()
        resolver = {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": [{"socket_address": {"address": address, "port_value": port}}],
        }
        named = {"name": "envoy.network.dns_resolver.cares", "typed_config": resolver}
        return ["--config-yaml", json.dumps({"typed_dns_resolver_config": named})]

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(512)
            except OSError:
                return
            self.socket.sendto(self.answer(question), client)

    def answer(self, question):
        labels, place = [], 12
        while length := question[place]:
            labels.append(question[place + 1 : place + 1 + length].decode())
            place += 1 + length
        kind = struct.unpack_from(">H", question, place + 1)[0]
        # the search domains of this machine may follow the name
        addresses = self.endpoints(labels[0]) if kind == 1 else []
        records = [struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(each) for each in addresses]
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0)
        return head + question[12 : place + 5] + b"".join(records)

    def close(self):
        self.socket.close()


def answers(url):
    """Whether a GET is answered well."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (OSError, urllib.error.HTTPError):
        return False
