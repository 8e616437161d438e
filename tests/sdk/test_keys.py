"""Client keys, from their making to their end, as OpenAI's SDK has them."""

import collections
import json
import socket
import time
import urllib.parse

import openai
import pytest
from control import EVERYWHERE, done, elements, fresh, made_key, soon

SAID = {"messages": [{"role": "user", "content": "hi"}]}


def application(pair, token):
    return openai.OpenAI(base_url=f"{pair.front}/v1", api_key=token, max_retries=0, timeout=20)


def opens(pair, token, model="mock/any"):
    """Whether the key opens this pair."""
    try:
        application(pair, token).chat.completions.create(model=model, **SAID)
    except openai.AuthenticationError:
        return False
    return True


def closed(pair, token):
    return not opens(pair, token)


def test_a_key_is_shown_once_and_opens_every_pair(shared, office):
    made = made_key(office)
    assert made["token"].startswith("sk-att-") and made["secrets"] == [{"prefix": made["token"][:12], "expires_at": None}]
    assert opens(shared[0], made["token"]), "at once, where it was made"
    soon(lambda: opens(shared[1], made["token"]))
    shown = office.get(f"/keys/{made['id']}")
    assert made["token"] not in shown.text
    assert done(shown) | {"token": made["token"]} == made


@pytest.mark.parametrize("token", ["", "guessed", "sk-att-guessed"])
def test_without_a_known_key_nobody_is_served(shared, token):
    assert closed(shared[0], token or "unused")


def test_who_is_refused_while_still_sending_hears_why(shared):
    """What shuts the way back before the refusal has come through it does so once in twenty times."""
    answers = [slowly(shared[0], pause) for pause in (0.001, 0.0015, 0.002, 0.003) for _ in range(40)]
    assert collections.Counter(answers) == {"HTTP/1.1 401 Unauthorized": 160}


def slowly(pair, pause):
    """The status line that a client with a wrong key gets, whose body comes so long after its head."""
    body = json.dumps({"model": "mock/any", **SAID})
    head = ["POST /v1/chat/completions HTTP/1.1", "host: pair", "content-type: application/json"]
    head += ["authorization: Bearer wrong", f"content-length: {len(body)}", "", ""]
    address = urllib.parse.urlsplit(pair.front)
    with socket.create_connection((address.hostname, address.port), 20) as client, client.makefile("r") as answer:
        client.sendall("\r\n".join(head).encode())
        time.sleep(pause)
        client.sendall(body.encode())
        return answer.readline().strip()


def test_a_revoked_key_is_closed_at_once_here_and_soon_everywhere(shared, office):
    made = made_key(office)
    soon(lambda: opens(shared[1], made["token"]))
    gone = done(office.delete(f"/keys/{made['id']}"))
    assert (gone["state"], "token" in gone) == ("revoked", False)
    assert closed(shared[0], made["token"])
    soon(lambda: closed(shared[1], made["token"]))
    assert office.patch(f"/keys/{made['id']}", json={"metadata": {}}).status_code == 400, "for good"
    assert office.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 0}).status_code == 400


def test_while_a_key_is_rotated_both_tokens_open_it(shared, office):
    made = made_key(office)
    began = time.monotonic()
    rotated = done(office.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 1}))
    old, new = made["token"], rotated["token"]
    assert new != old and rotated["id"] == made["id"]
    both = opens(shared[0], old), opens(shared[0], new)
    assert both == (True, True) or time.monotonic() - began > 1
    soon(lambda: opens(shared[1], new))
    for pair in shared:
        soon(lambda pair=pair: closed(pair, old), 1 + EVERYWHERE)
        assert opens(pair, new)


def test_a_rotation_without_overlap_closes_the_old_token(shared, office):
    made = made_key(office)
    new = done(office.post(f"/keys/{made['id']}/rotate", json={"overlap_seconds": 0}))["token"]
    assert (opens(shared[0], made["token"]), opens(shared[0], new)) == (False, True)


def test_a_key_ends_when_it_said(shared, office):
    made = made_key(office, expires_at=in_two_seconds())
    began = time.monotonic()
    assert opens(shared[0], made["token"]) or time.monotonic() - began > 1
    soon(lambda: closed(shared[0], made["token"]), 2 + EVERYWHERE)
    assert done(office.get(f"/keys/{made['id']}"))["state"] == "expired"


def in_two_seconds():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))


def test_a_key_may_call_what_its_patterns_say(shared, office):
    made = made_key(office, routes=["allowed-*"], models=["mock/small*"])
    with application(shared[0], made["token"]) as client:
        ask = client.chat.completions.create
        assert ask(model="mock/small-1", **SAID)
        for model, code in [("mock/large", "model_not_allowed"), ("dynamic/other", "route_not_allowed")]:
            with pytest.raises(openai.PermissionDeniedError) as refused:
                ask(model=model, **SAID)
            assert refused.value.code == code
        done(office.patch(f"/keys/{made['id']}", json={"models": ["*"]}))
        assert ask(model="mock/large", **SAID)


def test_a_keys_metadata_is_above_its_clients(shared, office):
    graph = elements("paying")
    graph[0]["outputs"]["next"]["elementId"] = "paid"
    graph[1]["id"], free = "paying", elements("free")[1] | {"id": "free"}
    condition = {
        "id": "paid",
        "type": "conditional",
        "properties": {"conditions": {"metadata.plan": "paid"}},
        "outputs": {"true": {"elementId": "paying"}, "false": {"elementId": "free"}},
    }
    place, name = f"{shared[0].admin}/client/v4/accounts/a/ai-gateway/gateways/g/routes", fresh("plans")
    done(office.post(place, json={"name": name, "elements": [*graph, free, condition]}))
    for of_key, of_client, model in [("paid", "free", "paying"), ("free", "paid", "free")]:
        token = made_key(office, metadata={"plan": of_key})["token"]
        headers = {"x-attache-metadata": f'{{"plan": "{of_client}"}}'}
        with application(shared[0], token) as client:
            asked = client.chat.completions.with_raw_response.create
            answer = asked(model=f"dynamic/{name}", extra_headers=headers, **SAID)
        assert answer.headers["x-attache-model"] == model


def test_a_change_by_who_saw_an_older_key_is_refused(office):
    made = made_key(office)
    shown = office.get(f"/keys/{made['id']}")
    seen = {"if-match": shown.headers["etag"]}
    done(office.patch(f"/keys/{made['id']}", json={"metadata": {"team": "one"}}, headers=seen))
    late = office.patch(f"/keys/{made['id']}", json={"metadata": {"team": "other"}}, headers=seen)
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, 7004)
    assert done(office.get(f"/keys/{made['id']}"))["metadata"] == {"team": "one"}
