"""A conversation of twenty turns through four pairs, across a deployment and a canary, keeps its version, arm and model."""

import os
from contextlib import ExitStack

import engines
import httpx
import openai
import pytest
from control import PLACE, controlled, done, fresh, made_key, soon

TURNS = 20
#: Conversations at once: enough that no luck keeps all of them where they are.
TALKS = 8


@pytest.fixture(scope="module")
def plain(shared):
    """Four pairs on one store, with one key for tokens."""
    with ExitStack() as stack:
        yield [*shared, *(stack.enter_context(controlled("shared.yaml")) for _ in range(2))]


@pytest.fixture(scope="module")
def joined(shared, tmp_path_factory):
    """Four more on the same store, with a Redis instead of the key."""
    with engines.redis(tmp_path_factory.mktemp("redis")) as port, ExitStack() as stack:
        os.environ["LEDGER"] = f"redis://127.0.0.1:{port}"
        pairs = [stack.enter_context(controlled("redis.yaml")) for _ in range(4)]
        for pair in pairs:
            soon(lambda pair=pair: status(pair)["ledger"]["state"] == "here", seconds=20)
        yield pairs


@pytest.fixture(scope="module")
def token(office):
    return made_key(office)["token"]


@pytest.fixture
def fleet(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def clients(fleet, token):
    with ExitStack() as stack:
        yield [
            stack.enter_context(openai.OpenAI(base_url=f"{pair.front}/v1", api_key=token, max_retries=0, timeout=20))
            for pair in fleet
        ]


def status(pair):
    return httpx.get(f"{pair.admin}/status", timeout=20).json()


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
def route(office, fleet, token):
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
        told = next((one for one in status(pair)["routes"] if one["name"] == route), {})
        return told.get("version") == version and bool(told.get("canary")) == bool(canary)

    for pair in fleet:
        soon(lambda pair=pair: holds(pair))


#: By what a conversation is known.
KNOWN = {
    "token": lambda route, n: Talk(route, echoes=True),
    "name": lambda route, n: Talk(route, name=f"{route} {n}"),
    "both": lambda route, n: Talk(route, name=f"{route} {n}", echoes=True),
    "nothing": lambda route, n: Talk(route),
}
ALL = [("plain", "token"), ("plain", "name"), ("plain", "both"), ("joined", "name"), ("joined", "nothing")]
EACH = pytest.mark.parametrize("fleet, known", ALL, indirect=["fleet"], ids=[" ".join(one) for one in ALL])
PLAIN = pytest.mark.parametrize("fleet", ["plain"], indirect=True)


def place(fleet, turn, n):
    """The pair of a turn. Those that share a Redis need not have seen the conversation before the deployment."""
    return n % 4 if turn < 6 and "REDIS" in fleet[0].config.read_text() else (turn + n) % 4


@EACH
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
            talk.turn(clients[place(fleet, turn, n)])
    for talk in talks:
        assert len(set(talk.seen)) == 1 and len(talk.seen) == TURNS, talk.seen
    assert len({talk.seen[0] for talk in talks}) == 2, "both arms"
    late = Talk(name, echoes=True)
    late.turn(clients[0])
    assert late.seen[0][0] == f"{name}@2"


@pytest.mark.parametrize("fleet, known", ALL[:1] + ALL[3:], indirect=["fleet"])
def test_a_conversation_whose_model_dies_stays_elsewhere_on_every_pair(fleet, clients, route, known):
    name = route[0]
    talk = KNOWN[known](name, 0)
    for client in clients:
        talk.turn(client)
    _, path, _, model = talk.seen[-1]
    scripts = [f"{pair.mock}/_mock/script/{model}" for pair in fleet]
    for script in scripts:
        httpx.put(script, content="status=500").raise_for_status()
    try:
        talk.turn(clients[1])
    finally:
        for script in scripts:
            httpx.delete(script).raise_for_status()
    assert talk.seen[-1][1:] == (path.replace(",end", ",rescue!repinned,end"), "mock", "rescue")
    for turn in range(8):
        talk.turn(clients[(turn + 2) % 4])
        assert talk.seen[-1][3] == "rescue", f"turn {turn} went back to {model}"


@PLAIN
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


@PLAIN
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
