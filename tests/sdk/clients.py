"""The official SDKs as clients of the pair, read strictly: what they would let pass is complained about."""

import anthropic.types
import seen
from openai.types import chat, responses
from strict import complaints

#: What OpenAI's types do not know, and many clients of its language do.
BESIDE = frozenset({"reasoning_content", "reasoning_details", "extra_content"})
#: The events that are Anthropic's own; its SDK makes others from them.
OWN = {"message_start", "message_delta", "content_block_start", "content_block_delta"}


def strictly(kind, value):
    """Complains where the answer is not exactly of the SDK's type."""
    found = complaints(kind, value.to_dict(mode="json"), also=BESIDE)
    assert found == [], found
    return value


def ask_openai(client, model, request, stream):
    """Chat completions: what was understood, and the message as it goes into the next turn."""
    create = client.chat.completions.create
    if not stream:
        answer = strictly(chat.ChatCompletion, create(model=model, **request))
        return seen.of_openai(answer), answer.choices[0].message.to_dict(mode="json")
    with create(model=model, stream=True, stream_options={"include_usage": True}, **request) as told:
        chunks = [strictly(chat.ChatCompletionChunk, chunk) for chunk in told]
    assert not any(chunk.usage for chunk in chunks[:-1]), "usage comes last"
    return seen.of_openai_stream(chunks), gathered(chunks)


def gathered(chunks):
    """The message that the chunks make, as clients of OpenAI's language gather them."""
    message, calls, details = {"role": "assistant", "content": ""}, {}, {}
    for delta in (choice.delta.to_dict(mode="json") for chunk in chunks for choice in chunk.choices):
        message["content"] += delta.get("content") or ""
        for call in delta.get("tool_calls") or []:
            known = calls.setdefault(call.pop("index"), call)
            if known is not call:
                known["function"]["arguments"] += call["function"].get("arguments") or ""
        for detail in delta.get("reasoning_details") or []:
            known = details.setdefault(detail["index"], {"text": ""})
            text = known["text"] + (detail.get("text") or "")
            known.update({key: value for key, value in detail.items() if value} | {"text": text})
    if calls:
        message["tool_calls"] = list(calls.values())
    if details:
        message["reasoning_details"] = list(details.values())
    return message


def ask_anthropic(client, model, request, stream):
    """Messages: what was understood, and the message as it goes into the next turn."""
    request = {"max_tokens": 1000, **request}
    if not stream:
        answer = strictly(anthropic.types.Message, client.messages.create(model=model, **request))
    else:
        with client.messages.stream(model=model, **request) as events:
            for event in events:
                if event.type in OWN:
                    strictly(anthropic.types.RawMessageStreamEvent, event)
            answer = strictly(anthropic.types.Message, events.get_final_message())
    return seen.of_anthropic(answer), {"role": "assistant", "content": [b.to_dict(mode="json") for b in answer.content]}


def ask_responses(client, model, request, stream):
    """Responses."""
    if not stream:
        answer = strictly(responses.Response, client.responses.create(model=model, **request))
        return seen.of_response(answer)
    with client.responses.create(model=model, stream=True, **request) as told:
        events = [strictly(responses.ResponseStreamEvent, event) for event in told]
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers)), numbers
    assert events[-1].type in ("response.completed", "response.incomplete")
    answer = seen.of_response(events[-1].response)
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == answer.text
    return answer
