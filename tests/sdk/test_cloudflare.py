"""Cloudflare's official SDK, sync and async, drives the routes API: only its token and its base URL are changed."""

import asyncio
import inspect

import cloudflare
import pytest
from control import PLACE, TOKEN, controlled, elements, people, served

# in the SDK's own shapes, but with two mistakes
BROKEN = elements("tiny", provider="nobody")
BROKEN[0] = {"id": "start", "type": "start", "outputs": {"next": {"elementId": "nowhere"}}}
DOCS_DIALECT = [
    {"id": "start", "type": "start", "outputs": {"next": {"elementId": "paid"}}},
    {
        "id": "paid",
        "type": "conditional",
        "properties": {"condition": {"metadata.plan": "paid"}},
        "outputs": {"true": {"elementId": "limit"}, "false": {"elementId": "end"}},
    },
    {
        "id": "limit",
        "type": "rate_limit",
        "properties": {"key": "metadata.user", "limit": 5, "limitType": "count", "interval": 60},
        "outputs": {"success": {"elementId": "model"}, "fallback": {"elementId": "end"}},
    },
    *elements("tiny")[1:],
]


@pytest.fixture(scope="module")
def pair():
    with controlled() as pair:
        yield pair


@pytest.fixture(scope="module", params=["sync", "async"])
def sdk(pair, request):
    """Calls of the SDK; what is answered is read strictly."""
    kinds = {"sync": cloudflare.Cloudflare, "async": cloudflare.AsyncCloudflare}
    settings = {"base_url": f"{pair.admin}/client/v4", "max_retries": 0, "_strict_response_validation": True}
    loop = asyncio.new_event_loop()

    def call(method, *args, token=TOKEN, **more):
        async def awaited():
            client = kinds[request.param](api_token=token, **settings)
            called = getattr(client.ai_gateway.dynamic_routing, method)(*args, **more)
            return await called if inspect.isawaitable(called) else called

        return loop.run_until_complete(awaited())

    call.kind = request.param
    yield call
    loop.close()


def made(sdk, name, model="first"):
    return sdk("create", name=f"{name}-{sdk.kind}", elements=elements(model), **PLACE)


def test_all_ten_methods(pair, sdk):
    route = made(sdk, "ten")
    assert (route.version.version_id, route.version.active, route.deployment.version_id) == ("1", "true", "1")
    assert served(pair, route.name) == (f"{route.name}@1", "first")
    assert sdk("get", route.id, **PLACE).id == route.id
    listed = sdk("list", "gateway", account_id="account", per_page=1000)
    assert route.id in [one.id for one in listed.data.routes]
    changed = sdk("create_version", route.id, elements=elements("second"), extra_body={"comment": "why"}, **PLACE)
    assert (changed.version["version_id"], changed.version["active"], changed.version["comment"]) == ("2", "false", "why")
    assert served(pair, route.name) == (f"{route.name}@1", "first")
    assert sdk("get_version", "2", id=route.id, **PLACE).is_valid
    versions = sdk("list_versions", route.id, **PLACE).data.versions
    assert [(v.version_id, v.active) for v in versions] == [("2", "false"), ("1", "true")]
    assert sdk("create_deployment", route.id, version_id="2", **PLACE).to_dict()["deployment"]["version_id"] == "2"
    assert served(pair, route.name) == (f"{route.name}@2", "second")
    sdk("create_deployment", route.id, version_id="1", **PLACE)
    assert served(pair, route.name) == (f"{route.name}@1", "first"), "a rollback is live at once"
    deployments = sdk("list_deployments", route.id, **PLACE).data.deployments
    assert [d.version_id for d in deployments] == ["1", "2", "1"]
    renamed = sdk("update", route.id, name=f"renamed-{sdk.kind}", **PLACE).route
    assert served(pair, renamed.name) == (f"{renamed.name}@1", "first")
    assert sdk("delete", route.id, **PLACE).id == route.id
    with pytest.raises(cloudflare.NotFoundError):
        sdk("get", route.id, **PLACE)


def test_what_was_sent_is_given_back(sdk):
    sent = elements("first")
    sent[1]["properties"]["params"] = {"default": {"temperature": 0.5}}
    route = sdk("create", name=f"back-{sdk.kind}", elements=sent, **PLACE)
    got = sdk("get", route.id, **PLACE)
    assert [one.to_dict() for one in got.elements] == sent
    rest = sdk("create_version", route.id, elements=DOCS_DIALECT, **PLACE)
    conditional, limit = (one.to_dict() for one in rest.elements[1:3])
    assert conditional["properties"] == {"conditions": {"metadata.plan": "paid"}}
    assert limit["type"] == "rate" and limit["properties"]["window"] == 60 and "interval" not in limit["properties"]


def test_a_draft_with_mistakes_is_kept_and_told_but_not_deployed(pair, sdk):
    route = made(sdk, "broken")
    draft = sdk("create_version", route.id, elements=BROKEN, **PLACE)
    assert draft.version["is_valid"] is False
    told = sdk("get_version", draft.version["version_id"], id=route.id, **PLACE).to_dict()["diagnostics"]
    assert {"G021 unknown-provider", "G014 dangling-link"} <= {one["rule"] for one in told}
    with pytest.raises(cloudflare.BadRequestError) as refused:
        sdk("create_deployment", route.id, version_id=draft.version["version_id"], **PLACE)
    assert len(refused.value.response.json()["errors"]) == len(told)
    assert all(one["path"][:2] == ["body", "elements"] for one in refused.value.response.json()["errors"])
    assert served(pair, route.name) == (f"{route.name}@1", "first")


def test_errors_are_the_proper_exceptions(pair, sdk):
    route = made(sdk, "errors")
    with pytest.raises(cloudflare.BadRequestError) as refused:
        sdk("create", name="never", elements=BROKEN, **PLACE)
    told = refused.value.response.json()["errors"]
    assert {"G021 unknown-provider", "G014 dangling-link"} <= {one["rule"] for one in told}
    assert all(one["path"][:2] == ["body", "elements"] for one in told)
    with pytest.raises(cloudflare.ConflictError):
        made(sdk, "errors")
    with pytest.raises(cloudflare.NotFoundError):
        sdk("get_version", "77", id=route.id, **PLACE)
    with pytest.raises(cloudflare.AuthenticationError):
        sdk("get", route.id, token="nobody's", **PLACE)
    stale = {"if-match": '"1"'}
    sdk("create_version", route.id, elements=elements("second"), extra_headers=stale, **PLACE)
    with pytest.raises(cloudflare.ConflictError):
        sdk("create_deployment", route.id, version_id="2", extra_headers=stale, **PLACE)
    with people(pair) as api:
        token = api.post("/tokens", json={"name": f"viewer-{sdk.kind}", "role": "viewer"}).json()["result"]["token"]
    assert sdk("get", route.id, token=token, **PLACE).id == route.id
    with pytest.raises(cloudflare.PermissionDeniedError):
        sdk("create_version", route.id, token=token, elements=elements("third"), **PLACE)
