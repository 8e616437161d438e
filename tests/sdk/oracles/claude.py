"""Anthropic's Messages, by the types of its SDK."""

import json
import re
from typing import Required

import anthropic.types
import anthropic.types.beta
from fakes.scenes import SIGNATURE, THOUGHT
from strict import complaints
from typing_extensions import TypedDict


class Sampled(TypedDict, total=False):
    """What the API version 2026-10-21 took away, and the SDK's types with it; the older version has it still.

    platform.claude.com: Migrating to API version 2026-10-21.
    """

    temperature: float
    top_p: float
    top_k: int


class Hosted(TypedDict, total=False):
    """On Vertex AI and on Bedrock the headers are fields. See Claude on Vertex AI, on Amazon Bedrock."""

    anthropic_version: Required[str]
    anthropic_beta: list[str]


NEW = "2026-10-21"
VERSIONS = {
    "anthropic": {NEW, "2023-06-01"},
    "vertex-claude": {NEW, "vertex-2023-10-16"},
    "bedrock-claude": {NEW, "bedrock-2023-05-31"},
}


def form(name, heard):
    beta = "anthropic-beta" in heard.headers
    kinds = anthropic.types.beta.message_create_params if beta else anthropic.types.message_create_params
    if heard.operation == "count_tokens":
        return complaints(anthropic.types.MessageCountTokensParams, heard.json)
    body, found, version = dict(heard.json), [], heard.headers.get("anthropic-version")
    if name != "anthropic":
        found += complaints(Hosted, taken(body, Hosted))
        version = heard.json.get("anthropic_version")
        forbidden = {"model", "stream"} if name == "bedrock-claude" else {"model"}
        found += [f".{field}: is in the path" for field in forbidden & body.keys()]
        body["model"] = heard.model
        if name == "bedrock-claude" and heard.stream:
            body["stream"] = True
    if version not in VERSIONS[name]:
        found.append(f"the version is {version!r}, not one of {VERSIONS[name]}")
    if version != NEW:
        found += complaints(Sampled, taken(body, Sampled))
    kind = kinds.MessageCreateParamsStreaming if heard.stream else kinds.MessageCreateParamsNonStreaming
    return found + complaints(kind, body)


def taken(body, kind):
    """The fields of that type, which the body then has no longer."""
    return {field: body.pop(field) for field in kind.__annotations__ if field in body}


def rules(heard):
    """docs.claude.com: Messages, Tool use, Extended thinking, Prompt caching."""
    body, found = heard.json, []
    messages = [message | {"content": listed(message["content"])} for message in body["messages"]]
    found += [f".messages[{at}]: is empty" for at, message in enumerate(messages) if not message["content"]]
    found += [
        f".messages[{at}]: an empty text"
        for at, message in enumerate(messages)
        for block in message["content"]
        if block["type"] == "text" and not block["text"]
    ]
    if messages and messages[0]["role"] != "user":
        found.append(".messages[0]: the first one must be the user's")
    asked = set()
    for at, message in enumerate(messages):
        given = {block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"}
        if given != asked:
            found.append(f".messages[{at}]: results of {given}, where those of {asked} belong")
        asked = {block["id"] for block in message["content"] if block["type"] == "tool_use"}
        bad = [one for one in asked if not re.fullmatch("[a-zA-Z0-9_-]+", one)]
        found += [f".messages[{at}]: {one!r} is no id" for one in bad]
    thinking = body.get("thinking", {})
    if thinking.get("type") == "enabled":
        if untold(messages, "tool_result", "tool_use", ("thinking", "redacted_thinking")):
            found.append(".thinking: the turn that called the tools must begin with its thought")
        if not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
            found.append(f".thinking: {thinking['budget_tokens']} is not from 1024 to max_tokens {body['max_tokens']}")
        if body.get("temperature", 1) != 1 or "top_k" in body:
            found.append(".thinking: temperature and top_k can not go with it")
        if body.get("tool_choice", {}).get("type") in ("any", "tool"):
            found.append(".thinking: forced tools can not go with it")
    if body.get("temperature", 0) > 1:
        found.append(".temperature: is above 1")
    marks = json.dumps(body).count('"cache_control": {')
    if marks > 4:
        found.append(f"cache_control: {marks} marks, where 4 are allowed")
    if heard.scene == "thinking" and not signed(messages, asked, "thinking", "signature"):
        found.append("thinking: the signature of the last turn is missing")
    return found


def untold(messages, result, call, thoughts):
    """Whether results of tools are told to a model whose turn before them has no thought at its beginning."""
    kinds = [[block["type"] for block in message["content"]] for message in messages[-2:]]
    return len(kinds) == 2 and result in kinds[1] and call in kinds[0] and kinds[0][0] not in thoughts


def listed(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def signed(messages, _asked, _kind, _key):
    """Whether each turn of ours that called tools brings its thought's signature back."""
    for message in messages:
        kinds = [block["type"] for block in message["content"]]
        if message["role"] == "assistant" and "tool_use" in kinds:
            thoughts = [block for block in message["content"] if block["type"] == "thinking"]
            if [(one["thinking"], one["signature"]) for one in thoughts] != [(THOUGHT, SIGNATURE)]:
                return False
    return True
