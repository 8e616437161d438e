"""What a dialect can not express is told, or refused where the client is strict."""

import openai
import pytest
from cases import HI, said
from targets import STREAM, model

LOSSY = {"seed": 7, "logit_bias": {"50256": -100}}
LOST = {
    "openai": "",
    "anthropic": "seed,logit_bias",
    "bedrock": "seed,logit_bias",
    "gemini": "logit_bias",
    "mistral": "logit_bias",
    "cohere": "logit_bias",
    "groq": "logit_bias",
}


@STREAM
@pytest.mark.parametrize("target", LOST)
def test_what_is_lost_is_told(gpt, heard, target, stream):
    asked = {"model": model(target, "text"), "stream": stream, **said(("user", HI)), **LOSSY}
    raw = gpt.chat.completions.with_raw_response.create(**asked)
    assert set(raw.headers.get("x-attache-loss", "").split(",")) == set(LOST[target].split(","))
    list(raw.parse())


@pytest.mark.parametrize("target", LOST)
def test_what_would_be_lost_is_refused_where_the_client_is_strict(gpt, heard, target):
    asked = {
        "model": model(target, "text"),
        **said(("user", HI)),
        **LOSSY,
        "extra_headers": {"x-attache-strict": "true"},
    }
    if not LOST[target]:
        gpt.chat.completions.create(**asked)
        return
    with pytest.raises(openai.BadRequestError) as caught:
        gpt.chat.completions.create(**asked)
    assert all(field in caught.value.message for field in LOST[target].split(","))
    assert heard(target) == []
