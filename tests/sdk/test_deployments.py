"""What Cloudflare's SDK deploys before one pair is live on the other; a stream keeps the version that it began with."""

import cloudflare
import openai
import pytest
import strict
from cloudflare.types import ai_gateway as types
from control import PLACE, TOKEN, elements, fresh, made_key, served, soon

SLOW = "slow!gap=20,tokens=60"


@pytest.fixture(scope="module")
def routes(shared):
    """The SDK before the first pair."""
    settings = {"base_url": f"{shared[0].admin}/client/v4", "max_retries": 0, "_strict_response_validation": True}
    with cloudflare.Cloudflare(api_token=TOKEN, **settings) as client:
        yield client.ai_gateway.dynamic_routing


@pytest.fixture(scope="module")
def key(office):
    return {"authorization": f"Bearer {made_key(office)['token']}"}


def made(routes, *models):
    """A route with a version for each model, of which the first is live."""
    route = routes.create("gateway", account_id="account", name=fresh("deployed"), elements=elements(models[0]))
    for model in models[1:]:
        routes.create_version(route.id, elements=elements(model), **PLACE)
    return route


def test_a_deployment_and_a_rollback_are_live_on_the_other_pair(shared, routes, key):
    route = made(routes, "first", "second")
    one, other = shared

    def is_live(version, model):
        wanted = (f"{route.name}@{version}", model)
        assert served(one, route.name, headers=key) == wanted, "at once"
        soon(lambda: answered(other, route.name, key) == wanted)

    is_live("1", "first")
    for version, model in [("2", "second"), ("1", "first")]:
        routes.create_deployment(route.id, version_id=version, **PLACE)
        is_live(version, model)
    routes.delete(route.id, **PLACE)
    soon(lambda: answered(other, route.name, key) is None)


def answered(pair, route, key):
    """The version and the model that answer; none, while the pair does not know the route."""
    try:
        return served(pair, route, headers=key)
    except AssertionError:
        return None


def test_a_stream_ends_on_the_version_that_it_began_with(shared, routes, key):
    route = made(routes, SLOW, "second")
    token = key["authorization"].removeprefix("Bearer ")
    with openai.OpenAI(base_url=f"{shared[0].front}/v1", api_key=token, max_retries=0, timeout=20) as client:
        ask = client.chat.completions.with_streaming_response.create
        messages = [{"role": "user", "content": "hi"}]
        with ask(model=f"dynamic/{route.name}", stream=True, messages=messages) as answer:
            chunks = iter(answer.parse())
            models = [next(chunks).model]
            routes.create_deployment(route.id, version_id="2", **PLACE)
            assert served(shared[0], route.name, headers=key) == (f"{route.name}@2", "second")
            rest = list(chunks)
            models += [chunk.model for chunk in rest]
        assert answer.headers["x-attache-route"] == f"{route.name}@1"
    assert len(set(models)) == 1 and len(models) > 50, "whole, and of one model"
    assert rest[-1].choices[0].finish_reason == "stop"


def test_every_field_is_there_that_the_sdk_declares(routes):
    """At any depth, and of the declared type. What we tell besides may be unknown to it."""
    route = made(routes, "first")
    deployed = {"version_id": "2"}
    answers = {
        types.DynamicRoutingCreateResponse: route,
        types.DynamicRoutingGetResponse: routes.get(route.id, **PLACE),
        types.DynamicRoutingListResponse: routes.list("gateway", account_id="account"),
        types.DynamicRoutingCreateVersionResponse: routes.create_version(route.id, elements=elements("x"), **PLACE),
        types.DynamicRoutingGetVersionResponse: routes.get_version("1", id=route.id, **PLACE),
        types.DynamicRoutingListVersionsResponse: routes.list_versions(route.id, **PLACE),
        types.DynamicRoutingCreateDeploymentResponse: routes.create_deployment(route.id, **deployed, **PLACE),
        types.DynamicRoutingListDeploymentsResponse: routes.list_deployments(route.id, **PLACE),
        types.DynamicRoutingUpdateResponse: routes.update(route.id, name=fresh("renamed"), **PLACE),
        types.DynamicRoutingDeleteResponse: routes.delete(route.id, **PLACE),
    }
    for kind, answer in answers.items():
        found = strict.complaints(kind, answer.to_dict(mode="json"))
        assert [one for one in found if "unknown to" not in one] == [], kind.__name__
