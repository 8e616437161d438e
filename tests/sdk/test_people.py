"""Who may do what; what is revoked stops; and no secret is found in anything that a run writes."""

import asyncio
import time

import httpx
import pytest
from control import TOKEN, controlled, elements, people

ROUTES = "/client/v4/accounts/a/ai-gateway/gateways/g/routes"
ROLES = ["viewer", "editor", "deployer", "admin"]
PROVIDER_KEY = "a-provider-key-that-nobody-sees"


@pytest.fixture(scope="module")
def pair():
    with controlled("people.yaml") as pair:
        yield pair


@pytest.fixture(scope="module")
def operator(pair):
    with people(pair) as api:
        api.base_url = pair.admin
        yield api


@pytest.fixture(scope="module")
def tokens(operator):
    make = lambda role: operator.post("/api/v1/tokens", json={"name": f"a {role}", "role": role}).json()  # noqa: E731
    return {role: make(role)["result"]["token"] for role in ROLES}


@pytest.fixture(scope="module")
def route(operator):
    made = operator.post(ROUTES, json={"name": "r", "elements": elements("first")}).json()["result"]
    operator.post(f"{ROUTES}/{made['id']}/versions", json={"elements": elements("second")})
    return made["id"]


def calls(route):
    """What a call takes at least: role, method, path, body."""
    yield "viewer", "GET", ROUTES, None
    yield "viewer", "GET", f"{ROUTES}/{route}", None
    yield "viewer", "POST", "/api/v1/validate", {"name": "x", "elements": elements("x")}
    yield "viewer", "POST", "/api/v1/simulate", {"route": "r", "request": {"body": {}}}
    yield "viewer", "GET", f"/api/v1/routes/{route}/diff?from=1&to=2", None
    yield "viewer", "GET", "/api/v1/audit", None
    yield "viewer", "GET", "/api/v1/keys", None
    yield "editor", "POST", f"{ROUTES}/{route}/versions", {"elements": elements("third")}
    yield "editor", "POST", ROUTES, {"name": "r", "elements": elements("x"), "deploy": False}
    yield "deployer", "POST", ROUTES, {"name": "r", "elements": elements("x")}
    yield "deployer", "POST", f"{ROUTES}/{route}/deployments", {"version_id": "2"}
    yield "deployer", "PATCH", f"{ROUTES}/{route}", {"name": "r"}
    yield "deployer", "PUT", f"/api/v1/routes/{route}/canary", {"version_id": "1", "percent": 5}
    yield "deployer", "DELETE", f"/api/v1/routes/{route}/canary", None
    yield "deployer", "PUT", f"/api/v1/routes/{route}/pins/1", None
    yield "deployer", "PATCH", "/api/v1/keys/nobody", {"name": "x"}
    yield "deployer", "DELETE", f"{ROUTES}/nobody", None
    yield "admin", "POST", "/api/v1/keys", {"name": "a key of many"}
    yield "admin", "POST", "/api/v1/keys/nobody/rotate", {"overlap_seconds": 1}
    yield "admin", "DELETE", "/api/v1/keys/nobody", None
    yield "admin", "GET", "/api/v1/tokens", None
    yield "admin", "POST", "/api/v1/tokens", {"name": "a token of many", "role": "viewer"}
    yield "admin", "DELETE", "/api/v1/tokens/nobody", None


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_may(pair, tokens, route, role):
    with httpx.Client(base_url=pair.admin, headers={"authorization": f"Bearer {tokens[role]}"}) as api:
        for least, method, path, body in calls(route):
            answer = api.request(method, path, json=body)
            barred = ROLES.index(role) < ROLES.index(least)
            assert (answer.status_code == 403) == barred, (role, method, path, answer.text)
            assert not barred or answer.json()["errors"][0]["code"] == 7102
            assert answer.status_code < 500, answer.text


def test_a_revoked_token_opens_nothing(pair, operator):
    made = operator.post("/api/v1/tokens", json={"name": "short-lived", "role": "viewer"}).json()["result"]
    shown = {"authorization": f"Bearer {made['token']}"}
    assert httpx.get(f"{pair.admin}{ROUTES}", headers=shown).status_code == 200
    operator.delete(f"/api/v1/tokens/{made['id']}")
    assert httpx.get(f"{pair.admin}{ROUTES}", headers=shown).status_code == 401


def chat(pair, key):
    body = {"model": "dynamic/r", "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{pair.front}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})


def test_a_key_is_rotated_and_revoked(pair, operator, route):
    made = operator.post("/api/v1/keys", json={"name": "rotated"}).json()["result"]
    assert chat(pair, made["token"]).status_code == 200
    rotated = operator.post(f"/api/v1/keys/{made['id']}/rotate", json={"overlap_seconds": 1}).json()["result"]
    assert [chat(pair, key).status_code for key in (made["token"], rotated["token"])] == [200, 200]
    until(lambda: chat(pair, made["token"]).status_code == 401)
    assert chat(pair, rotated["token"]).status_code == 200
    operator.delete(f"/api/v1/keys/{made['id']}")
    assert chat(pair, rotated["token"]).status_code == 401


def until(what, seconds=2):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s"


def test_a_browser_logs_in_and_out(pair, tokens):
    with httpx.Client(base_url=f"{pair.admin}/api/v1") as browser:
        login = browser.post("/session", json={"token": tokens["deployer"]})
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(login.headers["set-cookie"].split("; "))
        assert browser.get("/session").json()["result"]["role"] == "deployer"
        body = {"name": "nobody"}
        assert browser.patch("/keys/nobody", json=body).json()["errors"][0]["code"] == 7103
        csrf = {"x-csrf-token": login.json()["result"]["csrf"]}
        assert browser.patch("/keys/nobody", json=body, headers=csrf).status_code == 404
        cookie = dict(browser.cookies)
        assert browser.delete("/session", headers=csrf).status_code == 200
    assert httpx.get(f"{pair.admin}/api/v1/session", cookies=cookie).status_code == 401


def test_every_answer_has_security_headers(pair):
    for path in ["/", "/status", "/api/v1/keys", "/nowhere"]:
        headers = httpx.get(pair.admin + path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY", path
        assert "default-src 'none'" in headers["content-security-policy"], path


def test_fifty_writers_race_and_every_answer_is_right(pair, operator):
    made = operator.post(ROUTES, json={"name": "raced", "elements": elements("x")}).json()["result"]
    place = f"{pair.admin}{ROUTES}/{made['id']}"

    async def race():
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}, timeout=60) as api:
            body = [{"elements": elements(f"m{n}")} for n in range(50)]
            versions = await asyncio.gather(*(api.post(f"{place}/versions", json=one) for one in body))
            tag = (await api.get(place)).headers["etag"]
            deploy = lambda n: api.post(f"{place}/deployments", json={"version_id": str(n)}, headers={"if-match": tag})  # noqa: E731
            return versions, await asyncio.gather(*(deploy(n + 2) for n in range(50)))

    versions, deployments = asyncio.run(race())
    assert sorted(int(v.json()["result"]["version"]["version_id"]) for v in versions) == list(range(2, 52))
    for version in versions:
        told = version.json()["result"]
        assert told["elements"][1]["properties"]["model"] in version.request.content.decode()
    assert sorted(d.status_code for d in deployments) == [200] + [409] * 49
    assert {d.json()["errors"][0]["code"] for d in deployments if d.status_code == 409} == {7004}


def test_a_repeated_creation_makes_one_thing(pair):
    async def repeat():
        headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "once"}
        async with httpx.AsyncClient(base_url=pair.admin, headers=headers, timeout=60) as api:
            body = {"name": "once", "elements": elements("x")}
            made = await asyncio.gather(*(api.post(ROUTES, json=body) for _ in range(20)))
            return made, await api.post(ROUTES, json={**body, "name": "twice"})

    made, other = asyncio.run(repeat())
    assert {one.status_code for one in made} == {200}
    assert len({one.json()["result"]["id"] for one in made}) == 1
    assert (other.status_code, other.json()["errors"][0]["code"]) == (409, 7006)


def test_no_secret_is_found_in_anything_that_is_written(pair):
    answers = []
    keep = {"response": [lambda answer: answers.append(answer.read() + str(answer.headers).encode())]}
    with httpx.Client(base_url=pair.admin, event_hooks=keep) as api:
        api.headers["authorization"] = f"Bearer {TOKEN}"
        token = api.post("/api/v1/tokens", json={"name": "found?", "role": "editor"}).json()["result"]["token"]
        key = api.post("/api/v1/keys", json={"name": "found?"}).json()["result"]
        new = api.post(f"/api/v1/keys/{key['id']}/rotate", json={"overlap_seconds": 60}).json()["result"]["token"]
        secrets = [TOKEN, token, key["token"], new, PROVIDER_KEY]
        answers.clear()
        for secret in secrets:
            api.get("/api/v1/keys", headers={"authorization": f"Bearer {secret}"})
            api.post(ROUTES, json={"name": secret}, headers={"authorization": f"Bearer {secret}x"})
            chat(pair, secret)
        for path in ["keys", f"keys/{key['id']}", "tokens", "audit?per_page=1000", "providers", "pairs"]:
            api.get(f"/api/v1/{path}")
        [api.get(path) for path in ["/status", "/metrics", "/", "/api/v1/openapi.json"]]
    files = [file for file in pair.folder.iterdir() if file.is_file() and file.name != "envoy.yaml"]
    assert {"attache.db", "last-good.json", "attache.log", "envoy.log"} <= {file.name for file in files}
    written = answers + [file.read_bytes() for file in files]
    for secret in secrets:
        assert not [text[:200] for text in written if secret.encode() in text], secret


def test_who_guesses_must_wait(pair):
    guess = lambda: httpx.get(f"{pair.admin}/api/v1/keys", headers={"authorization": "Bearer guess"})  # noqa: E731
    with controlled() as pair:
        assert [guess().status_code for _ in range(10)] == [401] * 10
        waits = guess()
        assert waits.status_code == 429 and 0 < int(waits.headers["retry-after"]) <= 60
        assert waits.json()["errors"][0]["code"] == 7104
