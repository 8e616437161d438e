"""A pair whose Redis is reached by TLS, with a certificate of the operator's own."""

import certificate
import engines
import httpx
import pytest
from control import PLACE, controlled, done, fresh, made_key, people, soon


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rediss")
    certificate.make(folder)
    return folder


@pytest.fixture(scope="module")
def redis(folder):
    with engines.redis(folder) as port, engines.sealed(port, folder) as sealed:
        yield f"rediss://127.0.0.1:{sealed}"


@pytest.fixture
def settings(redis, tmp_path, monkeypatch):
    monkeypatch.setenv("STORE", str(tmp_path))
    monkeypatch.setenv("LEDGER", redis)
    return monkeypatch


def ledger(pair):
    return httpx.get(f"{pair.admin}/status", timeout=20).json()["ledger"]


def limited():
    """A graph whose limit lets two requests pass."""
    rate = {"key": "metadata.user", "limitType": "count", "limit": 2, "window": 3600}
    model = {"provider": "mock", "model": "m"}
    return [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "limit"}}},
        {
            "id": "limit",
            "type": "rate",
            "properties": rate,
            "outputs": {"success": {"elementId": "model"}, "fallback": {"elementId": "end"}},
        },
        {"id": "model", "type": "model", "properties": model, "outputs": {"success": {"elementId": "end"}}},
        {"id": "end", "type": "end"},
    ]


def test_limits_are_counted_there(settings, redis, folder):
    settings.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    with controlled("redis.yaml") as pair, people(pair) as api:
        soon(lambda: ledger(pair) == {"engine": redis, "state": "here"}, seconds=20)
        name, key = fresh("limited"), made_key(api)["token"]
        route = f"{pair.admin}/client/v4/accounts/{PLACE['account_id']}/ai-gateway/gateways/{PLACE['gateway_id']}/routes"
        done(api.post(route, json={"name": name, "elements": limited()}))
        body = {"model": f"dynamic/{name}", "messages": [{"role": "user", "content": "hi"}]}
        headers = {"authorization": f"Bearer {key}"}
        asked = [httpx.post(f"{pair.front}/v1/chat/completions", json=body, headers=headers, timeout=20) for _ in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429], asked[-1].text


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(settings):
    with controlled("redis.yaml") as pair:
        soon(lambda: "certificate" in ledger(pair).get("problem", ""), seconds=20)
        assert ledger(pair)["state"] == "away"
