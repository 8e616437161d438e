"""No secret is found in anything that a run writes or says, but in the one answer that made it; at log level debug."""

import json
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from control import TOKEN, elements
from doors import ROUTES, door, result, serving

PROVIDER_KEY = "provider-key-that-nobody-sees"
PROVIDER_HEADER = "provider-header-that-nobody-sees"
WRONG = "att-wrong-token-that-nobody-has"
#: A connection for each request: who is refused before his body was read may be hung up on.
EACH = httpx.Limits(max_keepalive_connections=0)


class Said:
    """Every answer of a run, as the bytes of its head and its body."""

    def __init__(self):
        self.answers = []

    def __call__(self, answer):
        answer.read()
        head = b"".join(name + b": " + value + b"\n" for name, value in answer.headers.raw)
        self.answers.append((f"{answer.request.method} {answer.request.url}", head + answer.content))

    def having(self, secret):
        return [place for place, text in self.answers if secret.encode() in text]


@pytest.fixture(scope="module")
def run():
    """What a run said and wrote, and its secrets: each with the call whose answer gives it, if one does."""
    provider = {"api_key": PROVIDER_KEY, "headers": {"x-secret": PROVIDER_HEADER}}
    said = Said()
    with serving(provider=provider) as pair, ExitStack() as stack:
        people = lambda token: stack.enter_context(door(pair, token, event_hooks={"response": [said]}, limits=EACH))  # noqa: E731
        clients = stack.enter_context(httpx.Client(base_url=pair.front, event_hooks={"response": [said]}, limits=EACH))
        secrets = live(pair, people, clients)
        yield said, written(pair), secrets


def live(pair, people, clients):
    """A day of people and clients. Gives each secret of it with the place that told it."""
    operator, nobody = people(TOKEN), people(None)
    place = f"{pair.admin}/api/v1"
    secrets = {TOKEN: None, PROVIDER_KEY: None, PROVIDER_HEADER: None, WRONG: None}
    keyed = result(operator.post("/api/v1/keys", json={"name": "application"}, headers={"idempotency-key": "k"}))
    secrets[keyed["token"]] = f"POST {place}/keys"
    # a repetition is not told again
    operator.post("/api/v1/keys", json={"name": "application"}, headers={"idempotency-key": "k"})
    for overlap in [60, 0]:
        turned = f"/api/v1/keys/{keyed['id']}/rotate"
        token = result(operator.post(turned, json={"overlap_seconds": overlap}))["token"]
        secrets[token] = f"POST {pair.admin}{turned}"
    person = result(operator.post("/api/v1/tokens", json={"name": "person", "role": "deployer"}))
    secrets[person["token"]] = f"POST {place}/tokens"
    secrets |= browse(place, nobody, person["token"])
    route = result(people(person["token"]).post(ROUTES, json={"name": "route", "elements": elements("tiny")}))
    for secret in secrets:
        show(secret, people, clients, route)
    for path in ["keys", f"keys/{keyed['id']}", "tokens", "audit?per_page=1000", "providers", "models", "pairs"]:
        result(operator.get(f"/api/v1/{path}"))
    result(operator.delete(f"/api/v1/keys/{keyed['id']}"))
    result(operator.delete(f"/api/v1/tokens/{person['id']}"))
    result(operator.get("/api/v1/audit?per_page=1000"))
    for path in ["/", "/status", "/metrics", "/api/v1/openapi.json"]:
        assert nobody.get(path).status_code == 200
    return secrets


def browse(place, browser, token):
    """Logs in, writes, and stays logged in."""
    answer = browser.post("/api/v1/session", json={"token": token})
    csrf = result(answer)["csrf"]
    document = {"name": "browsed", "elements": elements("tiny")}
    result(browser.post("/api/v1/validate", json=document, headers={"x-csrf-token": csrf}))
    browser.post("/api/v1/validate", json=document, headers={"x-csrf-token": csrf[::-1]})
    # the session's cookie is told by the login; what its writes bring along may be asked for again
    return {answer.cookies["attache_session"]: f"POST {place}/session"}


def show(secret, people, clients, route):
    """Shows a secret wherever one can be shown, where it is right and where it is wrong, and causes every kind of error."""
    for token in [secret, f"{secret}x"]:
        person = people(token)
        person.get("/api/v1/keys")
        person.post("/api/v1/session", json={"token": token})
        people(None).get("/api/v1/keys", headers={"cookie": f"attache_session={token}"})
        person.post(ROUTES, json={"name": "no name", "elements": []})
        person.post("/api/v1/validate", content="{", headers={"content-type": "application/json"})
        person.get("/nowhere")
        people(TOKEN).post("/api/v1/validate", json={}, headers={"x-csrf-token": token})
        for model in [f"dynamic/{route['name']}", "mock/fail-401", "mock/fail-500", "mock/tiny!reset", "nobody/tiny", "?"]:
            body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
            for header, value in [("authorization", f"Bearer {token}"), ("x-api-key", token)]:
                clients.post("/v1/chat/completions", json=body, headers={header: value})
        clients.post("/v1/chat/completions", content="{", headers={"authorization": f"Bearer {token}"})
        clients.get("/v1/models", headers={"cf-aig-authorization": f"Bearer {token}"})


def written(pair):
    """Every file of the run."""
    files = [file for file in Path(pair.folder).iterdir() if file.is_file()]
    return {file.name: file.read_bytes() for file in files}


def test_the_run_was_as_long_and_wrote_what_it_should(run):
    said, written, secrets = run
    assert len(secrets) == 9
    assert len(said.answers) > 200
    assert {"attache.db", "attache.db-wal", "last-good.json", "attache.log", "envoy.log", "mock.log"} <= set(written)
    levels = {json.loads(line)["level"] for line in written["attache.log"].splitlines() if line.startswith(b"{")}
    assert {"DEBUG", "INFO"} <= levels


def test_no_file_has_a_secret(run):
    _, written, secrets = run
    found = [(name, secret) for name, text in written.items() for secret in secrets if secret.encode() in text]
    assert found == []


def test_an_answer_has_a_secret_only_where_it_is_made(run):
    said, _, secrets = run
    for secret, place in secrets.items():
        assert said.having(secret) == ([place] if place else []), secret
