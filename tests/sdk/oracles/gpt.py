"""OpenAI's Chat Completions, Responses and Embeddings, by the types of its SDK."""

import openai.types
import openai.types.chat.completion_create_params
import openai.types.responses.response_create_params
from strict import complaints


def form(name, heard):
    chat = openai.types.chat.completion_create_params
    responses = openai.types.responses.response_create_params
    streaming, whole = {
        "chat/completions": (chat.CompletionCreateParamsStreaming, chat.CompletionCreateParamsNonStreaming),
        "responses": (responses.ResponseCreateParamsStreaming, responses.ResponseCreateParamsNonStreaming),
        "embeddings": (openai.types.EmbeddingCreateParams,) * 2,
    }[heard.operation]
    # the path names the deployment; a model beside it is allowed
    body = {"model": heard.model} | heard.json if name == "azure-classic" else heard.json
    return complaints(streaming if heard.stream else whole, body)


def rules(heard):
    """platform.openai.com: Chat Completions, Function calling."""
    found, asked = [], []
    for at, message in enumerate(heard.json.get("messages", [])):
        if message["role"] == "tool":
            if message["tool_call_id"] not in asked:
                found.append(f".messages[{at}]: nobody asked for {message['tool_call_id']}")
            else:
                asked.remove(message["tool_call_id"])
        else:
            if asked:
                found.append(f".messages[{at}]: the results of {asked} must come first")
            asked = [call["id"] for call in message.get("tool_calls") or []]
    if asked:
        found.append(f".messages: the results of {asked} are missing")
    if "tool_choice" in heard.json and "tools" not in heard.json:
        found.append(".tool_choice: there are no tools")
    if heard.operation == "chat/completions" and "parallel_tool_calls" in heard.json and "tools" not in heard.json:
        found.append(".parallel_tool_calls: there are no tools")
    if "stream_options" in heard.json and not heard.stream:
        found.append(".stream_options: it is no stream")
    return found
