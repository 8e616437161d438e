"""The HTTP side of a fake provider: hears a request, has it judged, answers in small writes."""

import functools
import json
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import oracles
from strict import complaints

from .scenes import Scene, Trouble, act, named

#: Bytes of one write: small enough that characters, events and frames are cut.
PIECE = 97


@dataclass
class Heard:
    """A request as it arrived."""

    method: str
    #: with its query, exactly as it was sent
    path: str
    headers: dict
    body: bytes
    operation: str = ""
    model: str = ""
    stream: bool = False
    json: dict = field(default_factory=dict)
    complaints: list = field(default_factory=list)

    @property
    def scene(self):
        """The name of the scene that its model plays."""
        return named(self.model)


@dataclass
class Said:
    """An answer: bytes, or an iterable of bytes that are sent as they come."""

    status: int
    content_type: str
    body: object
    headers: dict = field(default_factory=dict)
    #: the connection breaks at the end of the body
    cut: bool = False


class Fake:
    """A provider that serves on a port of its own while it is a context.

    `room` is the module that knows its language, `name` what `oracles` calls it. It notes every request and what its
    oracle complained about. `direct` is one that SDKs ask without anybody between: their own headers are welcome.
    """

    def __init__(self, name, room, direct=False):
        self.name, self.room, self.direct = name, room, direct
        self.heard, self.complaints = [], []
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), functools.partial(Handler, self))
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def forget(self):
        """Forgets what was heard; gives the complaints."""
        with self.lock:
            complaints, self.complaints, self.heard = self.complaints, [], []
        return complaints

    def answer(self, heard):
        """Judges and answers a request."""
        try:
            self.room.read(self.name, heard)
            heard.complaints += oracles.judge(self.name, heard, self.direct)
            scene = act(heard.model, self.room.called(heard))
            if not heard.complaints and isinstance(scene, Scene):
                said = misdo(self.room, heard, scene)
        except Exception as error:  # what trips a provider's own code is a bad request
            heard.complaints.append(f"{type(error).__name__}: {error}")
        with self.lock:
            self.heard.append(heard)
            self.complaints += [f"{self.name} {heard.model}: {one}" for one in heard.complaints]
        if heard.complaints:
            return self.room.error(heard, Trouble("bad_request", 400, "; ".join(heard.complaints)))
        return said if isinstance(scene, Scene) else self.room.error(heard, scene)


def misdo(room, heard, scene):
    """The answer to a request, with the scene's defect."""
    said = room.answer(heard, scene)
    if scene.defect == "empty":
        said.body = b""
    elif scene.defect == "html":
        said.content_type, said.body = "text/html", b"<html><body>It works!</body></html>"
    elif heard.stream:
        said.body = misdone(room, heard, scene.defect, list(said.body))
    elif scene.defect in ("broken-json", "cut"):
        said.body = said.body[: len(said.body) // 2]
    elif scene.defect == "no-usage":
        said.body = told(uncounted(json.loads(said.body)))
    elif scene.defect in ("early-error", "midstream-error"):
        # an error under a status that says there is none
        said.body = room.error(heard, Trouble("server_error", 500, "it broke")).body
    said.cut = scene.defect == "cut"
    return said


def misdone(room, heard, defect, events):
    """The events of a stream, with a defect in them."""
    if defect == "broken-json":
        return [*events[:2], room.event(heard, "broken", b'{"broken": '), *events[2:]]
    if defect == "cut":
        return events[: len(events) // 2]
    if defect == "unknown-events":
        return [
            one for event in events[:-1] for one in (event, room.event(heard, "news", b'{"type": "news"}'))
        ] + events[-1:]
    if defect == "no-usage":
        return [uncounted_event(event) if event.startswith((b"data:", b"event:")) else event for event in events]
    if defect == "early-error":
        return [room.fault(heard, Trouble("overloaded", 529, "too busy"))]
    if defect == "midstream-error":
        return [*events[: len(events) // 2], room.fault(heard, Trouble("overloaded", 529, "too busy"))]
    return events


def uncounted(value):
    """JSON without the figures of usage."""
    if isinstance(value, dict):
        return {key: uncounted(one) for key, one in value.items() if key not in ("usage", "usageMetadata")}
    return [uncounted(one) for one in value] if isinstance(value, list) else value


def uncounted_event(event):
    """A server-sent event without the figures of usage."""
    head, data = event.split(b"data: ")
    return event if data.startswith(b"[DONE]") else head + sse(uncounted(json.loads(data)))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Who breaks a connection off, the pair or a client, may."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, fake, *arguments):
        self.fake = fake
        super().__init__(*arguments)

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_):
        pass

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.fake.answer(Heard(self.command, self.path, headers, self.take()))
        self.send_response(said.status)
        self.send_header("content-type", said.content_type)
        for name, value in said.headers.items():
            self.send_header(name, value)
        whole = isinstance(said.body, bytes)
        self.send_header(*(("content-length", str(len(said.body))) if whole else ("transfer-encoding", "chunked")))
        self.end_headers()
        for event in [said.body] if whole else said.body:
            self.send(event, whole)
        if said.cut:
            self.close_connection = True
        elif not whole:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_PUT = do_POST

    def take(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, data, whole):
        if whole:
            return self.wfile.write(data)
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        return None


def route(heard, routes):
    """Finds the operation of a path among `(pattern, operation)`; the pattern may name a `model`."""
    for pattern, operation in routes:
        if heard.method == "POST" and (found := re.fullmatch(pattern, heard.path)):
            heard.operation = operation
            heard.json = json.loads(heard.body)
            return found.groupdict()
    heard.complaints.append(f"there is nothing at {heard.method} {heard.path}")
    return {}


def checked(kind, value):
    """The value, which must be of a type of the provider's SDK."""
    if found := complaints(kind, value):
        raise AssertionError(found)
    return value


def told(value):
    """JSON as a provider writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sse(data, name=None):
    """One server-sent event; bytes are taken as they are."""
    data = data if isinstance(data, bytes) else told(data)
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + data + b"\n\n"


def whole(value, status=200, **headers):
    """A JSON answer."""
    return Said(status, "application/json", told(value), {k.replace("_", "-"): v for k, v in headers.items()})


def refusal(trouble, value):
    """A JSON error."""
    headers = {"retry_after": str(trouble.retry_after)} if trouble.retry_after else {}
    return whole(value, trouble.status, **headers)


def stream(events):
    """A stream of server-sent events."""
    return Said(200, "text/event-stream", events)
