"""What Claude Code sends, at its size and with all that it sets, is served by every dialect, turn after turn."""

import json

import anthropic.types.beta
import clients
import pytest
import seen
from cases import PNG
from fakes import scenes
from targets import model

CACHED = {"cache_control": {"type": "ephemeral"}}
GUIDE = "You are an agent that helps with software. Keep to the conventions of the code at hand. " * 150
WORDS = {"type": "string", "description": "As exact as can be"}


def tool(name, required, **properties):
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"name": name, "description": f"Use {name} wisely. " * 40, "input_schema": schema}


TODO = {
    "type": "object",
    "properties": {"content": {"type": "string", "minLength": 1}, "status": {"enum": ["pending", "completed"]}},
    "required": ["content", "status"],
    "additionalProperties": False,
}
TOOLS = [
    tool("Bash", ["command"], command=WORDS, timeout={"type": "number", "maximum": 600000}, quiet={"type": "boolean"}),
    tool(
        "Edit",
        ["file_path", "old", "new"],
        file_path=WORDS,
        old=WORDS,
        new=WORDS,
        all={"type": "boolean", "default": False},
    ),
    tool(
        "Grep",
        ["pattern"],
        pattern=WORDS,
        mode={"type": "string", "enum": ["content", "files"]},
        **{"-n": {"type": "boolean"}},
    ),
    tool("TodoWrite", ["todos"], todos={"type": "array", "minItems": 1, "items": TODO}),
    tool("mcp__city-server__list_all", []),
    tool("weather", ["city"], city=WORDS),
    *(
        tool(f"Tool{n}", ["path"], path=WORDS, deep={"anyOf": [{"type": "string"}, {"type": "null"}]})
        for n in range(12)
    ),
]


def session(**more):
    """A request in the middle of a session."""
    call = {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "Bash", "input": {"command": "ls -l"}}
    other = {
        "type": "tool_use",
        "id": "toolu_01B09q90qw90lq917835lq9",
        "name": "Grep",
        "input": {"pattern": "ñ", "-n": True},
    }
    thought = {"type": "thinking", "thinking": scenes.THOUGHT, "signature": scenes.SIGNATURE}
    listing = "total 8\n-rw-r--r-- 1 me me 12 a.py\n" * 200
    shot = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    return {
        "max_tokens": 32000,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.0; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude.", **CACHED},
            {"type": "text", "text": GUIDE, **CACHED},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>\nToday is a day.\n</system-reminder>"},
                    {"type": "text", "text": "What is the weather in Paris?"},
                ],
            },
            {"role": "assistant", "content": [thought, {"type": "text", "text": "Let me look."}, call, other]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": call["id"],
                        "content": [{"type": "text", "text": listing}, shot],
                    },
                    {"type": "tool_result", "tool_use_id": other["id"], "content": "Exit code 2", "is_error": True},
                    {"type": "text", "text": "<system-reminder>\nThe list is empty.\n</system-reminder>", **CACHED},
                ],
            },
        ],
        "tools": TOOLS,
        "metadata": {"user_id": "user_0123456789abcdef_account__session_01234567-89ab-cdef-0123-456789abcdef"},
        "thinking": {"type": "enabled", "budget_tokens": 31999},
        "stream": True,
        "extra_query": {"beta": "true"},
        "betas": ["claude-code-20250219", "interleaved-thinking-2025-05-14", "fine-grained-tool-streaming-2025-05-14"],
        **more,
    }


def ask(claude, name, request):
    """What Claude Code reads, event by event."""
    with claude.beta.messages.create(model=name, **request) as events:
        told = [clients.strictly(anthropic.types.beta.BetaRawMessageStreamEvent, event) for event in events]
    assert [event.type for event in told][0 :: len(told) - 1] == ["message_start", "message_stop"]
    return told


@pytest.mark.parametrize(
    "target", ["anthropic", "bedrock-claude", "vertex-claude", "bedrock", "openai", "gemini", "mistral", "cohere"]
)
def test_claude_code_works_with_every_dialect(claude, heard, target):
    request = session()
    told = ask(claude, model(target, "parallel"), request)
    starts = [event.content_block for event in told if event.type == "content_block_start"]
    calls = [block for block in starts if block.type == "tool_use"]
    pieces = {}
    for event in told:
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            pieces[event.index] = pieces.get(event.index, "") + event.delta.partial_json
    wanted = scenes.SCENES["parallel"]
    assert [block.name for block in calls] == ["weather", "weather"]
    assert [json.loads(whole) for whole in pieces.values()] == [json.loads(call.arguments) for call in wanted.calls]
    # the next turn: both have answered
    thought = {"type": "thinking", "thinking": scenes.THOUGHT, "signature": scenes.SIGNATURE}
    said = [thought, {"type": "text", "text": wanted.text}]
    said += [{"type": "tool_use", "id": c.id, "name": c.name, "input": {"city": "Paris"}} for c in calls]
    results = [{"type": "tool_result", "tool_use_id": c.id, "content": "7 °C"} for c in calls]
    turns = [*request["messages"], {"role": "assistant", "content": said}, {"role": "user", "content": results}]
    told = ask(claude, model(target, "parallel"), session(messages=turns))
    deltas = [
        event.delta.text for event in told if event.type == "content_block_delta" and event.delta.type == "text_delta"
    ]
    assert "".join(deltas) == scenes.TEXT
    assert [event.delta.stop_reason for event in told if event.type == "message_delta"] == ["end_turn"]
    first, second = (json.dumps(request.json, ensure_ascii=False) for request in heard(target))
    for said in (
        GUIDE.strip(),
        "The list is empty.",
        "rw-r--r-- 1 me me 12 a.py",
        "Exit code 2",
        PNG,
        "mcp__city-server__list_all",
    ):
        assert said in first and said in second, said
    assert "7 °C" in second


def test_claude_codes_own_headers_reach_claude(claude, heard):
    ask(claude, model("anthropic", "text"), session())
    [request] = heard("anthropic")
    assert request.headers["anthropic-beta"].split(",")[0] == "claude-code-20250219"
    assert request.path == "/v1/messages?beta=true"
    assert [block for block in request.json["system"] if "cache_control" in block]


def test_claude_codes_marks_reach_bedrock(claude, heard):
    ask(claude, model("bedrock", "text"), session())
    [request] = heard("bedrock")
    assert [block for block in request.json["system"] if "cachePoint" in block]
    assert request.json["additionalModelRequestFields"]["thinking"]["budget_tokens"] >= 1024


def test_a_title_is_asked_for_with_a_schema(claude, heard):
    """The small requests beside the session: another model, a schema, nothing streamed."""
    form = {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    asked = {
        "max_tokens": 512,
        "messages": [{"role": "user", "content": "A title?"}],
        "output_config": {"format": form},
    }
    for target in ("openai", "gemini", "bedrock", "mistral", "cohere", "anthropic"):
        answer = claude.messages.create(model=model(target, "json"), **asked)
        assert seen.of_anthropic(answer).text == scenes.JSON_TEXT, target
