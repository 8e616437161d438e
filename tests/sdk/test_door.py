"""The lock of people's door: tokens and browsers that are shut out everywhere, guessers, other sites, HTTPS."""

import datetime
import ssl
from contextlib import contextmanager

import certificate
import httpx
import pytest
from control import HERE, TOKEN, done, fresh, made_token, people, soon
from pair import Pair

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
ROUTES = "/client/v4/accounts/a/ai-gateway/gateways/g/routes"
PAGES = ["/", "/healthz", "/readyz", "/status", "/metrics", "/nothing", "/api/v1/openapi.json", "/api/v1/keys"]


def from_address(pair, address, **more):
    """A client that comes from another address of this machine."""
    return httpx.Client(base_url=pair.admin, transport=httpx.HTTPTransport(local_address=address), **more)


@contextmanager
def browser(pair, token=TOKEN):
    """Somebody who has logged in, and what his writes must send along."""
    with httpx.Client(base_url=f"{pair.admin}/api/v1") as client:
        who = done(client.post("/session", json={"token": token}))
        yield client, {"x-csrf-token": who["csrf"]}


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_a_revoked_token_opens_nothing_at_once_and_anywhere(shared, office):
    made = made_token(office, "admin")
    clients = [people(pair, made["token"]) for pair in shared]
    assert [client.get("/keys").status_code for client in clients] == [200, 200]
    gone = done(office.delete(f"/tokens/{made['id']}"))
    assert gone["revoked_at"] and "token" not in gone
    assert [client.get("/keys").status_code for client in clients] == [401, 401]


def test_a_token_ends_when_it_said(shared, office):
    made = made_token(office, "viewer", expires_at=in_seconds(0.5))
    with from_address(shared[0], "127.0.0.5", headers={"authorization": f"Bearer {made['token']}"}) as client:
        assert client.get("/api/v1/keys").status_code == 200
        soon(lambda: client.get("/api/v1/keys").status_code == 401)


def test_a_browser_has_a_cookie_that_scripts_can_not_read(shared):
    with browser(shared[0]) as (client, _):
        answer = client.post("/session", json={"token": TOKEN})
        name, *flags = answer.headers["set-cookie"].split("; ")
        assert name.startswith("attache_session=")
        assert flags == ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
        assert TOKEN not in answer.headers["set-cookie"]
        assert done(client.get("/session")) == done(answer)
        assert done(answer) | {"csrf": ...} == {"name": "environment", "role": "admin", "csrf": ...}


def test_a_browsers_writes_need_its_own_csrf_token(shared):
    with browser(shared[0]) as (client, csrf), browser(shared[0]) as (_, of_other):
        assert client.get("/keys").status_code == 200
        for headers in [{}, {"x-csrf-token": ""}, {"x-csrf-token": "guessed"}, of_other]:
            refused = client.post("/keys", json={"name": fresh("key")}, headers=headers)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, 7103)
        done(client.post("/keys", json={"name": fresh("key")}, headers=csrf))


def test_who_logs_out_is_out_everywhere(shared):
    with browser(shared[0]) as (client, csrf):
        cookie = {"cookie": f"attache_session={client.cookies['attache_session']}"}
        ask = [lambda pair=pair: httpx.get(f"{pair.admin}/api/v1/keys", headers=cookie).status_code for pair in shared]
        assert [one() for one in ask] == [200, 200]
        assert client.delete("/session").status_code == 403
        answer = client.delete("/session", headers=csrf)
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert [one() for one in ask] == [401, 401]


def test_a_session_ends_with_its_token(shared, office):
    made = made_token(office, "editor")
    with browser(shared[0], made["token"]) as (client, csrf):
        assert done(client.get("/session"))["role"] == "editor"
        assert client.post("/keys", json={"name": fresh("key")}, headers=csrf).status_code == 403
        done(office.delete(f"/tokens/{made['id']}"))
        assert client.get("/session").status_code == 401


def test_who_guesses_waits_and_nobody_else(shared):
    wrong = {"authorization": "Bearer att-guessed"}
    with from_address(shared[0], "127.0.0.6") as client:
        statuses = [client.get("/api/v1/keys", headers=wrong).status_code for _ in range(32)]
        assert statuses == [401] * 30 + [429] * 2
        refused = client.get("/api/v1/keys", headers={"authorization": f"Bearer {TOKEN}"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, 7104), "the right one neither"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert client.post("/api/v1/session", json={"token": TOKEN}).status_code == 429
        assert client.get("/api/v1/keys").status_code == 401, "who shows nothing has not guessed"
        assert client.get("/status").status_code == 200
    with from_address(shared[0], "127.0.0.7", headers={"authorization": f"Bearer {TOKEN}"}) as client:
        assert client.get("/api/v1/keys").status_code == 200


def test_guessed_logins_and_cookies_count_too(shared):
    with from_address(shared[0], "127.0.0.8") as client:
        cookie = {"cookie": "attache_session=guessed"}
        for _ in range(15):
            assert client.post("/api/v1/session", json={"token": "guessed"}).status_code == 401
            assert client.get("/api/v1/session", headers=cookie).status_code == 401
        assert client.get("/api/v1/session", headers=cookie).status_code == 429


def test_who_is_refused_before_the_body_was_read_is_not_kept_waiting_for_more(shared):
    """The connection ends there: what a client sent into it next would be lost."""
    with httpx.Client(base_url=f"{shared[0].admin}/api/v1") as nobody, people(shared[0]) as somebody:
        for _ in range(50):
            assert nobody.post("/keys", json={"name": "x" * 10_000}).headers["connection"] == "close"
        for client, status in [(nobody, 401), (somebody, 200)]:
            answer = client.get("/keys")
            assert (answer.status_code, "connection" in answer.headers) == (status, False)


@pytest.mark.parametrize("path", PAGES)
def test_no_other_site_may_read_a_page(shared, path):
    asked = {"origin": "http://other.example", "access-control-request-method": "POST"}
    for method in ("GET", "OPTIONS"):
        answer = httpx.request(method, shared[0].admin + path, headers=asked)
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_every_answer_tells_browsers_to_be_careful(shared):
    large = {"name": "x" * (5 << 20), "elements": []}
    headers = {"authorization": f"Bearer {TOKEN}"}
    with (
        httpx.Client(base_url=shared[0].admin) as nobody,
        httpx.Client(base_url=shared[0].admin, headers=headers) as operator,
    ):
        answers = [
            *[(200, nobody.get(path)) for path in ["/", "/healthz", "/readyz", "/status", "/metrics"]],
            (200, nobody.get("/api/v1/openapi.json")),
            (200, operator.get("/api/v1/keys")),
            (401, nobody.get("/api/v1/keys")),
            (404, nobody.get("/nowhere")),
            (404, operator.get(f"{ROUTES}/{'0' * 32}")),
            (405, operator.post("/metrics")),
            (400, operator.post(ROUTES, json={"name": "no name", "elements": []})),
            (400, operator.post("/api/v1/keys", content="{", headers={"content-type": "application/json"})),
            (415, operator.post("/api/v1/keys", content="a=b")),
            # the last one: the door hangs up on who sends this much
            (413, operator.post("/api/v1/validate", json=large)),
        ]
    for status, answer in answers:
        assert answer.status_code == status, answer.text
        told = {name: answer.headers.get(name) for name in HEADERS}
        assert told == HEADERS, answer.url
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script-src" not in policy and "unsafe-eval" not in policy


def test_the_door_speaks_https(monkeypatch):
    monkeypatch.setenv("ATTACHE_ADMIN_TOKEN", TOKEN)
    pair = Pair(HERE / "certificate.yaml")
    certificate.make(pair.folder)
    trusted = ssl.create_default_context(cafile=pair.folder / "certificate.pem")
    with pair, httpx.Client(base_url=pair.admin.replace("http:", "https:"), verify=trusted) as client:
        assert client.get("/healthz").text == "ok\n"
        answer = client.post("/api/v1/session", json={"token": TOKEN})
        assert "; Secure" in answer.headers["set-cookie"]
        assert client.get("/api/v1/session").json()["result"]["role"] == "admin"
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{pair.admin}/healthz")
