"""Gemini, at Google's AI Studio and on Vertex AI."""

import json
import urllib.parse

from google.genai import types as api

from .scenes import pieces, vector
from .server import checked, refusal, route, sse, stream, told, whole

STUDIO = r"/v1(?:beta)?/models/(?P<model>[^/:]+)"
VERTEX = r"/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models/(?P<model>[^/:]+)"
ROUTES = {
    "gemini": [
        (STUDIO + ":generateContent", "generateContent"),
        (STUDIO + r":streamGenerateContent\?alt=sse", "streamGenerateContent"),
        (STUDIO + ":batchEmbedContents", "batchEmbedContents"),
    ],
    "vertex": [
        (VERTEX + ":generateContent", "generateContent"),
        (VERTEX + r":streamGenerateContent\?alt=sse", "streamGenerateContent"),
        (VERTEX + ":predict", "predict"),
    ],
}
FINISHES = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
MESSAGES = {
    "context_length": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "quota_exhausted": "You exceeded your current quota, please check your plan and billing details.",
}


def read(name, heard):
    found = route(heard, ROUTES[name])
    heard.model = urllib.parse.unquote(found.get("model", ""))
    heard.stream = heard.operation.startswith("stream")


def called(heard):
    parts = [part for content in heard.json.get("contents", []) for part in content["parts"]]
    return [part["functionCall"]["name"] for part in parts if "functionCall" in part]


def answer(heard, scene):
    if heard.operation == "batchEmbedContents":
        return whole({"embeddings": [embedding(request["content"], request) for request in heard.json["requests"]]})
    if heard.operation == "predict":
        size = heard.json.get("parameters", {})
        return whole({"predictions": [prediction(instance, size) for instance in heard.json["instances"]]})
    if heard.stream:
        return stream([event(heard, "", told(one)) for one in chunks(heard, scene)])
    parts = [part for group in split(scene, 1) for part in group]
    return whole(chunk(heard, scene, parts, last=True))


def event(_heard, _name, data):
    return sse(data)


def fault(_heard, trouble):
    return sse(wrong(trouble, status_of(trouble)))


def error(_heard, trouble):
    status = status_of(trouble)
    said = refusal(trouble, wrong(trouble, status))
    said.status = status
    # told in the body instead
    said.headers.pop("retry-after", None)
    return said


def status_of(trouble):
    return {529: 503}.get(trouble.status, trouble.status)


def wrong(trouble, status):
    words = MESSAGES.get(trouble.kind, trouble.message)
    details = []
    if trouble.kind == "auth":
        status_name, status = "INVALID_ARGUMENT", 400
        words = "API key not valid. Please pass a valid API key."
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"})
    else:
        status_name = STATUSES[status]
    if trouble.retry_after:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{trouble.retry_after}s"})
    if trouble.kind == "quota_exhausted":
        violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "0"}
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]})
    return {"error": {"code": status, "message": words, "status": status_name, "details": details}}


def chunks(heard, scene):
    groups = split(scene, 3) or [[]]
    for parts in groups:
        yield chunk(heard, scene, parts, last=parts is groups[-1])


def split(scene, count):
    """The parts of an answer, in the groups that a stream sends them in."""
    groups = [[{"text": piece, "thought": True}] for piece in pieces(scene.thought, count)]
    signed = {"thoughtSignature": scene.signature} if scene.signature else {}
    texts = [{"text": piece} for piece in pieces(scene.text, count)]
    calls = [{"functionCall": {"name": call.name, "args": arguments(call)}} for call in scene.calls]
    # the signature stands at the first call, or at the end of the text
    if calls:
        calls[0] |= signed
    elif texts:
        texts[-1] |= signed
    return groups + [[text] for text in texts] + ([calls] if calls else [])


def arguments(call):
    try:
        return json.loads(call.arguments)
    except ValueError:
        return {}


def chunk(heard, scene, parts, last):
    usage = scene.usage
    counted = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        **({"cachedContentTokenCount": usage.cached} if usage.cached else {}),
        **({"thoughtsTokenCount": usage.reasoning} if usage.reasoning else {}),
    }
    head = {"usageMetadata": counted, "modelVersion": heard.model, "responseId": "resp1"}
    if scene.finish == "refusal":
        # what is asked is refused as a whole: there is no candidate
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        return checked(api.GenerateContentResponse, {"promptFeedback": feedback, **head})
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = FINISHES[scene.finish]
    return checked(api.GenerateContentResponse, {"candidates": [candidate], **head})


def embedding(content, size):
    text = "".join(part["text"] for part in content["parts"])
    return checked(api.ContentEmbedding, {"values": vector(text, size.get("outputDimensionality", 3))})


def prediction(instance, size):
    values = vector(instance["content"], size.get("outputDimensionality", 3))
    return {"embeddings": {"values": values, "statistics": {"token_count": 4, "truncated": False}}}
