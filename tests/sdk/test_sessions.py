"""A conversation of twenty turns through four pairs, across a deployment and a canary, keeps its version, arm and model."""

from contextlib import ExitStack

import httpx
import openai
import pytest
from control import PLACE, controlled, done, fresh, made_key, soon

TURNS = 20
#: Conversations at once: enough that no luck keeps all of them where they are.
TALKS = 8


@pytest.fixture(scope="module")
def fleet(shared):
    """Four pairs on one store."""
    with ExitStack() as stack:
        yield [*shared, *(stack.enter_context(controlled("shared.yaml")) for _ in range(2))]


@pytest.fixture(scope="module")
def clients(fleet, office):
    token = made_key(office)["token"]
    with ExitStack() as stack:
        yield [
            stack.enter_context(openai.OpenAI(base_url=f"{pair.front}/v1", api_key=token, max_retries=0, timeout=20))
            for pair in fleet
        ]


def split(*models):
    """A graph that splits evenly between two models, each with a fallback."""
    elements = [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "split"}}},
        {
            "id": "split",
            "type": "percentage",
            "outputs": {"50%": {"elementId": models[0]}, "else": {"elementId": models[1]}},
        },
        {"id": "end", "type": "end"},
    ]
    for model in models:
        properties = {"provider": "mock", "model": model}
        outputs = {"success": {"elementId": "end"}, "fallback": {"elementId": "rescue"}}
        elements.append({"id": model, "type": "model", "properties": properties, "outputs": outputs})
    rescue = {"provider": "mock", "model": "rescue"}
    elements.append(
        {"id": "rescue", "type": "model", "properties": rescue, "outputs": {"success": {"elementId": "end"}}}
    )
    return elements


class Talk:
    """A conversation, as its client holds it."""

    def __init__(self, route, name=None, echoes=False):
        self.route, self.name, self.echoes = route, name, echoes
        self.token, self.seen = None, []
        self.messages = [{"role": "system", "content": fresh("be brief")}]

    def turn(self, client):
        headers = {"x-session-id": self.name} if self.name else {}
        if self.token:
            headers["x-attache-session"] = self.token
        self.messages.append({"role": "user", "content": "go on"})
        stream = len(self.messages) % 4 == 0
        ask = client.chat.completions.with_raw_response.create
        answer = ask(model=f"dynamic/{self.route}", messages=self.messages, stream=stream, extra_headers=headers)
        parsed = answer.parse()
        if stream:
            said = "".join(chunk.choices[0].delta.content or "" for chunk in parsed if chunk.choices)
        else:
            said = parsed.choices[0].message.content
        self.messages.append({"role": "assistant", "content": said})
        self.token = answer.headers["x-attache-session"] if self.echoes else None
        told = ("x-attache-route", "x-attache-path", "x-attache-provider", "x-attache-model")
        self.seen.append(tuple(answer.headers[name] for name in told))


@pytest.fixture
def route(office, fleet):
    """A route of three versions, of which the first is live on every pair."""
    name = fresh("talk")
    routes = f"{str(office.base_url).removesuffix('/api/v1/')}/client/v4/accounts/a/ai-gateway/gateways/g/routes"
    made = done(office.post(routes, json={"name": name, "elements": split("one-a", "one-b")}))
    for models in [("two-a", "two-b"), ("three-a", "three-b")]:
        done(office.post(f"{routes}/{made['id']}/versions", json={"elements": split(*models)}))
    everywhere(fleet, name, "1")
    yield name, made["id"], routes


def everywhere(fleet, route, version, canary=None):
    """Waits until it is so on every pair."""

    def holds(pair):
        status = httpx.get(f"{pair.admin}/status", timeout=20).json()
        told = next((one for one in status["routes"] if one["name"] == route), {})
        return told.get("version") == version and bool(told.get("canary")) == bool(canary)

    for pair in fleet:
        soon(lambda pair=pair: holds(pair))


#: How a conversation is known, and on how many pairs it has its first turns before anything changes.
KNOWN = {
    "by its token": lambda route, n: Talk(route, echoes=True),
    "by its name": lambda route, n: Talk(route, name=f"{route} {n}"),
    "by both": lambda route, n: Talk(route, name=f"{route} {n}", echoes=True),
}


@pytest.mark.parametrize("known", KNOWN)
def test_twenty_turns_through_four_pairs_stay_where_they_began(fleet, clients, office, route, known):
    name, identity, routes = route
    talks = [KNOWN[known](name, n) for n in range(TALKS)]
    for turn in range(TURNS):
        if turn == 6:
            done(office.post(f"{routes}/{identity}/deployments", json={"version_id": "2"}))
            everywhere(fleet, name, "2")
        if turn == 12:
            done(office.put(f"/routes/{identity}/canary", json={"version_id": "3", "percent": 50}))
            everywhere(fleet, name, "2", canary="3")
        if turn == 16:
            done(office.delete(f"/routes/{identity}/canary"))
            everywhere(fleet, name, "2")
        for n, talk in enumerate(talks):
            talk.turn(clients[(turn + n) % len(clients)])
    for talk in talks:
        assert len(set(talk.seen)) == 1 and len(talk.seen) == TURNS, talk.seen
    assert len({talk.seen[0] for talk in talks}) == 2, "both arms"
    late = Talk(name, echoes=True)
    late.turn(clients[0])
    assert late.seen[0][0] == f"{name}@2"


def test_a_conversation_without_any_name_stays_on_its_pair(fleet, clients, office, route):
    name, identity, routes = route
    talks = [Talk(name) for _ in range(TALKS)]
    for turn in range(TURNS):
        if turn == 6:
            done(office.post(f"{routes}/{identity}/deployments", json={"version_id": "2"}))
            everywhere(fleet, name, "2")
        for n, talk in enumerate(talks):
            talk.turn(clients[n % len(clients)])
    assert all(len(set(talk.seen)) == 1 for talk in talks)
    assert len({talk.seen[0] for talk in talks}) == 2, "both arms"


def test_an_ended_conversation_begins_anew_on_every_pair(fleet, clients, office, route):
    name, identity, routes = route
    talk = Talk(name, name="ended", echoes=True)
    key = clients[0].api_key
    for client in clients:
        talk.turn(client)
    done(office.post(f"{routes}/{identity}/deployments", json={"version_id": "2"}))
    everywhere(fleet, name, "2")
    talk.turn(clients[1])
    assert talk.seen[-1][0] == f"{name}@1"
    listed = done(office.get("/keys", params={"per_page": 1000}))["items"]
    identity = next(one["id"] for one in listed if key.startswith(one["secrets"][0]["prefix"]))
    ended = {"route": name, "key": identity, "session": "ended"}
    done(office.delete("/conversations", params=ended))
    change = done(office.get("/audit", params={"kind": "conversation"}))["items"][0]
    assert (change["action"], change["name"]) == ("conversation.end", "ended")
    assert change["before"] == {"route": name, "key": identity}
    token = talk.token

    def anew(client):
        again = Talk(name, name="ended")
        again.token = token
        again.turn(client)
        return again.seen[-1][0] == f"{name}@2"

    for client in clients:
        soon(lambda client=client: anew(client))
