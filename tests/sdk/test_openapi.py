"""The API is what its own description says: schemathesis asks everything, right and wrong."""

import itertools
import json

import pytest
import schemathesis
from control import HERE, TOKEN, controlled, elements, people
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

HEADERS = {"authorization": f"Bearer {TOKEN}"}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
SCHEMA = schemathesis.openapi.from_path(HERE.parent / "cases" / "openapi.json")
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
EXAMPLES = 15
ROUTES = "/client/v4/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes"
DOCUMENT = {"name": "document", "elements": elements("first")}
# what each call that takes a body does without complaint
RIGHT = {
    "POST /api/v1/import/cloudflare": {"document": DOCUMENT},
    "POST /api/v1/import/portkey": {"document": {"provider": "mock"}, "model": "first", "name": "imported"},
    "POST /api/v1/keys": {"name": "right", "metadata": {"plan": "paid"}, "routes": ["*"], "models": ["mock/*"]},
    "PATCH /api/v1/keys/{id}": {"metadata": {"plan": "free"}, "expires_at": "2100-01-01T00:00:00Z"},
    "POST /api/v1/keys/{id}/rotate": {"overlap_seconds": 60},
    "PUT /api/v1/routes/{id}/canary": {"version_id": "2", "percent": 5, "key": "metadata.user_id"},
    "POST /api/v1/routes/{id}/replay": {"version_id": "2"},
    "POST /api/v1/session": {"token": TOKEN},
    "POST /api/v1/simulate": {"document": DOCUMENT, "request": {"body": {}}},
    "POST /api/v1/tokens": {"name": "right", "role": "viewer"},
    "POST /api/v1/validate": DOCUMENT,
    "PUT /api/v1/health/{target}": {"seconds": 60},
    "PUT /api/v1/prices/{name}": {"versions": [{"input": 1, "output": 2.5}, {"from": "2026-01-01", "input": 1, "output": 2}]},
    f"POST {ROUTES}": {"name": "right", "elements": elements("first"), "comment": "why"},
    f"PATCH {ROUTES}/{{id}}": {"name": "another-name"},
    f"POST {ROUTES}/{{id}}/deployments": {"version_id": "2", "comment": "why"},
    f"POST {ROUTES}/{{id}}/versions": {"elements": elements("third"), "comment": "why"},
}


#: What they are asked besides; `asked` is a route that is live.
ASKED = {
    "DELETE /api/v1/conversations": {"route": "asked", "session": "any"},
    "GET /api/v1/limits": {"route": "asked"},
    "DELETE /api/v1/limits": {"route": "asked"},
    "GET /api/v1/routes/{id}/diff": {"from": 1, "to": 2},
}


@pytest.fixture(scope="module")
def pair():
    with controlled("openapi.yaml") as pair:
        yield pair


@pytest.fixture(scope="module")
def there(pair):
    """The path parameters of something new that an operation can be asked about."""
    count = itertools.count()
    with people(pair) as api:

        def made(label):
            name = f"made-{next(count)}"
            if "/prices/" in label:
                price = {"versions": [{"input": 1, "output": 2}]}
                assert api.put(f"/prices/mock%2F{name}", json=price).status_code == 200
                return {"name": f"mock%2F{name}"}
            if "/health/" in label:
                assert api.put(f"/health/mock%2F{name}", json={"seconds": 60}).status_code == 200
                return {"target": f"mock%2F{name}"}
            if label in ASKED:
                routes = f"{pair.admin}{ROUTES.format(account_id='a', gateway_id='g')}"
                api.post(routes, json={"name": "asked", "elements": elements("first")})
            if "{id}" not in label:
                return {}
            if "/keys/" in label:
                return {"id": result(api.post("/keys", json={"name": name}))}
            if "/tokens/" in label:
                return {"id": result(api.post("/tokens", json={"name": name, "role": "viewer"}))}
            routes = f"{pair.admin}{ROUTES.format(account_id='a', gateway_id='g')}"
            route = result(api.post(routes, json={"name": name, "elements": elements("first")}))
            result(api.post(f"{routes}/{route}/versions", json={"elements": elements("second")}))
            return {"id": route} | {one: "2" for one in ("version", "version_id") if f"{{{one}}}" in label}

        yield made


def result(answer):
    """The id of what was made."""
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]["id"]


def asked(pair, case):
    """The answer, which is as described; and it is not that of a door which is shut."""
    answer = case.call_and_validate(base_url=pair.admin, headers=HEADERS, checks=CHECKS)
    shut = {403, 429} if case.operation.label == "POST /api/v1/session" else {401, 403, 429}
    assert answer.status_code not in shut, answer.text
    return answer


def test_the_description_is_the_one_that_is_served(pair):
    with people(pair) as api:
        served = api.get("/openapi.json").json()
    assert served == json.loads((HERE.parent / "cases" / "openapi.json").read_text())


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_call_succeeds_as_described(pair, there, label):
    place = {one: "a" for one in ("account_id", "gateway_id") if f"{{{one}}}" in label}
    more = {"query": ASKED[label]} if label in ASKED else {}
    if label in RIGHT:
        more |= {"body": RIGHT[label], "media_type": "application/json"}
    answer = asked(pair, OPERATIONS[label].Case(path_parameters=place | there(label), **more))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_call_answers_as_described(pair, there, label, mode):
    try:
        cases = OPERATIONS[label].as_strategy(generation_mode=mode)
    except Unsatisfiable:
        return  # nothing can be wrong with a call that takes nothing

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case):
        if mode is GenerationMode.POSITIVE:
            case.path_parameters |= there(label)
        asked(pair, case)

    ask()
