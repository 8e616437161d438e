"""Google's generateContent and embeddings, by the types of its SDK and by what it makes of them."""

import functools
import re
from typing import Required

import google.genai
import google.genai.models
import google.genai.types
from fakes.scenes import SIGNATURE
from google.genai import _common
from strict import complaints
from typing_extensions import TypedDict

from .compare import differences


class GeminiBody(TypedDict, total=False):
    """The body of generateContent. ai.google.dev/api/generate-content"""

    contents: Required[list[google.genai.types.Content]]
    systemInstruction: google.genai.types.Content
    tools: list[google.genai.types.Tool]
    toolConfig: google.genai.types.ToolConfig
    safetySettings: list[google.genai.types.SafetySetting]
    generationConfig: google.genai.types.GenerationConfig
    cachedContent: str
    labels: dict[str, str]
    serviceTier: google.genai.types.ServiceTier


class GeminiEmbed(TypedDict, total=False):
    """One of batchEmbedContents. ai.google.dev/api/embeddings"""

    model: Required[str]
    content: Required[google.genai.types.Content]
    taskType: str
    title: str
    outputDimensionality: int


class GeminiEmbeds(TypedDict):
    requests: list[GeminiEmbed]


class VertexInstance(TypedDict, total=False):
    """cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api"""

    content: Required[str]
    task_type: str
    title: str


class VertexParameters(TypedDict, total=False):
    autoTruncate: bool
    outputDimensionality: int


class VertexPredict(TypedDict, total=False):
    instances: Required[list[VertexInstance]]
    parameters: VertexParameters


def form(name, heard):
    if heard.operation == "batchEmbedContents":
        named = [one.get("model") for one in heard.json.get("requests", [])]
        wrong = [f".requests.model: {one}" for one in named if one != f"models/{heard.model}"]
        return complaints(GeminiEmbeds, heard.json) + wrong
    if heard.operation == "predict":
        return complaints(VertexPredict, heard.json)
    body = plain(heard.json)
    return complaints(GeminiBody, body) or written_again(name, heard, body)


@functools.cache
def google_client():
    return google.genai.Client(api_key="unused")._api_client


def written_again(name, heard, body):
    """Google's SDK, given the same request in its own types, writes the same body, for the API that is asked."""
    kinds = google.genai.types
    # what a person hands to the SDK is called as what it sends
    beside = {key: value for key, value in body.items() if key not in ("contents", "generationConfig")}
    config = body.get("generationConfig", {}) | beside
    asked = kinds._GenerateContentParameters(
        model=heard.model,
        contents=[kinds.Content.model_validate(one) for one in body["contents"]],
        config=kinds.GenerateContentConfig.model_validate(config),
    )
    write = {
        "gemini": google.genai.models._GenerateContentParameters_to_mldev,
        "vertex": google.genai.models._GenerateContentParameters_to_vertex,
    }[name]
    try:
        written = write(google_client(), asked, None, asked)
    except ValueError as error:
        return [str(error)]
    written = _common.encode_unserializable_types(_common.convert_to_dict(written))
    written.pop("_url")
    # it writes an empty configuration where there is none
    return differences({"generationConfig": {}} | plain(written), {"generationConfig": {}} | body)


#: What lies behind these is a person's own.
OWN = {"args", "response", "parametersJsonSchema", "responseJsonSchema", "responseSchema", "parameters", "labels"}


def plain(value):
    """Google reads `mime_type` as `mimeType`, and its SDK writes both; nor do the two alphabets of base64 differ."""
    if isinstance(value, dict):
        named = {re.sub("_([a-z])", lambda found: found[1].upper(), key): one for key, one in value.items()}
        return {key: one if key in OWN else standard(one) if key in BYTES else plain(one) for key, one in named.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


BYTES = {"data", "thoughtSignature"}


def standard(value):
    return value.replace("-", "+").replace("_", "/") if isinstance(value, str) else value


def rules(heard):
    """ai.google.dev: Function calling, Thought signatures."""
    found, asked = [], []
    for at, content in enumerate(heard.json.get("contents", [])):
        if content.get("role") not in ("user", "model"):
            found.append(f".contents[{at}].role: {content.get('role')!r}")
        if not content.get("parts"):
            found.append(f".contents[{at}]: is empty")
        parts = content.get("parts", [])
        found += [f".contents[{at}]: a part must be one thing: {part}" for part in parts if things(part) != 1]
        given = [part["functionResponse"]["name"] for part in parts if "functionResponse" in part]
        if sorted(given) != sorted(asked):
            found.append(f".contents[{at}]: results of {given}, where those of {asked} belong")
        calls = [part for part in parts if "functionCall" in part]
        asked = [part["functionCall"]["name"] for part in calls]
        if heard.scene == "thinking" and calls and calls[0].get("thoughtSignature") != SIGNATURE:
            found.append(f".contents[{at}]: the signature of the first call is missing")
    return found


def things(part):
    kinds = {
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    }
    return len(kinds & part.keys())
