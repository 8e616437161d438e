"""Claude, at home, on Vertex AI and behind Bedrock's InvokeModel."""

import base64
import json
import re
import urllib.parse

import anthropic.types as api

from . import frames
from .scenes import pieces
from .server import Said, checked, refusal, route, sse, stream, told, whole

VERTEX = r"/v1/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/(?P<model>[^/:]+)"
ROUTES = {
    "anthropic": [(r"/v1/messages(\?beta=true)?", "messages"), (r"/v1/messages/count_tokens", "count_tokens")],
    "vertex-claude": [(VERTEX + ":rawPredict", "messages"), (VERTEX + ":streamRawPredict", "messages-stream")],
    "bedrock-claude": [
        (r"/model/(?P<model>[^/]+)/invoke", "messages"),
        (r"/model/(?P<model>[^/]+)/invoke-with-response-stream", "messages-stream"),
    ],
}
STOPS = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
}
#: Comes at any time, and the SDK has no type for it.
PING = {"type": "ping"}
#: The types of error, and Bedrock's names of the same exceptions.
ERRORS = {
    "auth": ("authentication_error", "AccessDeniedException"),
    "not_found": ("not_found_error", "ResourceNotFoundException"),
    "rate_limited": ("rate_limit_error", "ThrottlingException"),
    "quota_exhausted": ("invalid_request_error", "ServiceQuotaExceededException"),
    "overloaded": ("overloaded_error", "ServiceUnavailableException"),
    "server_error": ("api_error", "InternalServerException"),
}
MESSAGES = {
    "context_length": "prompt is too long: 212345 tokens > 200000 maximum",
    "quota_exhausted": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    "content_filter": "Output blocked by content filtering policy",
}


def read(name, heard):
    found = route(heard, ROUTES[name])
    # elsewhere the path says it
    heard.model = urllib.parse.unquote(found.get("model") or heard.json.get("model") or "")
    heard.stream = heard.operation.endswith("-stream") or heard.json.get("stream") is True
    heard.aws = name == "bedrock-claude"


def called(heard):
    messages = heard.json.get("messages", [])
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    return [block["name"] for block in blocks if block["type"] == "tool_use"]


def answer(heard, scene):
    if heard.operation == "count_tokens":
        return whole({"input_tokens": 20})
    if not heard.stream:
        return whole(checked(api.Message, message(heard, scene, blocks(scene), scene.usage)))
    kind = api.RawMessageStreamEvent
    events = [one if one is PING else checked(kind, one) for one in unfold(heard, scene)]
    events = [event(heard, one["type"], told(one)) for one in events]
    return Said(200, "application/vnd.amazon.eventstream", events) if heard.aws else stream(events)


def event(heard, name, data):
    """An event of a stream; Bedrock packs the same."""
    if heard.aws:
        return frames.event("chunk", told({"bytes": base64.b64encode(data).decode(), "p": "abcdefgh"}))
    return sse(data, name)


def fault(heard, trouble):
    """An error in a stream."""
    if heard.aws:
        kind = ERRORS[trouble.kind][1]
        return frames.exception(kind[0].lower() + kind[1:], told({"message": trouble.message}))
    return sse(wrong(trouble), "error")


def error(heard, trouble):
    if heard.aws:
        kind = ERRORS.get(trouble.kind, ("", "ValidationException"))[1]
        status = {"overloaded": 503, "quota_exhausted": 400}.get(trouble.kind, trouble.status)
        said = refusal(trouble, {"message": MESSAGES.get(trouble.kind, trouble.message)})
        said.status, said.headers["x-amzn-errortype"] = status, f"{kind}:http://internal.amazon.com/coral/"
        return said
    said = refusal(trouble, wrong(trouble))
    # an account without credit is a bad request here
    said.status = 400 if trouble.kind == "quota_exhausted" else trouble.status
    return said


def wrong(trouble):
    kind = ERRORS.get(trouble.kind, ("invalid_request_error",))[0]
    words = MESSAGES.get(trouble.kind, trouble.message)
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


def message(heard, scene, content, usage):
    ended = bool(content)
    words = {"stop_sequence": "Paris" if ended and scene.finish == "stop_sequence" else None}
    reason = STOPS[scene.finish] if ended else None
    head = {"id": "msg_01", "type": "message", "role": "assistant", "model": heard.model}
    return {**head, "content": content, "stop_reason": reason, **words, "usage": figures(usage)}


def figures(usage):
    return {
        "input_tokens": usage.fresh,
        "cache_read_input_tokens": usage.cached,
        "cache_creation_input_tokens": usage.written,
        "output_tokens": usage.output,
    }


def blocks(scene):
    thought = [{"type": "thinking", "thinking": scene.thought, "signature": scene.signature}] if scene.thought else []
    said = [{"type": "text", "text": text, "citations": None} for text in (scene.text, scene.refusal) if text]
    calls = [{"type": "tool_use", "id": "toolu_" + c.id, "name": c.name, "input": arguments(c)} for c in scene.calls]
    return thought + said + calls


def arguments(call):
    """Whole answers have the arguments as an object; of broken ones nothing is left."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return {}


def unfold(heard, scene):
    start = message(heard, scene, [], scene.usage)
    start["usage"]["output_tokens"] = 1
    yield {"type": "message_start", "message": start}
    calls = list(scene.calls)
    for index, block in enumerate(blocks(scene)):
        empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}
        yield {"type": "content_block_start", "index": index, "content_block": block | empty[block["type"]]}
        if index == 0:
            yield PING
        if block["type"] == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        else:
            parts = ["", *pieces(calls.pop(0).arguments)]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in parts]
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    words = "Paris" if scene.finish == "stop_sequence" else None
    delta = {"stop_reason": STOPS[scene.finish], "stop_sequence": words}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": scene.usage.output}}
    yield {"type": "message_stop"}
