"""What goes beyond one chat request: turns that build on each other, other endpoints, failing over, losses, and faults."""

import base64
import json

import anthropic
import clients
import openai
import pytest
from cases import CASES, HI, URL, said, with_tools
from fakes import scenes
from strict import complaints
from test_dialects import CLAUDES, GOOGLES, MODELS, OPENAIS, STREAM, TARGETS, model

THINKERS = [target for target in TARGETS if target not in OPENAIS]


@STREAM
@pytest.mark.parametrize("target", THINKERS)
def test_a_thought_comes_back_signed_with_openais_sdk(gpt, heard, target, stream):
    """The fakes of Claude and Gemini refuse a second turn without the signature that they gave in the first."""
    request, _ = with_tools(reasoning_effort="low")
    first, message = clients.ask_openai(gpt, model(target, "thinking"), request, stream)
    assert (first.thought, first.finish) == (scenes.THOUGHT, "tool_calls")
    turns = [*request["messages"], message, {"role": "tool", "tool_call_id": first.ids[0], "content": "7 °C"}]
    second, _ = clients.ask_openai(gpt, model(target, "thinking"), request | {"messages": turns}, stream)
    assert (second.text, second.finish) == (scenes.TEXT, "stop")


@STREAM
@pytest.mark.parametrize("target", THINKERS)
def test_a_thought_comes_back_signed_with_anthropics_sdk(claude, heard, target, stream):
    _, request = with_tools()
    request |= {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000}
    first, message = clients.ask_anthropic(claude, model(target, "thinking"), request, stream)
    assert (first.thought, first.finish) == (scenes.THOUGHT, "tool_use")
    result = {"type": "tool_result", "tool_use_id": first.ids[0], "content": "7 °C"}
    turns = [*request["messages"], message, {"role": "user", "content": [result]}]
    second, _ = clients.ask_anthropic(claude, model(target, "thinking"), request | {"messages": turns}, stream)
    assert (second.text, second.finish) == (scenes.TEXT, "end_turn")


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
def test_a_thought_goes_to_nobody_but_its_maker(gpt, claude, heard, target):
    """A conversation changes its model: neither's signature is sent to the other, and both are served."""
    other = {"anthropic": "gemini", "gemini": "anthropic"}[target]
    request, _ = with_tools(reasoning_effort="low")
    first, message = clients.ask_openai(gpt, model(target, "thinking"), request, stream=False)
    turns = [*request["messages"], message, {"role": "tool", "tool_call_id": first.ids[0], "content": "7 °C"}]
    clients.ask_openai(gpt, model(other, "text"), request | {"messages": turns}, stream=False)
    [told] = heard(other)
    assert scenes.SIGNATURE not in json.dumps(told.json)


RESPONSES = {
    "plain": ("text", {"input": HI, "instructions": "Be brief."}),
    "turns": ("text", {"input": [{"role": "user", "content": HI}, {"role": "assistant", "content": "Where?"}, {"role": "user", "content": "There"}]}),
    "image": ("text", {"input": [{"role": "user", "content": [{"type": "input_text", "text": HI}, {"type": "input_image", "image_url": URL.replace(URL, "data:image/png;base64,iVBORw0KGgo="), "detail": "auto"}]}]}),
    "tool": ("tool", {"input": HI, "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}, "strict": True}]}),
    "parallel": ("parallel", {"input": HI, "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False}]}),
    "results": ("text", {"input": [{"role": "user", "content": HI}, {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c1", "output": "7"}], "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False}]}),
    "schema": ("json", {"input": HI, "text": {"format": {"type": "json_schema", "name": "city", "schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}, "strict": True}}}),
    "length": ("length", {"input": HI, "max_output_tokens": 300}),
    "thought": ("thought", {"input": HI, "reasoning": {"effort": "low"}}),
}  # fmt: skip


@STREAM
@pytest.mark.parametrize("case", RESPONSES)
@pytest.mark.parametrize("target", [target for target in TARGETS if target != "azure-classic"])
def test_responses_are_served_by_everybody(gpt, heard, target, case, stream):
    scene, request = RESPONSES[case]
    answer = clients.ask_responses(gpt, model(target, scene), request, stream)
    wanted = scenes.SCENES[scene]
    assert answer.text == wanted.text
    assert answer.calls == [(call.name, json.loads(call.arguments)) for call in wanted.calls]
    assert answer.finish == ("incomplete" if scene == "length" else "completed")
    assert answer.usage[:2] == (wanted.usage.input, wanted.usage.output)
    if target not in OPENAIS:
        assert answer.thought == wanted.thought


EMBEDDERS = {
    "openai": "text-embedding-3-small",
    "azure": "text-embedding-3-small",
    "azure-classic": "text-embedding-3-small",
    "gemini": "gemini-embedding-001",
    "vertex": "gemini-embedding-001",
    "mistral": "mistral-embed",
    "cohere": "embed-v4.0",
    "bedrock": "cohere.embed-v4:0",
}


@pytest.mark.parametrize("form", ["float", "base64"])
@pytest.mark.parametrize("target", EMBEDDERS)
def test_embeddings_are_made_by_everybody(gpt, heard, target, form):
    texts = ["one", "zwei — ñ😀"]
    asked = {"model": f"{target}/{EMBEDDERS[target]}", "input": texts, "encoding_format": form}
    answer = clients.strictly(openai.types.CreateEmbeddingResponse, gpt.embeddings.create(**asked)) if form == "float" else gpt.embeddings.create(**asked)
    vectors = [item.embedding for item in answer.data]
    if form == "base64":
        vectors = [floats(vector) for vector in vectors]
    assert vectors == [scenes.vector(text) for text in texts]
    assert [item.index for item in answer.data] == [0, 1]


def floats(text):
    import struct

    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def test_titan_makes_one_vector(gpt, heard):
    asked = {"model": "bedrock/amazon.titan-embed-text-v2:0", "dimensions": 256}
    answer = gpt.embeddings.create(input="one", **asked)
    assert answer.data[0].embedding == scenes.vector("one", 256)
    with pytest.raises(openai.BadRequestError, match="one vector at a time"):
        gpt.embeddings.create(input=["one", "two"], **asked)


@pytest.mark.parametrize("target", ["gemini", "cohere", "mistral", "openai"])
def test_dimensions_are_asked_for(gpt, heard, target):
    answer = gpt.embeddings.create(model=f"{target}/{EMBEDDERS[target]}", input="one", dimensions=8)
    assert answer.data[0].embedding == scenes.vector("one", 8)


@pytest.mark.parametrize("target", TARGETS)
def test_tokens_are_counted(claude, heard, target):
    request = CASES["tool"].anthropic
    count = claude.messages.count_tokens(model=model(target, "text"), **request)
    clients.strictly(anthropic.types.MessageTokensCount, count)
    more = claude.messages.count_tokens(model=model(target, "text"), **said(("user", HI * 100)))
    assert 0 < count.input_tokens and (target == "anthropic" or count.input_tokens < more.input_tokens)


LOSSY = {"seed": 7, "logit_bias": {"50256": -100}}
LOST = {
    "openai": "",
    "anthropic": "seed,logit_bias",
    "bedrock": "seed,logit_bias",
    "gemini": "logit_bias",
    "mistral": "logit_bias",
    "cohere": "logit_bias",
    "groq": "logit_bias",
}


@STREAM
@pytest.mark.parametrize("target", LOST)
def test_what_is_lost_is_told(gpt, heard, target, stream):
    asked = {"model": model(target, "text"), "stream": stream, **said(("user", HI)), **LOSSY}
    raw = gpt.chat.completions.with_raw_response.create(**asked)
    assert set(raw.headers.get("x-attache-loss", "").split(",")) == set(LOST[target].split(","))
    list(raw.parse())


@pytest.mark.parametrize("target", LOST)
def test_what_would_be_lost_is_refused_where_the_client_is_strict(gpt, heard, target):
    asked = {"model": model(target, "text"), **said(("user", HI)), **LOSSY, "extra_headers": {"x-attache-strict": "true"}}
    if not LOST[target]:
        gpt.chat.completions.create(**asked)
        return
    with pytest.raises(openai.BadRequestError) as caught:
        gpt.chat.completions.create(**asked)
    assert all(field in caught.value.message for field in LOST[target].split(","))
    assert heard(target) == []


def chain(headers):
    return {name: headers.get(f"x-attache-{name}") for name in ("path", "provider", "model", "attempts")}


@STREAM
def test_a_route_leads_across_languages_and_the_client_sees_one_answer(gpt, heard, stream):
    request, _ = with_tools()
    raw = gpt.chat.completions.with_raw_response.create(model="dynamic/across", stream=stream, **request)
    assert chain(raw.headers) == {
        "path": "start,gpt,claude,gemini,end",
        "provider": "gemini",
        "model": "gemini-2.5-pro.parallel",
        "attempts": "3",
    }
    answer, _ = clients.ask_openai(gpt, "dynamic/across", request, stream)
    wanted = scenes.SCENES["parallel"]
    assert (answer.text, len(answer.calls)) == (wanted.text, 2)
    assert answer.usage == (wanted.usage.input, wanted.usage.output, 0), "of the one that answered"
    raw.parse()


@STREAM
def test_a_route_leads_across_languages_for_anthropics_sdk(claude, heard, stream):
    _, request = with_tools()
    answer, _ = clients.ask_anthropic(claude, "dynamic/across", request, stream)
    assert (answer.text, len(answer.calls)) == (scenes.SCENES["parallel"].text, 2)
    assert [len(heard(name)) for name in ("openai", "anthropic", "gemini")] == [1, 1, 1]


@STREAM
def test_answers_that_begin_with_an_error_are_never_seen(gpt, claude, heard, stream):
    answer, _ = clients.ask_openai(gpt, "dynamic/early", said(("user", HI)), stream)
    assert (answer.text, answer.thought) == (scenes.TEXT, scenes.THOUGHT)
    answer, _ = clients.ask_anthropic(claude, "dynamic/early", said(("user", HI)), stream)
    assert (answer.text, answer.thought) == (scenes.TEXT, scenes.THOUGHT)
    assert [len(heard(name)) for name in ("openai", "anthropic", "mistral", "cohere")] == [2, 2, 2, 2]


#: The neutral name of each trouble, and the status that the client gets where the provider's own is kept.
TROUBLES = {
    "error-400": ("bad_request", 400),
    "error-auth": ("auth", 401),
    "error-404": ("not_found", 404),
    "error-429": ("rate_limited", 429),
    "error-quota": ("quota_exhausted", 429),
    "error-context": ("context_length", 400),
    "error-filter": ("content_filter", 400),
    "error-500": ("server_error", 500),
    "error-529": ("overloaded", 503),
}
#: What a provider says in another way, or not at all.
ELSE = {
    ("mistral", "error-400"): ("unprocessable", 422),
    ("mistral", "error-quota"): ("rate_limited", 429),
    ("anthropic", "error-quota"): ("quota_exhausted", 400),
    ("vertex-claude", "error-quota"): ("quota_exhausted", 400),
    ("anthropic", "error-529"): ("overloaded", 529),
    ("vertex-claude", "error-529"): ("overloaded", 529),
    ("bedrock", "error-auth"): ("auth", 403),
    ("bedrock", "error-quota"): ("quota_exhausted", 400),
    ("bedrock-claude", "error-quota"): ("quota_exhausted", 400),
    # a busy server of these says no more than that it is one
    **{(target, "error-529"): ("server_error", 503) for target in (*OPENAIS, "cohere")},
}
CODES = {"context_length": "context_length_exceeded", "content_filter": "content_filter"}


def told_of(target, trouble):
    """The neutral name, and the status that the client gets."""
    return ELSE.get((target, trouble), TROUBLES[trouble])


def troubles():
    """Every target with every trouble that it has words for."""
    for target in TARGETS:
        for trouble in TROUBLES:
            if trouble != "error-filter" or target in OPENAIS | CLAUDES:
                yield target, trouble


@pytest.mark.parametrize(("target", "trouble"), list(troubles()))
def test_openais_sdk_hears_of_every_fault_in_its_own_words(gpt, heard, target, trouble):
    kind, status = told_of(target, trouble)
    with pytest.raises(openai.APIStatusError) as caught:
        gpt.chat.completions.create(model=model(target, trouble), **said(("user", HI)))
    error = caught.value
    assert error.status_code == status
    assert set(error.body) >= {"message", "type", "param", "code"}
    assert error.code == CODES.get(kind, error.code)
    assert isinstance(error, openai.RateLimitError) == (status == 429)
    assert error.response.headers.get("retry-after") == ("7" if trouble == "error-429" else None)
    assert "sk-12345" not in str(error.body), "what a provider says of a credential stays with us"
    # where the client speaks the provider's language, it hears the provider's own words
    assert kind in error.message or (target in OPENAIS and status == 400)
    assert len(heard(target)) == 1


@pytest.mark.parametrize(("target", "trouble"), list(troubles()))
def test_anthropics_sdk_hears_of_every_fault_in_its_own_words(claude, heard, target, trouble):
    kind, status = told_of(target, trouble)
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(model=model(target, trouble), max_tokens=9, stream=True, **said(("user", HI)))
    error = caught.value
    assert error.status_code == status
    assert complaints(anthropic.types.ErrorResponse, error.body, also={"code"}) == []
    assert isinstance(error, anthropic.RateLimitError) == (status == 429)
    assert error.response.headers.get("retry-after") == ("7" if trouble == "error-429" else None)
    assert "sk-12345" not in str(error.body)
    assert kind in str(error.body) or (target in CLAUDES and status == 400)
    assert len(heard(target)) == 1


#: Answers that no provider should give: served all the same where they do no harm, else an error, and never silence.
DEFECTS = [name for name, scene in scenes.SCENES.items() if scene.defect]
HARMLESS = {"unknown-events", "no-usage"}


def bad():
    """One provider of each dialect with every defect, streamed and not. A stream that is cut costs Envoy a second."""
    for target in ("openai", "anthropic", "bedrock-claude", "gemini", "bedrock", "mistral", "cohere"):
        for defect in (*DEFECTS, "cut-arguments"):
            for stream in (False, True):
                if not (stream and defect == "cut" and target not in ("anthropic", "bedrock")):
                    yield pytest.param(target, defect, stream, id=f"{target}-{defect}-{'stream' if stream else 'whole'}")


@pytest.mark.parametrize(("target", "defect", "stream"), list(bad()))
def test_a_bad_answer_does_not_reach_openais_sdk(gpt, served, target, defect, stream):
    ends(lambda: clients.ask_openai(gpt, model(target, defect), said(("user", HI)), stream), defect, target in OPENAIS)
    served[target].forget()


@pytest.mark.parametrize(("target", "defect", "stream"), list(bad()))
def test_a_bad_answer_does_not_reach_anthropics_sdk(claude, served, target, defect, stream):
    own = target in CLAUDES
    ends(lambda: clients.ask_anthropic(claude, model(target, defect), said(("user", HI)), stream), defect, own)
    served[target].forget()


def ends(ask, defect, same):
    """The client gets an answer or an error. Where it speaks the provider's language, bytes pass as they are."""
    try:
        answer, _ = ask()
    except (openai.APITimeoutError, anthropic.APITimeoutError):
        raise
    except (openai.APIError, anthropic.APIError):
        assert defect not in HARMLESS
    except Exception:
        assert same, "what the provider's own SDK stumbles over is ours to catch for the others"
    else:
        assert defect in HARMLESS | {"cut-arguments", "broken-json"} or (same and defect == "html"), answer
        assert answer.text == scenes.SCENES[defect].text or defect == "html"
