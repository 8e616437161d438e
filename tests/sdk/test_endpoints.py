"""Responses, embeddings and counted tokens are there with every dialect that has something of the kind."""

import base64
import json
import struct

import anthropic
import clients
import openai
import pytest
from cases import CASES, HI, RESPONSES, said
from fakes import scenes
from targets import OPENAIS, STREAM, TARGETS, model


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
    answer = (
        clients.strictly(openai.types.CreateEmbeddingResponse, gpt.embeddings.create(**asked))
        if form == "float"
        else gpt.embeddings.create(**asked)
    )
    vectors = [item.embedding for item in answer.data]
    if form == "base64":
        vectors = [floats(vector) for vector in vectors]
    assert vectors == [scenes.vector(text) for text in texts]
    assert [item.index for item in answer.data] == [0, 1]


def floats(text):
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
