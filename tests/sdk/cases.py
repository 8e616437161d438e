"""Requests that say the same in OpenAI's words and in Anthropic's, and what a provider must have heard of them."""

import base64
from dataclasses import dataclass

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(64))).decode()
PDF = base64.b64encode(b"%PDF-1.4\n" + bytes(range(64))).decode()
URL = "https://example.com/paris.png"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Its name"}},
    "required": ["city"],
    "additionalProperties": False,
}
HI = "Hi, what is the weather in Paris?"
ID = "call_0123456789abcdef"


@dataclass(frozen=True)
class Case:
    """A request. What it asks beside its messages stands in `more`."""

    scene: str
    openai: dict
    anthropic: dict
    #: texts that must stand somewhere in the provider's body
    heard: tuple[str, ...] = (HI,)


def said(*messages, **more):
    """A request of these messages, each a role and its content."""
    return {"messages": [{"role": role, "content": content} for role, content in messages], **more}


def both(*messages):
    """A request that both languages spell alike."""
    return said(*messages), said(*messages)


def parts(*more):
    return [{"type": "text", "text": HI}, *more]


def with_tools(openai_choice=None, anthropic_choice=None, **more):
    """A request with a tool that may, must or must not be called."""
    function = {"name": "weather", "description": "Tells it", "parameters": SCHEMA}
    other = {"name": "stop_asking", "parameters": {"type": "object", "properties": {}}}
    ours = said(("user", HI), tools=[{"type": "function", "function": one} for one in (function, other)])
    tools = [
        {"name": "weather", "description": "Tells it", "input_schema": SCHEMA},
        {"name": "stop_asking", "input_schema": {"type": "object", "properties": {}}},
    ]
    theirs = said(("user", HI), tools=tools)
    if openai_choice:
        ours["tool_choice"] = openai_choice
        theirs["tool_choice"] = anthropic_choice
    return ours | more, theirs


def results():
    """A conversation in which one tool answered and another failed."""
    calls = [("weather", '{"city": "Paris"}', "7 °C"), ("weather", '{"city": "Zürich"}', "no such station")]
    ours, theirs = with_tools()
    made = [
        {"id": f"{ID}_{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for at, (name, arguments, _) in enumerate(calls)
    ]
    ours["messages"].append({"role": "assistant", "content": "Let me look.", "tool_calls": made})
    for at, (_, _, answer) in enumerate(calls):
        ours["messages"].append({"role": "tool", "tool_call_id": f"{ID}_{at}", "content": answer})
    uses = [
        {"type": "tool_use", "id": f"{ID}_{at}", "name": name, "input": {"city": city}}
        for at, (name, city) in enumerate([("weather", "Paris"), ("weather", "Zürich")])
    ]
    told = [
        {"type": "tool_result", "tool_use_id": f"{ID}_{at}", "content": answer, **({"is_error": True} if at else {})}
        for at, (_, _, answer) in enumerate(calls)
    ]
    theirs["messages"].append({"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, *uses]})
    theirs["messages"].append({"role": "user", "content": told})
    return ours, theirs


def image(source, block):
    openai = said(("user", parts({"type": "image_url", "image_url": {"url": source}})))
    return openai, said(("user", parts({"type": "image", "source": block})))


def base64_block(media_type, data):
    return {"type": "base64", "media_type": media_type, "data": data}


def asked(scene, request, *heard):
    return Case(scene, *request, heard=(HI, *heard))


def of(request, openai=None, anthropic=None):
    """A request with more fields."""
    return request[0] | (openai or {}), request[1] | (anthropic or {})


#: The API version that still has a temperature.
OLD = {"anthropic-version": "2023-06-01"}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
TURNS = (("user", HI), ("assistant", "In which country?"), ("user", "In Texas."))
CASES = {
    "plain": asked("text", both(("user", HI))),
    "system": asked(
        "text",
        (
            said(("system", "Be brief."), ("user", HI), ("developer", "Be kind.")),
            said(("user", HI), system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]),
        ),
        "Be brief.",
        "Be kind.",
    ),
    "turns": asked("text", both(*TURNS), "In which country?", "In Texas."),
    "image-url": asked("text", image(URL, {"type": "url", "url": URL}), URL),
    "image-base64": asked("text", image(f"data:image/png;base64,{PNG}", base64_block("image/png", PNG)), PNG),
    "pdf": asked(
        "text",
        (
            said(
                (
                    "user",
                    parts(
                        {
                            "type": "file",
                            "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
                        }
                    ),
                )
            ),
            said(("user", parts({"type": "document", "title": "a.pdf", "source": base64_block("application/pdf", PDF)}))),
        ),
        PDF,
    ),
    "tool": asked("tool", with_tools(), "weather", "Tells it", "Its name"),
    "parallel": asked("parallel", with_tools(), "weather"),
    "tool-results": asked("text", results(), "7 °C", "no such station", "Zürich", "Let me look."),
    "choice-auto": asked("tool", with_tools("auto", {"type": "auto"}), "weather"),
    "choice-none": asked("text", with_tools("none", {"type": "none"}), "weather"),
    "choice-required": asked("tool", with_tools("required", {"type": "any"}), "weather"),
    "choice-named": asked(
        "tool",
        with_tools({"type": "function", "function": {"name": "weather"}}, {"type": "tool", "name": "weather"}),
        "weather",
    ),
    "one-call": asked(
        "tool",
        of(
            with_tools("auto", {"type": "auto", "disable_parallel_tool_use": True}),
            {"parallel_tool_calls": False},
        ),
        "weather",
    ),
    "schema": asked(
        "json",
        of(
            both(("user", HI)),
            {"response_format": FORMAT},
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
        "Its name",
    ),
    "settings": asked(
        "text",
        of(
            both(("user", HI)),
            {"temperature": 0.5, "max_completion_tokens": 321, "stop": ["END"]},
            {"extra_body": {"temperature": 0.5}, "extra_headers": OLD, "max_tokens": 321, "stop_sequences": ["END"]},
        ),
        "321",
        "END",
        "0.5",
    ),
    "stop": asked("stopseq", of(both(("user", HI)), {"stop": "Paris"}, {"stop_sequences": ["Paris"]}), "Paris"),
    "thought": asked(
        "thought",
        of(
            both(("user", HI)),
            {"reasoning_effort": "low"},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000},
        ),
    ),
    "cached": asked(
        "cached",
        (
            said(("system", "Be brief."), ("user", HI)),
            said(
                ("user", HI),
                system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            ),
        ),
        "Be brief.",
    ),
    "length": asked("length", both(("user", HI))),
    "filter": asked("filter", both(("user", HI))),
    "refusal": asked("refusal", both(("user", HI))),
}
