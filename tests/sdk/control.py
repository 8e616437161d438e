"""A pair whose routes are made over the API, and what its tests say in few words."""

import itertools
import os
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
from pair import Pair

HERE = Path(__file__).parent
TOKEN = "an-admin-token-for-tests"
PLACE = {"account_id": "account", "gateway_id": "gateway"}
#: How long a change may take to be live on every pair.
EVERYWHERE = 2
NUMBERS = itertools.count(1)


@contextmanager
def controlled(config="control.yaml"):
    """A pair with the operator's token set."""
    # the other tests' pairs do not mind it
    os.environ["ATTACHE_ADMIN_TOKEN"] = TOKEN
    with Pair(HERE / config) as pair:
        yield pair


def people(pair, token=TOKEN):
    """A client of our own API."""
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{pair.admin}/api/v1", headers=headers, timeout=20)


def elements(model, provider="mock"):
    """A graph of one model."""
    return [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "model"}}},
        {
            "id": "model",
            "type": "model",
            "properties": {"provider": provider, "model": model, "timeout": 5000, "retries": 0},
            "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": "end"}},
        },
        {"id": "end", "type": "end", "outputs": {}},
    ]


def served(pair, route, **more):
    """The route, its version and its model that a request to `route` is answered by."""
    body = {"model": f"dynamic/{route}", "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx.post(f"{pair.front}/v1/chat/completions", json=body, timeout=20, **more)
    assert answer.status_code == 200, answer.text
    return answer.headers["x-attache-route"], answer.headers["x-attache-model"]


def fresh(what):
    """A name that nothing else has."""
    return f"{what}-{next(NUMBERS)}"


def done(answer):
    """The result of a call that went well."""
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def made_key(api, **terms):
    """A new client key, with its token."""
    return done(api.post("/keys", json={"name": fresh("key"), **terms}))


def made_token(api, role, **terms):
    """A new admin token."""
    return done(api.post("/tokens", json={"name": fresh(role), "role": role, **terms}))


def soon(holds, seconds=EVERYWHERE):
    """Waits until something is so, for so long at most; gives what `holds` gave."""
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline
        if got := holds():
            return got
        assert not late, f"not within {seconds} s"
        time.sleep(0.02)
