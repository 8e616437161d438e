"""Fake providers. Each speaks one provider's language and has every request judged by the provider's own code."""

import contextlib

from . import anthropic, bedrock, cohere, gemini, mistral, openai
from .server import Fake

ROOMS = {
    "openai": openai,
    "azure": openai,
    "azure-classic": openai,
    "groq": openai,
    "anthropic": anthropic,
    "vertex-claude": anthropic,
    "bedrock-claude": anthropic,
    "gemini": gemini,
    "vertex": gemini,
    "bedrock": bedrock,
    "mistral": mistral,
    "cohere": cohere,
}


@contextlib.contextmanager
def serving(direct=False):
    """All of them, by name."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Fake(name, room, direct)) for name, room in ROOMS.items()}
