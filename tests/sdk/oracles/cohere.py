"""Cohere's chat and embeddings, by the types of its SDK."""

from typing import Required

import cohere.types
import cohere.v2.types
from strict import complaints
from typing_extensions import TypedDict


class CohereChat(TypedDict, total=False):
    """The arguments of `ClientV2.chat`, which is all that the SDK has for the body."""

    model: Required[str]
    messages: Required[cohere.types.ChatMessages]
    stream: bool
    tools: list[cohere.types.ToolV2]
    strict_tools: bool
    documents: list[cohere.v2.types.V2ChatRequestDocumentsItem]
    citation_options: cohere.types.CitationOptions
    response_format: cohere.types.ResponseFormatV2
    safety_mode: cohere.v2.types.V2ChatRequestSafetyMode
    max_tokens: int
    stop_sequences: list[str]
    temperature: float
    seed: int
    frequency_penalty: float
    presence_penalty: float
    k: int
    p: float
    logprobs: bool
    tool_choice: cohere.v2.types.V2ChatRequestToolChoice
    thinking: cohere.types.Thinking
    priority: int


class CohereEmbed(TypedDict, total=False):
    """The arguments of `ClientV2.embed`."""

    model: Required[str]
    input_type: Required[cohere.types.EmbedInputType]
    texts: list[str]
    images: list[str]
    inputs: list[cohere.types.EmbedInput]
    max_tokens: int
    output_dimension: int
    embedding_types: list[cohere.types.EmbeddingType]
    truncate: cohere.v2.types.V2EmbedRequestTruncate
    priority: int


def form(_name, heard):
    return complaints(CohereEmbed if heard.operation == "embed" else CohereChat, heard.json)


def rules(heard):
    """docs.cohere.com: Chat, Tool use, and the messages of its validator."""
    body, found, asked = heard.json, [], []
    for at, message in enumerate(body.get("messages", [])):
        if message["role"] == "tool":
            if message["tool_call_id"] in asked:
                asked.remove(message["tool_call_id"])
            else:
                found.append(f".messages[{at}]: nobody asked for {message['tool_call_id']}")
            continue
        asked = [call["id"] for call in message.get("tool_calls") or []]
    limits = {
        "temperature": (0, 2),
        "frequency_penalty": (0, 1),
        "presence_penalty": (0, 1),
        "p": (0.01, 0.99),
        "k": (0, 500),
    }
    found += [
        f".{name}: {body[name]} is not in {limits[name]}"
        for name in limits
        if name in body and not within(body[name], limits[name])
    ]
    if body.get("response_format", {}).get("type") == "json_object" and body.get("tools"):
        found.append(".response_format: can not go with tools")
    if "tool_choice" in body and not body.get("tools"):
        found.append(".tool_choice: there are no tools")
    return found


def within(number, limits):
    return limits[0] <= number <= limits[1]
