"""What a client understood of an answer, in the words of `fakes.scenes`, whatever SDK read it and whether it was a stream."""

import json
from dataclasses import dataclass, field


@dataclass
class Seen:
    """An answer as it was understood."""

    text: str = ""
    thought: str = ""
    signature: str = ""
    refusal: str = ""
    #: names and arguments
    calls: list = field(default_factory=list)
    #: the ids of the calls
    ids: list = field(default_factory=list)
    #: in the dialect's own word
    finish: str = ""
    #: input, output, cached
    usage: tuple = ()

    def call(self, id, name, arguments):
        """Notes a call; arguments that are no JSON stay as they are."""
        self.ids.append(id)
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except ValueError:
                pass
        self.calls.append((name, arguments))


def of_anthropic(answer):
    """Reads a Message of Anthropic's SDK."""
    seen = Seen(finish=answer.stop_reason)
    for block in answer.content:
        if block.type == "text":
            seen.text += block.text
        elif block.type == "thinking":
            seen.thought += block.thinking
            seen.signature += block.signature
        elif block.type == "tool_use":
            seen.call(block.id, block.name, block.input)
    usage = answer.usage
    cached = usage.cache_read_input_tokens or 0
    seen.usage = (usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0), usage.output_tokens, cached)
    return seen


def of_openai(answer):
    """Reads a ChatCompletion of OpenAI's SDK."""
    [choice] = answer.choices
    message = choice.message
    seen = Seen(message.content or "", refusal=message.refusal or "", finish=choice.finish_reason)
    seen.thought = getattr(message, "reasoning_content", None) or ""
    for call in message.tool_calls or []:
        seen.call(call.id, call.function.name, call.function.arguments)
    seen.usage = of_openai_usage(answer.usage)
    return seen


def of_openai_stream(chunks):
    """Reads the chunks of a streamed ChatCompletion."""
    seen, calls = Seen(), {}
    for chunk in chunks:
        if chunk.usage:
            seen.usage = of_openai_usage(chunk.usage)
        for choice in chunk.choices:
            delta = choice.delta
            seen.text += delta.content or ""
            seen.refusal += delta.refusal or ""
            seen.thought += getattr(delta, "reasoning_content", None) or ""
            for call in delta.tool_calls or []:
                known = calls.setdefault(call.index, ["", "", ""])
                for at, piece in enumerate((call.id, call.function.name, call.function.arguments)):
                    known[at] += piece or ""
            seen.finish = choice.finish_reason or seen.finish
    for call in calls.values():
        seen.call(*call)
    return seen


def of_openai_usage(usage):
    if not usage:
        return ()
    details = usage.prompt_tokens_details
    return (usage.prompt_tokens, usage.completion_tokens, (details and details.cached_tokens) or 0)


def of_google(chunks):
    """Reads the GenerateContentResponses of Google's SDK."""
    seen = Seen()
    for chunk in chunks:
        usage = chunk.usage_metadata
        out = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        seen.usage = (usage.prompt_token_count, out, usage.cached_content_token_count or 0)
        if chunk.prompt_feedback:
            seen.finish = chunk.prompt_feedback.block_reason.value
        for candidate in chunk.candidates or []:
            seen.finish = candidate.finish_reason.value if candidate.finish_reason else seen.finish
            for part in candidate.content.parts or []:
                if part.thought:
                    seen.thought += part.text
                elif part.text:
                    seen.text += part.text
                elif part.function_call:
                    seen.call(part.function_call.id, part.function_call.name, part.function_call.args)
    return seen


def of_bedrock(answer):
    """Reads what botocore gives for Converse."""
    seen = Seen(finish=answer["stopReason"], usage=of_bedrock_usage(answer["usage"]))
    for block in answer["output"]["message"]["content"]:
        if "text" in block:
            seen.text += block["text"]
        elif "reasoningContent" in block:
            seen.thought += block["reasoningContent"]["reasoningText"]["text"]
            seen.signature += block["reasoningContent"]["reasoningText"]["signature"]
        else:
            tool = block["toolUse"]
            seen.call(tool["toolUseId"], tool["name"], tool["input"])
    return seen


def of_bedrock_stream(events):
    """Reads what botocore gives for ConverseStream."""
    seen, calls = Seen(), {}
    for event in events:
        [(name, value)] = event.items()
        if name == "contentBlockStart":
            tool = value["start"]["toolUse"]
            calls[value["contentBlockIndex"]] = [tool["toolUseId"], tool["name"], ""]
        elif name == "contentBlockDelta":
            delta = value["delta"]
            seen.text += delta.get("text", "")
            seen.thought += delta.get("reasoningContent", {}).get("text", "")
            seen.signature += delta.get("reasoningContent", {}).get("signature", "")
            if "toolUse" in delta:
                calls[value["contentBlockIndex"]][2] += delta["toolUse"]["input"]
        elif name == "messageStop":
            seen.finish = value["stopReason"]
        elif name == "metadata":
            seen.usage = of_bedrock_usage(value["usage"])
    for call in calls.values():
        seen.call(*call)
    return seen


def of_bedrock_usage(usage):
    whole = usage["inputTokens"] + usage["cacheReadInputTokens"] + usage["cacheWriteInputTokens"]
    return (whole, usage["outputTokens"], usage["cacheReadInputTokens"])


def of_mistral(answer):
    """Reads what Mistral's SDK gives, a whole answer or the chunks of a stream."""
    seen, calls = Seen(), {}
    for chunk in answer:
        if chunk.usage:
            seen.usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens, 0)
        for choice in chunk.choices:
            said = getattr(choice, "delta", None) or choice.message
            content = said.content
            if isinstance(content, str):
                seen.text += content
            for part in content if isinstance(content, list) else []:
                if part.type == "thinking":
                    seen.thought += "".join(one.text for one in part.thinking)
                else:
                    seen.text += part.text
            for call in said.tool_calls or []:
                known = calls.setdefault(call.index, [call.id, call.function.name, ""])
                known[2] += call.function.arguments
            seen.finish = choice.finish_reason or seen.finish
    for call in calls.values():
        seen.call(*call)
    return seen


def of_cohere(answer):
    """Reads a V2ChatResponse of Cohere's SDK."""
    seen = Seen(finish=answer.finish_reason, usage=of_cohere_usage(answer.usage))
    for block in answer.message.content or []:
        seen.text += getattr(block, "text", "")
        seen.thought += getattr(block, "thinking", "")
    for call in answer.message.tool_calls or []:
        seen.call(call.id, call.function.name, call.function.arguments)
    return seen


def of_cohere_stream(events):
    """Reads the events of Cohere's SDK."""
    seen, calls = Seen(), {}
    for event in events:
        if event.type == "content-delta":
            seen.text += event.delta.message.content.text or ""
            seen.thought += event.delta.message.content.thinking or ""
        elif event.type == "tool-call-start":
            call = event.delta.message.tool_calls
            calls[event.index] = [call.id, call.function.name, ""]
        elif event.type == "tool-call-delta":
            calls[event.index][2] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            seen.finish, seen.usage = event.delta.finish_reason, of_cohere_usage(event.delta.usage)
    for call in calls.values():
        seen.call(*call)
    return seen


def of_cohere_usage(usage):
    return (usage.tokens.input_tokens, usage.tokens.output_tokens, usage.cached_tokens or 0)


def of_response(answer):
    """Reads a Response of OpenAI's SDK."""
    seen = Seen(answer.output_text, finish=answer.status)
    for item in answer.output:
        if item.type == "function_call":
            seen.call(item.call_id, item.name, item.arguments)
        elif item.type == "reasoning":
            seen.thought += "".join(part.text for part in [*item.summary, *(item.content or [])])
            seen.signature += item.encrypted_content or ""
        elif item.type == "message":
            seen.refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
    usage = answer.usage
    seen.usage = (usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens)
    return seen
