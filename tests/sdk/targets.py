"""The providers before which the SDKs are tried, and what is common to some."""

import pytest

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
OPENAIS = {"openai", "azure", "azure-classic", "groq"}
CLAUDES = {"anthropic", "vertex-claude", "bedrock-claude"}
GOOGLES = {"gemini", "vertex"}
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def model(target, scene):
    return f"{target}/{MODELS[target]}.{scene}"
