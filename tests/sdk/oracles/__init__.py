"""What each provider's own code says of a request: its SDK's types, with unknown fields forbidden, and its serializers.

`judge(name, request)` lists complaints. Beside the form it looks at the credential, and at the rules that the types can
not tell but the providers hold (each names the documentation that has them).
"""

from . import bedrock, claude, cohere, gemini, gpt, mistral
from .credentials import of_credential, of_headers

ORACLES = {
    "anthropic": claude,
    "vertex-claude": claude,
    "bedrock-claude": claude,
    "openai": gpt,
    "azure": gpt,
    "azure-classic": gpt,
    "groq": gpt,
    "gemini": gemini,
    "vertex": gemini,
    "bedrock": bedrock,
    "mistral": mistral,
    "cohere": cohere,
}


def judge(name, heard, direct=False):
    """Everything that is wrong with a request to the provider of that name. `direct`: the SDK itself sent it."""
    if not heard.operation:
        return []
    found = of_credential(name, heard) + ([] if direct else of_headers(heard)) + of_form(name, heard)
    return found or of_rules(name, heard)


def of_form(name, heard):
    """What the provider's own code says of the body."""
    return ORACLES[name].form(name, heard)


def of_rules(name, heard):
    """What its documentation says beside; relies on the form."""
    return ORACLES[name].rules(heard)
