"""Many who write at once: nothing is lost, nothing is done twice, and everybody hears what became of his write."""

import asyncio
from collections import Counter

import httpx
import pytest
from control import TOKEN, elements
from doors import ROUTES, refusal, result, serving

WRITERS = 50


@pytest.fixture(scope="module")
def pair():
    with serving() as pair:
        yield pair


def at_once(pair, calls):
    """The answers to these calls, (method, path, body, headers), made at the same time."""

    async def make():
        limits = httpx.Limits(max_connections=len(calls))
        shown = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=pair.admin, headers=shown, limits=limits, timeout=60) as people:
            asked = (people.request(method, path, json=body, headers=headers) for method, path, body, headers in calls)
            return await asyncio.gather(*asked)

    return asyncio.run(make())


def one(pair, method, path, body=None, **headers):
    return at_once(pair, [(method, path, body, headers)])[0]


def listed(pair, path, what):
    """All of one of Cloudflare's lists, in its order."""
    answer = one(pair, "GET", f"{path}{'&' if '?' in path else '?'}per_page=1000")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][what]


def model(told):
    return told["elements"][1]["properties"]["model"]


@pytest.fixture
def route(pair, request):
    """A new route, as it was told: it is live with its first version."""
    name = request.node.name.removeprefix("test_")
    return result(one(pair, "POST", ROUTES, {"name": name, "elements": elements("first")}))


def test_versions_of_many_are_counted_without_a_gap(pair, route):
    place = f"{ROUTES}/{route['id']}"
    calls = [("POST", f"{place}/versions", {"elements": elements(f"m{n}")}, {}) for n in range(WRITERS)]
    made = {}
    for n, answer in enumerate(at_once(pair, calls)):
        told = result(answer)
        assert model(told) == f"m{n}", "everybody is told of his own version"
        made[told["version"]["version_id"]] = f"m{n}"
    numbers = [str(number) for number in range(2, WRITERS + 2)]
    assert sorted(made, key=int) == numbers
    assert [version["version_id"] for version in listed(pair, f"{place}/versions", "versions")] == [*numbers[::-1], "1"]
    for number in numbers:
        assert model(result(one(pair, "GET", f"{place}/versions/{number}"))) == made[number]
    # nobody made anything live
    assert result(one(pair, "GET", place))["deployment"]["version_id"] == "1"


def test_the_last_of_many_deployments_is_live(pair, route):
    place = f"{ROUTES}/{route['id']}"
    for n in range(2, 12):
        result(one(pair, "POST", f"{place}/versions", {"elements": elements(f"m{n}")}))
    calls = [("POST", f"{place}/deployments", {"version_id": str(2 + n % 10)}, {}) for n in range(WRITERS)]
    for call, answer in zip(calls, at_once(pair, calls), strict=True):
        assert result(answer)["deployment"]["version_id"] == call[2]["version_id"]
    deployments = listed(pair, f"{place}/deployments", "deployments")
    assert len(deployments) == WRITERS + 1
    last = deployments[0]["version_id"]
    assert result(one(pair, "GET", place))["deployment"]["version_id"] == last
    body = {"model": f"dynamic/{route['name']}", "messages": [{"role": "user", "content": "hi"}]}
    assert httpx.post(f"{pair.front}/v1/chat/completions", json=body).json()["model"] == f"m{last}"


def test_of_those_who_saw_the_same_one_is_fastest(pair, route):
    place = f"{ROUTES}/{route['id']}"
    result(one(pair, "POST", f"{place}/versions", {"elements": elements("second")}))
    tag = one(pair, "GET", place).headers["etag"]
    body = {"version_id": "2"}
    calls = [("POST", f"{place}/deployments", body, {"if-match": tag}) for _ in range(WRITERS)]
    answers = at_once(pair, calls)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: WRITERS - 1}
    assert {refusal(answer) for answer in answers if answer.status_code == 409} == {(409, 7004)}
    assert len(listed(pair, f"{place}/deployments", "deployments")) == 2
    # who reads again may write
    tag = one(pair, "GET", place).headers["etag"]
    result(one(pair, "POST", f"{place}/deployments", {"version_id": "1"}, **{"if-match": tag}))


def test_a_name_is_given_to_one(pair):
    calls = [("POST", ROUTES, {"name": "wanted", "elements": elements(f"m{n}")}, {}) for n in range(WRITERS)]
    answers = at_once(pair, calls)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: WRITERS - 1}
    assert {refusal(answer) for answer in answers if answer.status_code == 409} == {(409, 7003)}


def test_writers_of_all_kinds_leave_no_half_done_thing(pair, route):
    place = f"{ROUTES}/{route['id']}"
    result(one(pair, "POST", f"{place}/versions", {"elements": elements("second")}))
    canary = f"/api/v1/routes/{route['id']}/canary"
    pin = f"/api/v1/routes/{route['id']}/pins/2"
    kinds = [
        ("POST", f"{place}/versions", {"elements": elements("more")}, {}),
        ("POST", f"{place}/deployments", {"version_id": "1"}, {}),
        ("PUT", canary, {"version_id": "2", "percent": 5}, {}),
        ("PUT", pin, None, {}),
        ("GET", place, None, {}),
    ]
    before = result(one(pair, "GET", place))["revision"]
    answers = at_once(pair, kinds * (WRITERS // len(kinds)))
    assert {answer.status_code for answer in answers} <= {200, 409}, [answer.text for answer in answers]
    after = result(one(pair, "GET", place))
    path = f"/api/v1/audit?kind=route&id={route['id']}&per_page=1000"
    done = [event["action"] for event in result(one(pair, "GET", path))["items"]]
    assert done.count("version.create") == 1 + WRITERS // len(kinds)
    assert after["pins"] == [2]
    assert after["revision"] > before


def test_a_creation_said_many_times_is_done_once(pair):
    body = {"name": "once", "elements": elements("first")}
    key = {"idempotency-key": "once-and-no-more"}
    answers = at_once(pair, [("POST", ROUTES, body, key)] * 20)
    assert len({result(answer)["id"] for answer in answers}) == 1
    assert len(listed(pair, f"{ROUTES}?name=once", "routes")) == 1
    other = one(pair, "POST", ROUTES, {**body, "name": "twice"}, **key)
    assert refusal(other) == (409, 7006)
    assert listed(pair, f"{ROUTES}?name=twice", "routes") == []


@pytest.mark.parametrize("kind", ["keys", "tokens"])
def test_a_secret_is_given_to_one_of_those_who_say_the_same(pair, kind):
    body = {"name": f"once among {kind}"} | ({"role": "viewer"} if kind == "tokens" else {})
    calls = [("POST", f"/api/v1/{kind}", body, {"idempotency-key": f"one of {kind}"})] * 20
    made = [result(answer) for answer in at_once(pair, calls)]
    assert len({thing["id"] for thing in made}) == 1
    assert len([thing for thing in made if thing.get("token")]) == 1


def test_of_many_changes_of_a_key_none_is_lost(pair):
    made = result(one(pair, "POST", "/api/v1/keys", {"name": "changed by many"}))
    place = f"/api/v1/keys/{made['id']}"
    answers = at_once(pair, [("PATCH", place, {"metadata": {"n": n}}, {}) for n in range(WRITERS)])
    won = {}
    for n, answer in enumerate(answers):
        if answer.status_code == 200:
            won[result(answer)["revision"]] = n
            assert result(answer)["metadata"] == {"n": n}
        else:
            assert refusal(answer) == (409, 7004)
    # revisions follow each other, and the last one is what is kept
    assert sorted(won) == list(range(2, len(won) + 2))
    kept = result(one(pair, "GET", place))
    assert (kept["revision"], kept["metadata"]) == (max(won), {"n": won[max(won)]})
