"""Pairs that people change, configured as a test wants them, and the people who come to their door."""

import json
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from control import TOKEN, controlled

ROUTES = "/client/v4/accounts/a/ai-gateway/gateways/g/routes"
ROLES = ["viewer", "editor", "deployer", "admin"]


@contextmanager
def serving(store="${FOLDER}", admin=None, provider=None, clients="optional"):
    """A pair whose database is in the folder `store`, and whose log tells as much as it can."""
    mock = {"dialect": "openai", "base_url": "http://127.0.0.1:${MOCK_PORT}/v1", **(provider or {})}
    configuration = {
        "listen": {"extproc": "unix:${FOLDER}/attache.sock", "admin": "127.0.0.1:0"},
        "envoy": {"front": "127.0.0.1:0", "admin": "127.0.0.1:0"},
        # tests show wrong tokens, all of them from one address
        "admin": {"failures": 1000, **(admin or {})},
        "store": f"sqlite:{store}/attache.db",
        "last_good": "${FOLDER}/last-good.json",
        "auth": {"clients": clients},
        "providers": {"mock": mock},
        "telemetry": {"level": "debug"},
    }
    with tempfile.TemporaryDirectory(prefix="attache-") as folder:
        file = Path(folder) / "attache.yaml"
        file.write_text(json.dumps(configuration))
        with controlled(file) as pair:
            yield pair


def door(pair, token=TOKEN, **options):
    """Somebody with this token, or without any, at people's door."""
    shown = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=pair.admin, headers=shown, timeout=20, **options)


def result(answer):
    """What a good answer gives."""
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def refusal(answer):
    """The status and the code of a bad answer."""
    return answer.status_code, answer.json()["errors"][0]["code"]


def soon(seconds):
    """A time to come, as the API reads it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def within(seconds, what):
    """Looks until `what` holds, and fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return got
