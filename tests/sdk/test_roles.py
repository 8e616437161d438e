"""Who may what: every call of the API, by every role."""

import json

import httpx
import pytest
from control import HERE, elements, fresh, made_token, people

ROLES = ["viewer", "editor", "deployer", "admin"]
ROUTES = "/client/v4/accounts/account/ai-gateway/gateways/gateway/routes"
API = "/api/v1"
GRAPH = {"elements": elements("any")}
REQUEST = {"request": {"body": {"model": "mock/any", "messages": []}}}


def new_route(deploy):
    return {"name": fresh("route"), "deploy": deploy, **GRAPH}


#: The least role, the operation, and a request for it. What it asks for is not there, where it has an id.
CALLS = [
    ("viewer", "list_routes", "GET", ROUTES, None),
    ("editor", "create_route", "POST", ROUTES, lambda: new_route(False)),
    ("deployer", "create_route", "POST", ROUTES, lambda: new_route(True)),
    ("viewer", "get_route", "GET", f"{ROUTES}/none", None),
    ("deployer", "rename_route", "PATCH", f"{ROUTES}/none", {"name": "other"}),
    ("deployer", "delete_route", "DELETE", f"{ROUTES}/none", None),
    ("viewer", "list_versions", "GET", f"{ROUTES}/none/versions", None),
    ("editor", "create_version", "POST", f"{ROUTES}/none/versions", GRAPH),
    ("viewer", "get_version", "GET", f"{ROUTES}/none/versions/1", None),
    ("viewer", "list_deployments", "GET", f"{ROUTES}/none/deployments", None),
    ("deployer", "create_deployment", "POST", f"{ROUTES}/none/deployments", {"version_id": "1"}),
    ("viewer", "validate", "POST", f"{API}/validate", {"name": "r", **GRAPH}),
    ("viewer", "simulate", "POST", f"{API}/simulate", REQUEST),
    ("viewer", "replay", "POST", f"{API}/routes/none/replay", {"version_id": "1"}),
    ("viewer", "diff_versions", "GET", f"{API}/routes/none/diff?from=1&to=2", None),
    ("deployer", "set_canary", "PUT", f"{API}/routes/none/canary", {"version_id": "1", "percent": 5}),
    ("deployer", "end_canary", "DELETE", f"{API}/routes/none/canary", None),
    ("deployer", "pin_version", "PUT", f"{API}/routes/none/pins/1", None),
    ("deployer", "unpin_version", "DELETE", f"{API}/routes/none/pins/1", None),
    ("deployer", "end_conversation", "DELETE", f"{API}/conversations?route=/none&session=any", None),
    ("viewer", "import_portkey", "POST", f"{API}/import/portkey", {"document": {"provider": "mock"}, "model": "m"}),
    ("viewer", "import_cloudflare", "POST", f"{API}/import/cloudflare", {"document": {"name": "r", **GRAPH}}),
    ("viewer", "list_keys", "GET", f"{API}/keys", None),
    ("admin", "create_key", "POST", f"{API}/keys", lambda: {"name": fresh("key")}),
    ("viewer", "get_key", "GET", f"{API}/keys/none", None),
    ("deployer", "update_key", "PATCH", f"{API}/keys/none", {"metadata": {}}),
    ("admin", "rotate_key", "POST", f"{API}/keys/none/rotate", {"overlap_seconds": 0}),
    ("admin", "revoke_key", "DELETE", f"{API}/keys/none", None),
    ("admin", "list_tokens", "GET", f"{API}/tokens", None),
    ("admin", "create_token", "POST", f"{API}/tokens", lambda: {"name": fresh("token"), "role": "viewer"}),
    ("admin", "revoke_token", "DELETE", f"{API}/tokens/none", None),
    ("viewer", "list_changes", "GET", f"{API}/audit", None),
    ("viewer", "list_providers", "GET", f"{API}/providers", None),
    ("viewer", "list_models", "GET", f"{API}/models", None),
    ("viewer", "list_prices", "GET", f"{API}/prices", None),
    ("viewer", "get_price", "GET", f"{API}/prices/none", None),
    ("admin", "set_price", "PUT", f"{API}/prices/mock%2Fcase", {"versions": [{"input": 1, "output": 2}]}),
    ("admin", "delete_price", "DELETE", f"{API}/prices/none", None),
    ("viewer", "list_health", "GET", f"{API}/health", None),
    ("deployer", "cool_target", "PUT", f"{API}/health/mock%2Fcase", {"seconds": 1}),
    ("deployer", "heal_target", "DELETE", f"{API}/health/none%2Fm", None),
    ("viewer", "list_limits", "GET", f"{API}/limits?route=/none", None),
    ("admin", "reset_limits", "DELETE", f"{API}/limits?route=/none", None),
    ("viewer", "list_pairs", "GET", f"{API}/pairs", None),
    ("viewer", "who", "GET", f"{API}/session", None),
    ("viewer", "logout", "DELETE", f"{API}/session", None),
]
#: Opens the door instead of passing it.
OPEN = {"login"}
EACH = pytest.mark.parametrize("least, name, method, path, body", CALLS, ids=[f"{c[1]}-{c[0]}" for c in CALLS])


def asked(client, method, path, body):
    return client.request(method, path, json=body() if callable(body) else body)


@pytest.fixture(scope="module")
def callers(shared, office):
    """A client for each role, and one without a token."""
    headers = {role: {"authorization": f"Bearer {made_token(office, role)['token']}"} for role in ROLES}
    with httpx.Client(base_url=shared[0].admin) as nobody:
        clients = {role: httpx.Client(base_url=shared[0].admin, headers=headers[role], timeout=20) for role in ROLES}
        yield clients | {"nobody": nobody}
        for client in clients.values():
            client.close()


def test_every_call_that_is_described_is_tried():
    described = json.loads((HERE.parent / "cases" / "openapi.json").read_text())["paths"]
    calls = {call["operationId"] for path in described.values() for call in path.values() if isinstance(call, dict)}
    assert calls == {call[1] for call in CALLS} | OPEN


@EACH
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_the_table_says(callers, role, least, name, method, path, body):
    answer = asked(callers[role], method, path, body)
    if ROLES.index(role) >= ROLES.index(least):
        assert answer.status_code == (404 if "/none" in path else 200), answer.text
    else:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, 7102), answer.text


@EACH
def test_nobody_may_anything(callers, least, name, method, path, body):
    answer = asked(callers["nobody"], method, path, body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 7101)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_what_was_refused_has_left_no_trace(shared, office):
    token = made_token(office, "editor")
    with people(shared[0], token["token"]) as editor:
        assert editor.post("/tokens", json={"name": "mine", "role": "admin"}).status_code == 403
        assert editor.post("/keys", json={"name": "mine"}).status_code == 403
    changes = office.get("/audit", params={"actor": token["id"]}).json()["result"]
    assert changes["total_count"] == 0


def test_a_draft_takes_an_editor(callers):
    draft = {"name": "drafted", "elements": elements("tiny"), "deploy": False}
    place = "/client/v4/accounts/a/ai-gateway/gateways/g/routes"
    assert callers["viewer"].post(place, json=draft).status_code == 403
    made = callers["editor"].post(place, json=draft)
    assert made.status_code == 200 and made.json()["result"]["deployment"]["deployment_id"] == ""
