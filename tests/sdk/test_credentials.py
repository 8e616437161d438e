"""With which key a provider is asked: one of its own that the client names, or the client's, where that is allowed."""

import openai
import pytest
from cases import HI, said
from targets import model

#: Where each provider wants its key, and how it looks there.
PLACES = {
    "openai": ("authorization", "Bearer {}"),
    "azure": ("api-key", "{}"),
    "anthropic": ("x-api-key", "{}"),
    "gemini": ("x-goog-api-key", "{}"),
}


def key_of(gpt, served, target, **headers):
    """The key with which the provider is asked. Its fake refuses it, for it knows one alone."""
    served[target].forget()
    with pytest.raises(openai.BadRequestError):
        gpt.chat.completions.create(model=model(target, "text"), **said(("user", HI)), extra_headers=headers)
    [request] = served[target].heard
    [complaint] = served[target].forget()
    assert "credential" in complaint
    return request.headers[PLACES[target][0]]


@pytest.mark.parametrize("target", PLACES)
def test_a_client_names_another_key(gpt, served, target):
    wanted = PLACES[target][1].format("spare-key")
    assert key_of(gpt, served, target, **{"x-attache-credential": "spare"}) == wanted


@pytest.mark.parametrize("target", PLACES)
def test_a_client_brings_its_own_key(gpt, served, target):
    wanted = PLACES[target][1].format("own-key")
    assert key_of(gpt, served, target, **{"x-attache-api-key": "own-key"}) == wanted


def test_what_is_not_allowed_reaches_nobody(gpt, heard):
    for target, header in [("openai", "x-attache-credential"), ("mistral", "x-attache-api-key")]:
        with pytest.raises(openai.APIStatusError) as caught:
            gpt.chat.completions.create(
                model=model(target, "text"), **said(("user", HI)), extra_headers={header: "nobody's"}
            )
        assert 400 <= caught.value.status_code < 500
        assert heard(target) == []
