"""What the SDK gives when all goes well."""

import asyncio
import json

import openai
import pytest
from pair import ask

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def words(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_chat(client):
    answer = client.chat.completions.create(model="dynamic/chat", messages=HELLO)
    assert answer.choices[0].message.content == "Hello from tiny: Hello"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_a_model_is_named_directly(client):
    answer = client.chat.completions.create(model="mock/other", messages=HELLO)
    assert answer.choices[0].message.content == "Hello from other: Hello"


def test_stream(client):
    chunks = list(client.chat.completions.create(model="dynamic/chat", messages=HELLO, stream=True))
    assert words(chunks) == "Hello from tiny: Hello"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks), "nobody asked for it"


def test_stream_with_usage(client):
    options = {"include_usage": True}
    *chunks, last = client.chat.completions.create(
        model="dynamic/chat", messages=HELLO, stream=True, stream_options=options
    )
    assert words(chunks) == "Hello from tiny: Hello"
    assert last.choices == [] and last.usage.completion_tokens == 4


def test_async(pair):
    async def talk():
        async with openai.AsyncOpenAI(base_url=f"{pair.front}/v1", api_key="unused", max_retries=0) as client:
            create = client.chat.completions.create
            whole, stream = await asyncio.gather(
                create(model="dynamic/chat", messages=HELLO), create(model="dynamic/chat", messages=HELLO, stream=True)
            )
            return whole.choices[0].message.content, words([chunk async for chunk in stream])

    assert asyncio.run(talk()) == ("Hello from tiny: Hello",) * 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_failed_model_is_not_seen(client, stream):
    raw = client.chat.completions.with_raw_response.create(model="dynamic/rescue", messages=HELLO, stream=stream)
    assert raw.headers["x-attache-attempts"] == "2"
    parsed = raw.parse()
    text = words(parsed) if stream else parsed.choices[0].message.content
    assert text == "Hello from tiny: Hello"


def test_the_headers_tell_what_was_decided(client):
    raw = client.chat.completions.with_raw_response.create(model="dynamic/rescue", messages=HELLO)
    told = {name: value for name, value in raw.headers.items() if name.startswith(("x-attache-", "cf-aig-"))}
    assert told.pop("x-attache-route").startswith("rescue@")
    assert told.pop("cf-aig-request-id") and told.pop("x-attache-session")
    assert told == {
        "x-attache-path": "start,broken,tiny,end",
        "x-attache-attempts": "2",
        "x-attache-cost": "unknown",
        "x-attache-model": "tiny",
        "x-attache-provider": "mock",
        "cf-aig-model": "tiny",
        "cf-aig-provider": "mock",
        "cf-aig-step": "1",
    }


def test_tools_pass_through(client, pair):
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}}
    messages = [
        *HELLO,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "7 °C"},
    ]
    asked = {"messages": messages, "tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}
    client.chat.completions.create(model="dynamic/chat", **asked)
    *_, seen = json.loads(ask(f"{pair.mock}/_mock/requests"))
    assert json.loads(seen["body"]) == {"model": "tiny", **asked}


def test_completions(client):
    answer = client.completions.create(model="dynamic/chat", prompt="Once")
    assert answer.choices[0].text == "Hello from tiny: Once"


def test_embeddings(client):
    answer = client.embeddings.create(model="dynamic/chat", input=["one", "two"], dimensions=8)
    assert [len(item.embedding) for item in answer.data] == [8, 8]
    assert answer.data[0].embedding != answer.data[1].embedding


def test_responses(client):
    assert client.responses.create(model="dynamic/chat", input="Hello").output_text == "Hello from tiny: Hello"


def test_responses_stream(client):
    with client.responses.stream(model="dynamic/chat", input="Hello") as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert deltas == stream.get_final_response().output_text == "Hello from tiny: Hello"


def test_models(client):
    names = [model.id for model in client.models.list()]
    assert names[:4] == ["dynamic/chat", "dynamic/down", "dynamic/once", "dynamic/rescue"]
    assert "mock/tiny" in names
