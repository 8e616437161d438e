"""Mistral."""

from mistralai.client import models as api

from .scenes import pieces, vector
from .server import checked, refusal, route, sse, stream, whole

ROUTES = [(r"/v1/chat/completions", "chat"), (r"/v1/embeddings", "embeddings")]
FINISHES = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tool_calls": "tool_calls"}


def read(_name, heard):
    route(heard, ROUTES)
    heard.model = heard.json.get("model") or ""
    heard.stream = heard.json.get("stream") is True


def called(heard):
    messages = heard.json.get("messages", [])
    return [call["function"]["name"] for message in messages for call in message.get("tool_calls") or []]


def answer(heard, scene):
    if heard.operation == "embeddings":
        return whole(checked(api.EmbeddingResponse, embed(heard)))
    if heard.stream:
        chunks = [checked(api.CompletionChunk, one) for one in unfold(heard, scene)]
        return stream([*(sse(one) for one in chunks), sse(b"[DONE]")])
    message = {"role": "assistant", "content": content(scene), "tool_calls": None}
    if scene.calls:
        message["tool_calls"] = [wire_call(call, call.arguments, index) for index, call in enumerate(scene.calls)]
    choice = {"index": 0, "finish_reason": FINISHES[scene.finish], "message": message}
    value = {**head(heard, "chat.completion"), "choices": [choice], "usage": figures(scene.usage)}
    return whole(checked(api.ChatCompletionResponse, value))


def event(_heard, _name, data):
    return sse(data)


def fault(heard, trouble):
    return sse(error(heard, trouble).body)


def error(_heard, trouble):
    status = {529: 503}.get(trouble.status, trouble.status)
    words = {
        "context_length": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
    }.get(trouble.kind, trouble.message)
    if trouble.kind == "auth":
        value = {"detail": "Unauthorized"}
    elif trouble.kind == "bad_request" and "temperature" in words:
        # as its validator tells it
        status, at = 422, {"type": "less_than_equal", "loc": ["body", "temperature"], "msg": words, "input": 2}
        value = {"object": "error", "message": {"detail": [at]}, "type": "invalid_request_error", "code": None}
    else:
        kinds = {"rate_limited": ("rate_limited", "1300"), "overloaded": ("service_unavailable", "3505")}
        kind, code = kinds.get(trouble.kind, ("invalid_request_error", "3051"))
        value = {"object": "error", "message": words, "type": kind, "param": None, "code": code}
        if trouble.kind == "rate_limited":
            value["raw_status_code"] = status
    said = refusal(trouble, value)
    said.status = status
    return said


def head(heard, kind):
    return {"id": "cmpl1", "object": kind, "created": 1760000000, "model": heard.model}


def figures(usage):
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }


def wire_call(call, arguments, index):
    return {"id": call.id, "type": "function", "index": index, "function": {"name": call.name, "arguments": arguments}}


def thinks(text):
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def content(scene):
    """Text alone is a string; with a thought before it, it is a list."""
    if not scene.thought:
        return scene.text
    return [thinks(scene.thought), *([{"type": "text", "text": scene.text}] if scene.text else [])]


def unfold(heard, scene):
    def chunk(delta, finish=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**head(heard, "chat.completion.chunk"), "choices": [choice], **more}

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(scene.thought):
        yield chunk({"content": [thinks(piece)]})
    for piece in pieces(scene.text):
        yield chunk({"content": piece})
    for index, call in enumerate(scene.calls):
        # its calls come in one piece each, but need not
        for at, piece in enumerate(pieces(call.arguments, 2)):
            one = wire_call(call, piece, index)
            if at:
                one["id"], one["function"]["name"] = "null", ""
            yield chunk({"content": "", "tool_calls": [one]})
    yield chunk({"content": ""}, FINISHES[scene.finish], usage=figures(scene.usage))


def embed(heard):
    asked = heard.json["input"]
    texts = [asked] if isinstance(asked, str) else asked
    vectors = [vector(text, heard.json.get("output_dimension", 3)) for text in texts]
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
    usage = {"prompt_tokens": 4, "completion_tokens": 0, "total_tokens": 4}
    return {"id": "emb1", "object": "list", "model": heard.model, "data": data, "usage": usage}
