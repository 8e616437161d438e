"""Portkey's official SDK with inline configs: only its base URL is changed, and a client key stands where Portkey's was."""

from pathlib import Path

import pytest
from pair import Pair
from portkey_ai import Portkey

HERE = Path(__file__).parent
ASKED = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def compatible():
    with Pair(HERE / "portkey.yaml") as pair:
        yield pair


def portkey(pair, config=None, key="wide-key", **more):
    return Portkey(base_url=f"{pair.front}/v1", api_key=key, config=config, max_retries=0, **more)


def ask(client, model="gpt-4o", **more):
    """What is answered, and the headers of the answer."""
    answer = client.chat.completions.create(model=model, messages=ASKED, **more)
    return answer, answer._headers


def answered_by(headers):
    return headers["x-attache-provider"], headers["x-attache-model"]


def test_a_fallback_goes_on_to_the_next_target(compatible):
    config = {
        "strategy": {"mode": "fallback"},
        "retry": {"attempts": 1},
        "targets": [
            {"provider": "openai", "override_params": {"model": "gpt!status=503"}},
            {"provider": "anthropic", "override_params": {"model": "claude"}},
        ],
    }
    answer, headers = ask(portkey(compatible, config))
    assert answer.choices[0].message.content == "Hello from claude: hi"
    assert answered_by(headers) == ("anthropic", "claude")
    assert headers["x-portkey-provider"] == "anthropic"
    assert headers["x-portkey-last-used-option-index"] == "config.targets[1]"
    assert headers["x-portkey-retry-attempt-count"] == "0"
    assert headers["x-attache-attempts"] == "3"


@pytest.mark.parametrize("plan, model", [("paid", "large"), ("free", "small"), ("none", "small")])
def test_a_condition_reads_the_metadata(compatible, plan, model):
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"metadata.plan": {"$eq": "paid"}}, "then": "paid"},
                {"query": {"metadata.plan": {"$eq": "free"}}, "then": "free"},
            ],
            "default": "free",
        },
        "targets": [
            {"name": "paid", "provider": "openai", "override_params": {"model": "large"}},
            {"name": "free", "provider": "openai", "override_params": {"model": "small"}},
        ],
    }
    _, headers = ask(portkey(compatible, config, metadata={"plan": plan}))
    assert answered_by(headers) == ("openai", model)


def test_shares_are_kept(compatible):
    config = {
        "strategy": {"mode": "loadbalance"},
        "targets": [{"provider": "openai", "weight": 0.8}, {"provider": "anthropic", "weight": 0.2}],
    }
    client = portkey(compatible, config)
    first = sum(answered_by(ask(client)[1])[0] == "openai" for _ in range(200))
    assert 130 < first < 190, "160 are meant, five standard deviations are 28"


def test_a_provider_alone_is_enough(compatible):
    answer, headers = ask(portkey(compatible, provider="openai", trace_id="trace-7"), model="gpt-4o")
    assert answered_by(headers) == ("openai", "gpt-4o")
    assert answer.choices[0].message.content == "Hello from gpt-4o: hi"
    assert headers["x-portkey-trace-id"] == "trace-7"


def test_a_stream_comes_through(compatible):
    chunks = portkey(compatible, {"provider": "openai"}).chat.completions.create(
        model="gpt-4o", messages=ASKED, stream=True
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == "Hello from gpt-4o: hi"


@pytest.mark.parametrize(
    "config, key, status, code",
    [
        ("pc-saved-1234", "wide-key", 400, "invalid_portkey_config"),
        ({"strategy": {"mode": "roulette"}, "targets": []}, "wide-key", 400, "invalid_portkey_config"),
        ({"provider": "nobody"}, "wide-key", 400, "invalid_portkey_config"),
        ({"provider": "anthropic"}, "narrow-key", 403, "model_not_allowed"),
        ({"provider": "openai"}, "unknown-key", 401, "invalid_api_key"),
    ],
)
def test_what_can_not_be_is_refused(compatible, config, key, status, code):
    with pytest.raises(Exception) as refused:
        ask(portkey(compatible, config, key=key))
    assert refused.value.status_code == status
    assert refused.value.response.json()["error"]["code"] == code


def test_a_key_of_few_models_is_held_to_them(compatible):
    assert answered_by(ask(portkey(compatible, {"provider": "openai"}, key="narrow-key"))[1])[0] == "openai"
