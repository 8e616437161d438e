"""Turns that build on each other: what a model thought comes back to it, and to nobody else."""

import json

import clients
import pytest
from cases import with_tools
from fakes import scenes
from targets import OPENAIS, STREAM, TARGETS, model

THINKERS = [target for target in TARGETS if target not in OPENAIS]


@STREAM
@pytest.mark.parametrize("target", THINKERS)
def test_a_thought_comes_back_signed_with_openais_sdk(gpt, heard, target, stream):
    """The fakes of Claude and Gemini refuse a second turn without the signature that they gave in the first."""
    request, _ = with_tools(reasoning_effort="low")
    first, message = clients.ask_openai(gpt, model(target, "thinking"), request, stream)
    assert (first.thought, first.finish) == (scenes.THOUGHT, "tool_calls")
    turns = [*request["messages"], message, {"role": "tool", "tool_call_id": first.ids[0], "content": "7 °C"}]
    second, _ = clients.ask_openai(gpt, model(target, "thinking"), request | {"messages": turns}, stream)
    assert (second.text, second.finish) == (scenes.TEXT, "stop")


@STREAM
@pytest.mark.parametrize("target", THINKERS)
def test_a_thought_comes_back_signed_with_anthropics_sdk(claude, heard, target, stream):
    _, request = with_tools()
    request |= {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000}
    first, message = clients.ask_anthropic(claude, model(target, "thinking"), request, stream)
    assert (first.thought, first.finish) == (scenes.THOUGHT, "tool_use")
    result = {"type": "tool_result", "tool_use_id": first.ids[0], "content": "7 °C"}
    turns = [*request["messages"], message, {"role": "user", "content": [result]}]
    second, _ = clients.ask_anthropic(claude, model(target, "thinking"), request | {"messages": turns}, stream)
    assert (second.text, second.finish) == (scenes.TEXT, "end_turn")


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
def test_a_thought_goes_to_nobody_but_its_maker(gpt, claude, heard, target):
    """A conversation changes its model: neither's signature is sent to the other, and both are served."""
    other = {"anthropic": "gemini", "gemini": "anthropic"}[target]
    request, _ = with_tools(reasoning_effort="low")
    first, message = clients.ask_openai(gpt, model(target, "thinking"), request, stream=False)
    turns = [*request["messages"], message, {"role": "tool", "tool_call_id": first.ids[0], "content": "7 °C"}]
    clients.ask_openai(gpt, model(other, "text"), request | {"messages": turns}, stream=False)
    [told] = heard(other)
    assert scenes.SIGNATURE not in json.dumps(told.json)
