"""The pair on this machine: a mock in the provider's place, Attaché, and Envoy in front.

As a program (`make run`) it starts them from examples/attache.yaml, tells how to ask them, and stops them on Ctrl-C.
ATTACHE_BIN and ENVOY_BIN name the binaries; FRONT_PORT, STATUS_PORT, ENVOY_ADMIN_PORT and MOCK_PORT set the ports;
ATTACHE_ADMIN_TOKEN the admin token, which is made up otherwise.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
PORTS = {"FRONT_PORT": 8080, "STATUS_PORT": 8081, "ENVOY_ADMIN_PORT": 9901, "MOCK_PORT": 9100}
# the operator's own admin token
TOKEN = "ATTACHE_ADMIN_TOKEN"
READY_SECONDS = 60
STOP_SECONDS = 10

TOLD = """
The pair is up. Ask it (and again: a tenth of the answers comes from another model):

  curl -i {front}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "dynamic/demo", "messages": [{{"role": "user", "content": "Hello"}}]}}'

As a stream:

  curl -N {front}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "dynamic/demo", "stream": true, "messages": [{{"role": "user", "content": "Hello"}}]}}'

Walk a request through the route without calling anybody:

  curl http://127.0.0.1:{status}/api/v1/simulate -H 'authorization: Bearer {token}' -H 'content-type: application/json' \\
    -d '{{"route": "demo", "request": {{"body": {{"messages": [{{"role": "user", "content": "Hello"}}]}}}}}}'

  status page   http://127.0.0.1:{status}
  admin token   {token}
  routes        {routes} (what you change there is live at once)
  log           {log}

Ctrl-C stops it.
"""


class Failed(Exception):
    """Something is in the way; says what."""


class Pair:
    """A context in which all three serve.

    The configuration may refer to `${MOCK_PORT}`, and to `${FOLDER}`, which is there as long as the pair. A port may be 0.
    `front`, `mock` and `admin` are the base URLs of Envoy, of the mock and of people's door.
    """

    def __init__(self, config, mock_port=0, mock_arguments=()):
        self.config = Path(config)
        self.mock_command = ["mock", "--listen", f"127.0.0.1:{mock_port}", *mock_arguments]
        self.folder = Path(tempfile.mkdtemp(prefix="attache-"))
        self.processes = {}

    def __enter__(self):
        try:
            self._start(os.environ["ATTACHE_BIN"], os.environ["ENVOY_BIN"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Envoy stops first, so that nobody asks any more."""
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder)

    def check(self):
        """Raises `Failed` when a process has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                said = self.log(name).read_text(errors="replace").splitlines()[-10:]
                raise Failed("\n".join([f"{name} has stopped; its last words:", *said]))

    def log(self, name):
        """The file that has what a process says."""
        return self.folder / f"{name}.log"

    def _start(self, attache, envoy):
        self._spawn("mock", attache, *self.mock_command)
        self.mock = self._await(lambda: self.log("mock").read_text().partition("\n")[0])
        os.environ.update(FOLDER=str(self.folder), MOCK_PORT=self.mock.rpartition(":")[2])
        self._spawn("attache", attache, "serve", "-c", self.config)
        told = re.compile(r'"?admin"?[=:]"?([0-9.]+:[0-9]+)')
        self.admin = "http://" + self._await(lambda: told.search(self.log("attache").read_text()))[1]
        bootstrap, admin = self.folder / "envoy.yaml", self.folder / "envoy-admin"
        printed = subprocess.run([attache, "envoy", "-c", self.config], capture_output=True)
        bootstrap.write_bytes(printed.stdout)
        # without hot restart any number of Envoys may run beside each other
        quiet = ["--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]
        self._spawn("envoy", envoy, "-c", bootstrap, "--admin-address-path", admin, *quiet)
        self.front = self._await(lambda: admin.exists() and listener(admin.read_text(), "front"))
        self._await(lambda: ask(f"{self.front}/v1/models"))

    def _spawn(self, name, *command):
        with open(self.log(name), "wb") as log:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _await(self, what):
        """Looks again and again until `what` gives something."""
        deadline = time.monotonic() + READY_SECONDS
        while not (got := what()):
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"the pair is not ready after {READY_SECONDS} s")
            time.sleep(0.05)
        return got


def listener(admin, name):
    """The URL of one of Envoy's listeners, once it listens."""
    listeners = json.loads(ask(f"http://{admin}/listeners?format=json") or "{}")
    for status in listeners.get("listener_statuses", []):
        if status["name"] == name:
            address = status["local_address"]["socket_address"]
            return f"http://{address['address']}:{address['port_value']}"
    return None


def ask(url):
    """What a GET answers, if it answers well; that a key is needed is an answer too."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.read().decode() if refused.code == 401 else None
    except OSError:
        return None


def port(name):
    """The port of that setting; complains when it is taken."""
    number = int(os.environ.get(name) or PORTS[name])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            raise Failed(f"port {number} is taken; set another one: {name}=... make run") from error
    return number


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    ports = {name: port(name) for name in PORTS}
    token = os.environ.setdefault(TOKEN, secrets.token_urlsafe(24))
    with Pair(HERE / "attache.yaml", mock_port=ports["MOCK_PORT"]) as pair:
        routes = os.path.relpath(HERE / "routes")
        told = {"front": pair.front, "status": ports["STATUS_PORT"], "routes": routes, "token": token, "log": pair.log("attache")}
        print(TOLD.format(**told), flush=True)
        while True:
            pair.check()
            time.sleep(0.5)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except Failed as failed:
        sys.exit(f"pair: {failed}")
