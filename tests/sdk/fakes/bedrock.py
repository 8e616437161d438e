"""Amazon Bedrock: Converse, and InvokeModel for embeddings."""

import json
import urllib.parse

import oracles

from . import frames
from .scenes import pieces, vector
from .server import Said, refusal, route, told, whole

ROUTES = [
    (r"/model/(?P<model>[^/]+)/converse", "Converse"),
    (r"/model/(?P<model>[^/]+)/converse-stream", "ConverseStream"),
    (r"/model/(?P<model>[^/]+)/invoke", "InvokeModel"),
]
STOPS = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "guardrail_intervened",
}
EXCEPTIONS = {
    "auth": (403, "UnrecognizedClientException"),
    "not_found": (404, "ResourceNotFoundException"),
    "rate_limited": (429, "ThrottlingException"),
    "quota_exhausted": (400, "ServiceQuotaExceededException"),
    "overloaded": (503, "ServiceUnavailableException"),
    "server_error": (500, "InternalServerException"),
}
MESSAGES = {"context_length": "Input is too long for requested model."}


def read(_name, heard):
    found = route(heard, ROUTES)
    heard.model = urllib.parse.unquote(found.get("model", ""))
    heard.stream = heard.operation == "ConverseStream"


def called(heard):
    blocks = [block for message in heard.json.get("messages", []) for block in message["content"]]
    return [block["toolUse"]["name"] for block in blocks if "toolUse" in block]


def answer(heard, scene):
    if heard.operation == "InvokeModel":
        return whole(embed(heard))
    if heard.stream:
        events = [frames.event(name, told(event)) for name, event in unfold(scene)]
        return Said(200, "application/vnd.amazon.eventstream", events)
    message = {"role": "assistant", "content": blocks(scene)}
    value = {
        "output": {"message": message},
        "stopReason": STOPS[scene.finish],
        "usage": figures(scene.usage),
        "metrics": {"latencyMs": 12},
    }
    return whole(oracles.aws_answer("Converse", value))


def event(_heard, name, data):
    return frames.event(name, data)


def fault(_heard, trouble):
    name = EXCEPTIONS[trouble.kind][1]
    return frames.exception(name[0].lower() + name[1:], told({"message": trouble.message}))


def error(_heard, trouble):
    status, name = EXCEPTIONS.get(trouble.kind, (trouble.status, "ValidationException"))
    said = refusal(trouble, {"message": MESSAGES.get(trouble.kind, trouble.message)})
    said.status, said.headers["x-amzn-errortype"] = status, f"{name}:http://internal.amazon.com/coral/"
    return said


def figures(usage):
    return {
        "inputTokens": usage.fresh,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.written,
    }


def blocks(scene):
    thought = [{"reasoningContent": {"reasoningText": {"text": scene.thought, "signature": scene.signature}}}]
    said = [{"text": text} for text in (scene.text, scene.refusal) if text]
    calls = [{"toolUse": {"toolUseId": "tooluse_" + c.id, "name": c.name, "input": arguments(c)}} for c in scene.calls]
    return thought * bool(scene.thought) + said + calls


def arguments(call):
    try:
        return json.loads(call.arguments)
    except ValueError:
        return {}


def unfold(scene):
    for name, event in untold(scene):
        yield name, oracles.aws_event(name, event) | {"p": "abcdef"}


def untold(scene):
    yield "messageStart", {"role": "assistant"}
    calls = list(scene.calls)
    for index, block in enumerate(blocks(scene)):
        if "toolUse" in block:
            call, tool = calls.pop(0), block["toolUse"]
            start = {"toolUse": {"toolUseId": tool["toolUseId"], "name": tool["name"]}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": index}
            deltas = [{"toolUse": {"input": piece}} for piece in pieces(call.arguments)]
        elif "text" in block:
            deltas = [{"text": piece} for piece in pieces(block["text"])]
        else:
            deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(scene.thought)]
            deltas.append({"reasoningContent": {"signature": scene.signature}})
        for delta in deltas:
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": STOPS[scene.finish]}
    if scene.defect != "no-usage":
        yield "metadata", {"usage": figures(scene.usage), "metrics": {"latencyMs": 12}}


def embed(heard):
    """Titan takes one text, Cohere's models several."""
    if "inputText" in heard.json:
        return {"embedding": vector(heard.json["inputText"], heard.json.get("dimensions", 3)), "inputTextTokenCount": 4}
    vectors = [vector(text, heard.json.get("output_dimension", 3)) for text in heard.json["texts"]]
    return {"id": "e1", "texts": heard.json["texts"], "response_type": "embeddings_by_type", "embeddings": {"float": vectors}}
