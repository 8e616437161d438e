"""A client key gives its application's model names a meaning, which people change without touching the application."""

import collections
import json
import math

import httpx
import openai
import pytest
from control import done, elements, fresh, made_key, soon

SAID = {"messages": [{"role": "user", "content": "hi"}]}
COUNT = 400
ROUTES = "/client/v4/accounts/account/ai-gateway/gateways/gateway/routes"


@pytest.fixture
def application(shared):
    """What an application sees of a key: the headers of the answers to a model's name."""
    clients = []

    def known_by(key):
        clients.append(openai.OpenAI(base_url=f"{shared[0].front}/v1", api_key=key, max_retries=0, timeout=20))
        ask = clients[-1].chat.completions.with_raw_response.create
        return lambda model, **metadata: ask(
            model=model, extra_headers={"x-attache-metadata": json.dumps(metadata)}, **SAID
        ).headers

    yield known_by
    for client in clients:
        client.close()


def entry(model, **more):
    return {"name": "chat-model", "provider": "mock", "modelNameOverride": model, **more}


def shares(**weights):
    return {"strategy": "traffic_splitting", "entries": [entry(m, weight=w) for m, w in weights.items()]}


def likely(count, share):
    """Whether so many of `COUNT` requests are what a share gives, but for once in a million times."""
    deviation = math.sqrt(COUNT * share * (1 - share))
    return abs(count - COUNT * share) <= 4.9 * deviation + 1


def attempts(pair, model):
    """How many calls of a model the metrics tell of."""
    lines = httpx.get(f"{pair.admin}/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("attache_attempts_total{") and f'model="{model}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def records(pair, key):
    """The log's lines of a key's exchanges."""
    lines = [json.loads(line) for line in pair.log("attache").read_text().splitlines() if '"exchange"' in line]
    return [line for line in lines if line.get("target") == "exchange" and line.get("key") == key]


def test_shares_are_changed_without_the_application(shared, office, application):
    one, other = fresh("model"), fresh("model")
    key = made_key(office, routing=shares(**{one: 50, other: 50}))
    ask = application(key["token"])
    for share in (0.5, 0.95):
        weights = {one: round(100 * share), other: round(100 - 100 * share)}
        done(office.patch(f"/keys/{key['id']}", json={"routing": shares(**weights)}))
        before = {model: attempts(shared[0], model) for model in weights}
        found = collections.Counter(ask("chat-model")["x-attache-model"] for _ in range(COUNT))
        assert set(found) == {one, other} and likely(found[one], share), found
        soon(lambda: {m: attempts(shared[0], m) - before[m] for m in weights} == dict(found))
    told = soon(lambda: told if len(told := records(shared[0], key["id"])) == 2 * COUNT else None)
    assert {(line["asked"], line["model"]) for line in told} == {("chat-model", one), ("chat-model", other)}


def test_a_share_keeps_its_clients(office, application):
    routing = shares(one=50, other=50) | {"key": "metadata.user"}
    key = made_key(office, routing=routing)
    ask = application(key["token"])
    found = [{user: ask("chat-model", user=user)["x-attache-model"] for user in range(40)} for _ in range(2)]
    assert found[0] == found[1] and set(found[0].values()) == {"one", "other"}


def test_the_first_entry_that_matches_is_taken(office, application):
    entries = [
        entry("regulated", match={"metadata.regulated": True}),
        entry("bulk", match={"metadata.kind": "bulk"}),
        entry("rest"),
    ]
    ask = application(made_key(office, routing={"strategy": "conditional", "entries": entries})["token"])
    for metadata, model in [
        ({"regulated": True, "kind": "bulk"}, "regulated"),
        ({"regulated": False, "kind": "bulk"}, "bulk"),
        ({"kind": "chat"}, "rest"),
        ({}, "rest"),
    ]:
        assert ask("chat-model", **metadata)["x-attache-model"] == model


def test_a_fallback_is_taken_when_the_entry_before_has_failed(office, application):
    entries = [entry("down!status=503"), entry("up")]
    ask = application(made_key(office, routing={"strategy": "fallback", "entries": entries})["token"])
    answer = ask("chat-model")
    assert (answer["x-attache-model"], answer["x-attache-attempts"]) == ("up", "2")


def test_a_name_for_a_route_follows_its_deployments(shared, office, application):
    name, place = fresh("followed"), shared[0].admin + ROUTES
    route = done(office.post(place, json={"name": name, "elements": elements("first")}))
    routing = {"entries": [{"name": "help", "route": name}]}
    ask = application(made_key(office, routing=routing, routes=[], models=[])["token"])
    assert (ask("help")["x-attache-route"], ask("help")["x-attache-model"]) == (f"{name}@1", "first")
    done(office.post(f"{place}/{route['id']}/versions", json={"elements": elements("second")}))
    assert ask("help")["x-attache-route"] == f"{name}@1", "a draft is not live"
    for version, model in [("2", "second"), ("1", "first")]:
        done(office.post(f"{place}/{route['id']}/deployments", json={"version_id": version}))
        assert (ask("help")["x-attache-route"], ask("help")["x-attache-model"]) == (f"{name}@{version}", model)


def test_names_are_switched_off_and_taken_away(office, application):
    routing = {"entries": [entry("real")]}
    key = made_key(office, routing=routing)
    ask = application(key["token"])
    assert ask("chat-model")["x-attache-model"] == "real"
    for gone in (routing | {"active": False}, None):
        done(office.patch(f"/keys/{key['id']}", json={"routing": gone}))
        with pytest.raises(openai.APIStatusError) as refused:
            ask("chat-model")
        assert 400 <= refused.value.status_code < 500
        done(office.patch(f"/keys/{key['id']}", json={"routing": routing}))
        assert ask("chat-model")["x-attache-model"] == "real"


def test_mistakes_are_told_with_their_places_and_change_nothing(office, application):
    key = made_key(office, routing={"entries": [entry("real")]})
    broken = {"entries": [entry("real"), {"name": "other", "provider": "nobody"}]}
    refused = office.patch(f"/keys/{key['id']}", json={"routing": broken})
    assert refused.status_code == 400
    assert all(one["path"][:2] == ["body", "routing"] for one in refused.json()["errors"]), refused.text
    assert application(key["token"])("chat-model")["x-attache-model"] == "real"
