"""OpenAI, Azure's OpenAI in both of its forms, and the many that speak the same language."""

import base64
import re
import struct

from openai import types as api
from openai.types import chat, responses

from .scenes import pieces, vector
from .server import checked, refusal, route, sse, stream, told, whole

AZURE = r"/openai/deployments/(?P<model>[^/]+)"
OPERATIONS = ["chat/completions", "responses", "embeddings"]
ROUTES = {
    "openai": [(rf"/v1/{one}", one) for one in OPERATIONS],
    "groq": [(rf"/openai/v1/{one}", one) for one in OPERATIONS],
    "azure": [(rf"/openai/v1/{one}(\?api-version=(preview|latest))?", one) for one in OPERATIONS],
    "azure-classic": [(rf"{AZURE}/{one}\?api-version=[0-9a-z-]+", one) for one in ("chat/completions", "embeddings")],
}
FINISHES = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "stop",
}
ERRORS = {
    "auth": ("invalid_request_error", "invalid_api_key"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "rate_limited": ("requests", "rate_limit_exceeded"),
    "quota_exhausted": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("server_error", None),
    "server_error": ("server_error", None),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "content_filter": ("invalid_request_error", "content_filter"),
}


def read(name, heard):
    found = route(heard, ROUTES[name])
    heard.model = found.get("model") or heard.json.get("model") or ""
    heard.stream = heard.json.get("stream") is True


def called(heard):
    calls = [call["function"] for message in heard.json.get("messages", []) for call in message.get("tool_calls") or []]
    items = [item for item in heard.json.get("input", []) if isinstance(item, dict)]
    return [call["name"] for call in calls + [item for item in items if item.get("type") == "function_call"]]


def answer(heard, scene):
    if heard.operation == "embeddings":
        return whole(embed(heard))
    if heard.operation == "responses":
        if not heard.stream:
            return whole(checked(responses.Response, response(heard, scene, "completed", items(scene))))
        told_events = [checked(responses.ResponseStreamEvent, one) for one in unfold(heard, scene)]
        return stream([event(heard, one["type"], told(one)) for one in told_events])
    if not heard.stream:
        return whole(checked(chat.ChatCompletion, completion(heard, scene)))
    chunks = [checked(chat.ChatCompletionChunk, one) for one in told_chunks(heard, scene)]
    return stream([*(sse(one) for one in chunks), sse(b"[DONE]")])


def event(heard, name, data):
    return sse(data, name if heard.operation == "responses" else None)


def fault(heard, trouble):
    if heard.operation == "responses":
        return sse({"type": "error", "code": "server_error", "message": trouble.message, "param": None}, "error")
    return sse(wrong(trouble))


def error(_heard, trouble):
    said = refusal(trouble, wrong(trouble))
    said.status = {529: 503}.get(trouble.status, trouble.status)
    return said


def wrong(trouble):
    kind, code = ERRORS.get(trouble.kind, ("invalid_request_error", None))
    return {"error": {"message": trouble.message, "type": kind, "param": None, "code": code}}


def figures(usage):
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def completion(heard, scene):
    message = {"role": "assistant", "content": scene.text or None, "refusal": scene.refusal or None}
    if scene.calls:
        message["tool_calls"] = [wire_call(call) for call in scene.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISHES[scene.finish]}
    return {**head(heard, "chat.completion"), "choices": [choice], "usage": figures(scene.usage)}


def head(heard, kind):
    return {"id": "chatcmpl-1", "object": kind, "created": 1760000000, "model": heard.model, "system_fingerprint": None}


def wire_call(call):
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def told_chunks(heard, scene):
    asked = (heard.json.get("stream_options") or {}).get("include_usage")

    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head(heard, "chat.completion.chunk"), "choices": [choice], **({"usage": None} if asked else {})}

    yield chunk({"role": "assistant", "content": "" if scene.text else None, "refusal": None})
    for name in ("text", "refusal"):
        for piece in pieces(getattr(scene, name)):
            yield chunk({"content" if name == "text" else name: piece})
    for index, call in enumerate(scene.calls):
        begun = wire_call(call)
        begun["function"]["arguments"] = ""
        yield chunk({"tool_calls": [{"index": index, **begun}]})
        for piece in pieces(call.arguments):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, FINISHES[scene.finish])
    if asked:
        yield {**head(heard, "chat.completion.chunk"), "choices": [], "usage": figures(scene.usage)}


def items(scene):
    """The output of a response."""
    out = []
    if scene.text or scene.refusal:
        text = {"type": "output_text", "text": scene.text, "annotations": [], "logprobs": []}
        content = text if scene.text else {"type": "refusal", "refusal": scene.refusal}
        out.append({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [content]})
    for call in scene.calls:
        said = {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        out.append({"id": f"fc_{call.id}", "status": "completed", **said})
    return out


def response(heard, scene, status, output):
    usage, incomplete = scene.usage, None
    if scene.finish in ("length", "content_filter") and status == "completed":
        status = "incomplete"
        incomplete = {"reason": {"length": "max_output_tokens"}.get(scene.finish, scene.finish)}
    counted = {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1760000000,
        "status": status,
        "error": None,
        "incomplete_details": incomplete,
        "instructions": None,
        "metadata": {},
        "model": heard.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": counted if output or status != "in_progress" else None,
    }


def unfold(heard, scene):
    """The events of a response."""
    for number, one in enumerate(unnumbered(heard, scene)):
        yield one | {"sequence_number": number}


def unnumbered(heard, scene):
    begun = response(heard, scene, "in_progress", [])
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items(scene)):
        where = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            yield from of_message(item, index, where)
        else:
            yield {"type": "response.output_item.added", "output_index": index, "item": item | {"arguments": ""}}
            for piece in pieces(item["arguments"]):
                yield {"type": "response.function_call_arguments.delta", "delta": piece, **where}
            yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"], **where}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    last = response(heard, scene, "completed", items(scene))
    yield {"type": f"response.{last['status']}", "response": last}


def of_message(item, index, where):
    begun = item | {"content": [], "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    where = where | {"content_index": 0}
    [part] = item["content"]
    kind, key = ("output_text", "text") if part["type"] == "output_text" else ("refusal", "refusal")
    also = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", "part": part | {key: ""}, **where}
    for piece in pieces(part[key]):
        yield {"type": f"response.{kind}.delta", "delta": piece, **also, **where}
    yield {"type": f"response.{kind}.done", key: part[key], **also, **where}
    yield {"type": "response.content_part.done", "part": part, **where}


def embed(heard):
    asked = heard.json["input"]
    texts = [asked] if isinstance(asked, str) else asked
    vectors = [vector(str(text), heard.json.get("dimensions", 3)) for text in texts]
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
    value = {"object": "list", "model": heard.model, "data": data, "usage": {"prompt_tokens": 4, "total_tokens": 4}}
    checked(api.CreateEmbeddingResponse, value)
    # which its SDK asks for, and has no type for
    if heard.json.get("encoding_format") == "base64":
        for one in data:
            one["embedding"] = base64.b64encode(struct.pack(f"<{len(one['embedding'])}f", *one["embedding"])).decode()
    return value
