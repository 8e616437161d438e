"""Mistral's chat and embeddings, by the types of its SDK."""

import re

from mistralai.client import models
from strict import complaints


def form(_name, heard):
    if heard.operation == "embeddings":
        return complaints(models.EmbeddingRequest, heard.json)
    return complaints(models.ChatCompletionStreamRequest if heard.stream else models.ChatCompletionRequest, heard.json)


def rules(heard):
    """docs.mistral.ai: Function calling; the messages of its validator."""
    found, asked = [], []
    for at, message in enumerate(heard.json.get("messages", [])):
        if message["role"] == "tool":
            if message.get("tool_call_id") in asked:
                asked.remove(message["tool_call_id"])
            else:
                found.append(f".messages[{at}]: nobody asked for {message.get('tool_call_id')}")
            continue
        if asked:
            found.append(f".messages[{at}]: the results of {asked} must come first")
        asked = [call["id"] for call in message.get("tool_calls") or []]
        found += [f".messages[{at}]: {one!r} is not nine of a-z, A-Z, 0-9" for one in asked if not NINE.fullmatch(one)]
    last = (heard.json.get("messages") or [{"role": "user"}])[-1]
    if last["role"] not in ("user", "tool") and not last.get("prefix"):
        found.append(".messages: the last one must be of the user or of a tool")
    return found


NINE = re.compile("[a-zA-Z0-9]{9}")
