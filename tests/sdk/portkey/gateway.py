"""The gateway, and in its providers' place a server that answers each target as it is told and remembers who was called."""

import concurrent.futures
import contextlib
import copy
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

AT_ONCE = 32
READY_SECONDS = 30
#: Longer than any config waits.
SLOW_SECONDS = 8
ANSWER = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
}  # fmt: skip


class Targets(http.server.ThreadingHTTPServer):
    """`/<case>/<target>/...` answers as `outcomes[case][target]` says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.outcomes, self.called, self.over = {}, {}, threading.Event()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        _, case, target, *_ = self.path.split("/")
        self.server.called[case].append(target)
        outcome = self.server.outcomes[case][target]
        if outcome == "slow":
            self.server.over.wait(SLOW_SECONDS)
        if outcome in ("slow", "reset"):
            self.close_connection = True
            return
        body = json.dumps(ANSWER if outcome == 200 else {"error": {"message": f"{outcome}"}}).encode()
        self.send_response(outcome)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Gateway:
    """Asks the gateway that listens there."""

    def __init__(self, url, targets):
        self.url, self.targets = url, targets

    def ask(self, number, case):
        """The targets that are called, in order, and the status of the answer."""
        name = f"case{number}"
        self.targets.outcomes[name], self.targets.called[name] = case["outcomes"], []
        config = copy.deepcopy(case["config"])
        lead(config, f"{self.targets.url}/{name}")
        headers = {
            "content-type": "application/json",
            "x-portkey-config": json.dumps(config),
            "x-portkey-metadata": json.dumps(case["request"]["metadata"]),
        }
        body = json.dumps(case["request"]["body"]).encode()
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        return self.targets.called[name], status

    def ask_all(self, cases):
        """The same of many cases."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.ask, range(len(cases)), cases))


def lead(config, url):
    """Leads every target of a config to `url`."""
    for target in config.get("targets", []):
        lead(target, url)
    if "targets" not in config:
        config |= {"api_key": "key", "custom_host": f"{url}/{config['override_params']['model']}"}


@contextlib.contextmanager
def serving(node_modules):
    """The gateway, as long as it is wanted."""
    targets = Targets()
    threading.Thread(target=targets.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = node_modules / "@portkey-ai/gateway/build/start-server.js"
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # `node` may be a script that starts the real one: both end together
    process = subprocess.Popen(["node", program, f"--port={port}", "--headless"], **quiet, start_new_session=True)
    try:
        wait(process, port)
        yield Gateway(f"http://127.0.0.1:{port}", targets)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        targets.over.set()
        targets.shutdown()
        targets.server_close()


def wait(process, port):
    """Until the gateway listens."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        assert process.poll() is None, f"the gateway has stopped: {process.returncode}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, f"the gateway does not listen after {READY_SECONDS} s"
        time.sleep(0.05)
