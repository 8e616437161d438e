"""Cohere, version 2 of its API."""

from cohere import types as api
from cohere.v2.types import V2ChatResponse, V2ChatStreamResponse

from .scenes import pieces, vector
from .server import checked, refusal, route, sse, stream, told, whole

ROUTES = [(r"/v2/chat", "chat"), (r"/v2/embed", "embed")]
FINISHES = {
    "stop": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
}
MESSAGES = {
    "context_length": "too many tokens: size limit exceeded by 1000 tokens. Try using shorter or fewer inputs.",
    "quota_exhausted": "You have reached your monthly limit of a Trial key, which is limited to 1000 API calls / month.",
}


def read(_name, heard):
    route(heard, ROUTES)
    heard.model = heard.json.get("model") or ""
    heard.stream = heard.json.get("stream") is True


def called(heard):
    messages = heard.json.get("messages", [])
    return [call["function"]["name"] for message in messages for call in message.get("tool_calls") or []]


def answer(heard, scene):
    if heard.operation == "embed":
        return whole(checked(api.EmbedByTypeResponse, embed(heard)))
    if heard.stream:
        events = [checked(V2ChatStreamResponse, one) for one in unfold(scene)]
        return stream([event(heard, one["type"], told(one)) for one in events])
    message = {"role": "assistant"}
    if content := blocks(scene):
        message["content"] = content
    if scene.calls:
        message["tool_calls"] = [wire_call(call, call.arguments) for call in scene.calls]
    value = {"id": "c1", "finish_reason": FINISHES[scene.finish], "message": message, "usage": figures(scene.usage)}
    return whole(checked(V2ChatResponse, value))


def event(_heard, name, data):
    return sse(data, name)


def fault(_heard, _trouble):
    delta = {"finish_reason": "ERROR", "error": "too busy", "usage": figures_of(0, 0)}
    return sse({"type": "message-end", "delta": delta}, "message-end")


def error(_heard, trouble):
    said = refusal(trouble, {"id": "e1", "message": MESSAGES.get(trouble.kind, trouble.message)})
    said.status = {529: 503}.get(trouble.status, trouble.status)
    return said


def figures(usage):
    return figures_of(usage.input, usage.output) | ({"cached_tokens": usage.cached} if usage.cached else {})


def figures_of(before, after):
    counted = {"input_tokens": before, "output_tokens": after}
    return {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": counted}


def blocks(scene):
    thought = [{"type": "thinking", "thinking": scene.thought}] if scene.thought else []
    return thought + ([{"type": "text", "text": scene.text}] if scene.text else [])


def wire_call(call, arguments):
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def unfold(scene):
    yield {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}}
    index = 0
    for block in blocks(scene):
        kind = block["type"]
        empty = {"message": {"content": {"type": kind, kind: ""}}}
        yield {"type": "content-start", "index": index, "delta": empty}
        for piece in pieces(block[kind]):
            yield {"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: piece}}}}
        yield {"type": "content-end", "index": index}
        index += 1
    for index, call in enumerate(scene.calls):
        begun = {"message": {"tool_calls": wire_call(call, "")}}
        yield {"type": "tool-call-start", "index": index, "delta": begun}
        for piece in pieces(call.arguments):
            more = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield {"type": "tool-call-delta", "index": index, "delta": more}
        yield {"type": "tool-call-end", "index": index}
    delta = {"finish_reason": FINISHES[scene.finish], "usage": figures(scene.usage)}
    yield {"type": "message-end", "delta": delta}


def embed(heard):
    vectors = [vector(text, heard.json.get("output_dimension", 3)) for text in heard.json["texts"]]
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 4}}
    return {"id": "e1", "response_type": "embeddings_by_type", "embeddings": {"float": vectors}, "meta": meta}
