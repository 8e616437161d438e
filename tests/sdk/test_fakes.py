"""The fakes and their oracles are what they pretend to be: each provider's own SDK talks to its fake without the pair.

What the SDK sends is accepted, what the fake answers is understood, and every spoiled request is refused.
"""

import copy
import json

import direct
import fakes
import oracles
import pytest
from botocore.eventstream import EventStreamBuffer
from fakes import frames, scenes

THOUGHTLESS = {"openai", "azure", "azure-classic", "groq"}
UNSIGNED = THOUGHTLESS | {"mistral", "cohere", "gemini", "vertex"}
GOOGLE = {"gemini", "vertex"}
#: Scenes that a provider has no words for.
SILENT = {
    "filter": {"mistral", "cohere"},
    "refusal": {"mistral", "cohere"},
}
NAMES = list(fakes.ROOMS)
#: What lies behind these is a person's own: there are no unknown fields.
FREE = {
    "parameters", "input_schema", "input", "args", "json", "schema", "response", "parametersJsonSchema",
    "responseJsonSchema", "additionalModelRequestFields", "metadata", "data", "arguments",
    "parameters_json_schema", "response_json_schema", "responseJsonSchema",
}  # fmt: skip


@pytest.fixture(scope="module")
def served():
    with fakes.serving(direct=True) as served:
        yield served


@pytest.fixture
def fake(served, name):
    yield served[name]
    assert served[name].forget() == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("scene", [name for name, scene in scenes.SCENES.items() if not scene.defect])
@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_understands_its_fake(fake, name, scene, stream):
    if name in SILENT.get(scene, ()):
        pytest.skip("it has no word for that")
    seen, wanted = direct.ask(fake, scene, stream), scenes.SCENES[scene]
    if name in THOUGHTLESS or name in GOOGLE and scene == "refusal":
        assert seen.text == wanted.text
    else:
        assert seen.text == (wanted.text or wanted.refusal)
    assert seen.thought == ("" if name in THOUGHTLESS else wanted.thought)
    assert seen.signature == ("" if name in UNSIGNED else wanted.signature)
    if scene != "cut-arguments":
        assert seen.calls == [(call.name, json.loads(call.arguments)) for call in wanted.calls]
    cached = 0 if name == "mistral" else wanted.usage.cached
    assert seen.usage == (wanted.usage.input, wanted.usage.output, cached)
    assert seen.finish


@pytest.mark.parametrize("trouble", scenes.TROUBLES)
@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_hears_of_trouble(fake, name, trouble):
    with pytest.raises(Exception) as caught:
        direct.ask(fake, trouble, stream=False)
    response = getattr(caught.value, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    status = metadata.get("HTTPStatusCode")
    assert status or getattr(caught.value, "status_code", None) or caught.value.code


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_breaks_is_noticed(fake, name):
    with pytest.raises(Exception):
        direct.ask(fake, "cut", stream=True)


@pytest.fixture(scope="module")
def good(served):
    """A request of each provider that has everything."""
    heard = {}
    for name, fake in served.items():
        direct.ask(fake, "thinking", stream=False, full=True)
        assert fake.complaints == []
        [heard[name]] = fake.heard
        fake.forget()
    return heard


def changed(heard, body=None, **headers):
    """The same request, spoiled, as far as its body and headers go."""
    other = copy.deepcopy(heard)
    other.complaints = []
    other.json = heard.json if body is None else body
    other.headers |= {header.replace("_", "-"): value for header, value in headers.items()}
    return other


def places(value, path=()):
    """The paths of all objects and leaves that are not a person's own."""
    yield path, value
    if path and path[-1] in FREE:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places(one, (*path, index))


def spoiled(body):
    """A body in every way that makes it a wrong one: what is wrong, and the body."""
    for path, value in places(body):
        if path and path[-1] in FREE:
            continue
        if isinstance(value, dict):
            yield f"unknown at {path}", with_value(body, (*path, "bogus"), 1)
        elif path:
            yield f"wrong at {path}", with_value(body, path, {"bogus": 1})


def with_value(body, path, value):
    other = copy.deepcopy(body)
    at = other
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return other


def refuses(name, heard):
    """Whether the oracle, or the provider's own code in it, has something to say."""
    try:
        return oracles.judge(name, heard, direct=True)
    except Exception as error:
        return [str(error)]


@pytest.mark.parametrize("name", NAMES)
def test_an_oracle_accepts_the_good_and_refuses_everything_spoiled(good, name):
    heard = good[name]
    assert oracles.judge(name, heard, direct=True) == []
    ways = dict(spoiled(heard.json))
    assert len(ways) > 20
    # the signature is of the body that was sent
    accepted = [way for way, body in ways.items() if not body_refused(name, changed(heard, body))]
    assert accepted == []


def body_refused(name, heard):
    oracle, *rules = oracles.ORACLES[name]
    try:
        return oracle(name, heard) or [one for rule in rules for one in rule(heard)]
    except Exception as error:
        return [str(error)]


@pytest.mark.parametrize("name", NAMES)
def test_a_credential_of_another_is_refused(good, name):
    heard = good[name]
    for header in ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
        assert refuses(name, changed(heard, **{header: "Bearer client"})), header
    empty = changed(heard)
    empty.headers = {header: value for header, value in heard.headers.items() if header not in oracles.CREDENTIALS}
    assert refuses(name, empty)


@pytest.mark.parametrize("name", ["bedrock", "bedrock-claude"])
def test_a_signature_holds_for_that_request_alone(good, name):
    heard = good[name]
    for field, value in [("body", heard.body + b" "), ("path", heard.path + "x"), ("method", "PUT")]:
        other = changed(heard)
        setattr(other, field, value)
        assert oracles.of_signature(other), field
    for header in ("host", "x-amz-date", "x-amz-security-token"):
        assert oracles.of_signature(changed(heard, **{header: "20200101T000000Z"})), header
    assert oracles.of_signature(heard) == []


def test_headers_of_the_client_are_refused(good):
    for header in ("x-attache-metadata", "cookie", "x-forwarded-for", "x-stainless-os"):
        heard = changed(good["openai"], **{header: "x"})
        heard.headers = {header: "x", "content-type": "application/json", "authorization": f"Bearer {oracles.KEY}"}
        assert oracles.judge("openai", heard), header


BAD = {
    "anthropic": [
        ("messages", [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "no", "content": "7"}]}]),
        ("messages", [{"role": "assistant", "content": "I begin"}]),
        ("messages", [{"role": "user", "content": []}]),
        ("thinking", {"type": "enabled", "budget_tokens": 5000}),
        ("temperature", 0.5),
        ("tool_choice", {"type": "any"}),
        ("max_tokens", None),
    ],
    "openai": [
        ("messages", [{"role": "tool", "tool_call_id": "no", "content": "7"}]),
        ("messages", OPEN := direct.OPENAI["messages"][:3]),
        ("stream_options", {"include_usage": True}),
        ("max_tokens", "7"),
        ("model", None),
    ],
    "gemini": [
        ("contents", [{"role": "assistant", "parts": [{"text": "x"}]}]),
        ("contents", [{"role": "user", "parts": [{"functionResponse": {"name": "no", "response": {}}}]}]),
        ("contents", [{"role": "user", "parts": [{"text": "x", "inlineData": {"mimeType": "a/b", "data": "AAAA"}}]}]),
        ("contents", [{"role": "user", "parts": []}]),
        ("generationConfig", {"maxTokens": 7}),
        ("toolConfig", {"functionCallingConfig": {"mode": "any"}}),
        ("temperature", 1),
    ],
    "vertex": [("contents", [{"role": "user", "parts": [{"text": "x", "partMetadata": {"a": 1}}]}])],
    "bedrock": [
        ("messages", [{"role": "user", "content": [{"text": "a"}]}] * 2),
        ("messages", [{"role": "user", "content": [{"text": " "}]}]),
        ("messages", [{"role": "user", "content": [{"text": "a", "cachePoint": {"type": "default"}}]}]),
        ("messages", [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "no base64"}}}]}]),
        ("messages", [{"role": "user", "content": [{"image": {"format": "bmp", "source": {"bytes": "AAAA"}}}]}]),
        ("inferenceConfig", {"temperature": 3}),
        ("inferenceConfig", {"maxTokens": 0}),
        ("toolConfig", None),
        ("modelId", "text"),
    ],
    "mistral": [
        ("messages", [{"role": "assistant", "content": "I begin"}]),
        ("messages", direct.MISTRAL["messages"][:3] + [{"role": "user", "content": "Hi"}]),
        ("seed", 1),
        ("tool_choice", "some"),
    ],
    "cohere": [
        ("messages", [{"role": "tool", "tool_call_id": "no", "content": "7"}]),
        ("frequency_penalty", 1.5),
        ("response_format", {"type": "json_object"}),
        ("tool_choice", "required"),
    ],
}
#: A thinking model's turn without what it signed.
UNTHOUGHT = {
    "anthropic": ("messages", 1, "content", 0),
    "gemini": ("contents", 1, "parts", 0, "thoughtSignature"),
    "bedrock": ("messages", 1, "content", 0),
}


@pytest.mark.parametrize(
    ("name", "field", "value"), [(name, *bad) for name, several in BAD.items() for bad in several], ids=str
)
def test_what_a_provider_would_refuse_is_refused(good, name, field, value):
    body = dict(good[name].json)
    body.pop(field, None)
    if value is not None:
        body[field] = value
    assert body_refused(name, changed(good[name], body))


@pytest.mark.parametrize(("name", "path"), UNTHOUGHT.items())
def test_a_thought_that_does_not_come_back_is_missed(good, name, path):
    body = copy.deepcopy(good[name].json)
    at = body
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    assert body_refused(name, changed(good[name], body))


def test_frames_are_those_of_aws():
    buffer = EventStreamBuffer()
    written = frames.event("chunk", "ñ".encode()) + frames.exception("throttlingException", b"{}")
    for byte in written:
        buffer.add_data(bytes([byte]))
    first, second = buffer
    assert (first.headers[":event-type"], first.payload) == ("chunk", "ñ".encode())
    assert second.headers[":exception-type"] == "throttlingException"


def test_what_is_nowhere_is_refused_and_noted(served):
    with pytest.raises(Exception):
        direct.openai.OpenAI(base_url=served["openai"].url, api_key=oracles.KEY, max_retries=0).models.list()
    [complaint] = served["openai"].forget()
    assert "there is nothing at GET /models" in complaint
