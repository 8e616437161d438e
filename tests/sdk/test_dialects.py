"""Every provider's language: OpenAI's SDK and Anthropic's are served by each, streamed and not, and understand the same.

The providers are fakes that judge each request by their makers' own code (`oracles`).
"""

import json

import clients
import pytest
from cases import CASES
from fakes import scenes

#: What each provider calls a model of it; the scene comes behind a point.
MODELS = {
    "openai": "gpt-5.1",
    "azure": "gpt-5.1",
    "azure-classic": "gpt-4o",
    "groq": "llama-3",
    "anthropic": "claude-sonnet-4-5",
    "vertex-claude": "claude-opus-4-1@20250805",
    "bedrock-claude": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini": "gemini-2.5-pro",
    "vertex": "gemini-3-pro-preview",
    "bedrock": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "mistral": "mistral-medium",
    "cohere": "command-a-03-2025",
}
TARGETS = list(MODELS)


def model(target, scene):
    return f"{target}/{MODELS[target]}.{scene}"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("target", TARGETS)
def test_openais_sdk(gpt, heard, target, case, stream):
    case = CASES[case]
    answer, _ = clients.ask_openai(gpt, model(target, case.scene), case.openai, stream)
    compare(answer, case.scene)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("target", TARGETS)
def test_anthropics_sdk(claude, heard, target, case, stream):
    case = CASES[case]
    answer, _ = clients.ask_anthropic(claude, model(target, case.scene), case.anthropic, stream)
    compare(answer, case.scene)


def compare(answer, scene):
    wanted = scenes.SCENES[scene]
    assert answer.text + answer.refusal == wanted.text + wanted.refusal
    assert answer.calls == [(call.name, json.loads(call.arguments)) for call in wanted.calls]
