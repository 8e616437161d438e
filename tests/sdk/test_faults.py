"""Whatever goes wrong at a provider arrives as the SDK's own exception."""

import anthropic
import clients
import openai
import pytest
from cases import HI, said
from fakes import scenes
from strict import complaints
from targets import CLAUDES, OPENAIS, TARGETS, model

#: The neutral name of each trouble, and the status that the client gets where the provider's own is kept.
TROUBLES = {
    "error-400": ("bad_request", 400),
    "error-auth": ("auth", 401),
    "error-404": ("not_found", 404),
    "error-429": ("rate_limited", 429),
    "error-quota": ("quota_exhausted", 429),
    "error-context": ("context_length", 400),
    "error-filter": ("content_filter", 400),
    "error-500": ("server_error", 500),
    "error-529": ("overloaded", 503),
}
#: What a provider says in another way, or not at all.
ELSE = {
    ("mistral", "error-400"): ("unprocessable", 422),
    ("mistral", "error-quota"): ("rate_limited", 429),
    ("anthropic", "error-quota"): ("quota_exhausted", 400),
    ("vertex-claude", "error-quota"): ("quota_exhausted", 400),
    ("anthropic", "error-529"): ("overloaded", 529),
    ("vertex-claude", "error-529"): ("overloaded", 529),
    ("bedrock", "error-auth"): ("auth", 403),
    ("bedrock", "error-quota"): ("quota_exhausted", 400),
    ("bedrock-claude", "error-quota"): ("quota_exhausted", 400),
    # a busy server of these says no more than that it is one
    **{(target, "error-529"): ("server_error", 503) for target in (*OPENAIS, "cohere")},
}
CODES = {"context_length": "context_length_exceeded", "content_filter": "content_filter"}


def told_of(target, trouble):
    """The neutral name, and the status that the client gets."""
    return ELSE.get((target, trouble), TROUBLES[trouble])


def troubles():
    """Every target with every trouble that it has words for."""
    for target in TARGETS:
        for trouble in TROUBLES:
            if trouble != "error-filter" or target in OPENAIS | CLAUDES:
                yield target, trouble


@pytest.mark.parametrize(("target", "trouble"), list(troubles()))
def test_openais_sdk_hears_of_every_fault_in_its_own_words(gpt, heard, target, trouble):
    kind, status = told_of(target, trouble)
    with pytest.raises(openai.APIStatusError) as caught:
        gpt.chat.completions.create(model=model(target, trouble), **said(("user", HI)))
    error = caught.value
    assert error.status_code == status
    assert set(error.body) >= {"message", "type", "param", "code"}
    assert error.code == CODES.get(kind, error.code)
    assert isinstance(error, openai.RateLimitError) == (status == 429)
    assert error.response.headers.get("retry-after") == ("7" if trouble == "error-429" else None)
    assert "sk-12345" not in str(error.body), "what a provider says of a credential stays with us"
    # where the client speaks the provider's language, it hears the provider's own words
    assert kind in error.message or (target in OPENAIS and status == 400)
    assert len(heard(target)) == 1


@pytest.mark.parametrize(("target", "trouble"), list(troubles()))
def test_anthropics_sdk_hears_of_every_fault_in_its_own_words(claude, heard, target, trouble):
    kind, status = told_of(target, trouble)
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(model=model(target, trouble), max_tokens=9, stream=True, **said(("user", HI)))
    error = caught.value
    assert error.status_code == status
    assert complaints(anthropic.types.ErrorResponse, error.body, also={"code"}) == []
    assert isinstance(error, anthropic.RateLimitError) == (status == 429)
    assert error.response.headers.get("retry-after") == ("7" if trouble == "error-429" else None)
    assert "sk-12345" not in str(error.body)
    assert kind in str(error.body) or (target in CLAUDES and status == 400)
    assert len(heard(target)) == 1


#: Answers that no provider should give: served all the same where they do no harm, else an error, and never silence.
DEFECTS = [name for name, scene in scenes.SCENES.items() if scene.defect]
HARMLESS = {"unknown-events", "no-usage"}


def bad():
    """One provider of each dialect with every defect, streamed and not. A stream that is cut ends a second late."""
    for target in ("openai", "anthropic", "bedrock-claude", "gemini", "bedrock", "mistral", "cohere"):
        for defect in (*DEFECTS, "cut-arguments"):
            for stream in (False, True):
                if not (stream and defect == "cut" and target not in ("anthropic", "bedrock")):
                    yield pytest.param(
                        target, defect, stream, id=f"{target}-{defect}-{'stream' if stream else 'whole'}"
                    )


@pytest.mark.parametrize(("target", "defect", "stream"), list(bad()))
def test_a_bad_answer_does_not_reach_openais_sdk(gpt, served, target, defect, stream):
    ends(lambda: clients.ask_openai(gpt, model(target, defect), said(("user", HI)), stream), defect, target in OPENAIS)
    served[target].forget()


@pytest.mark.parametrize(("target", "defect", "stream"), list(bad()))
def test_a_bad_answer_does_not_reach_anthropics_sdk(claude, served, target, defect, stream):
    own = target in CLAUDES
    ends(lambda: clients.ask_anthropic(claude, model(target, defect), said(("user", HI)), stream), defect, own)
    served[target].forget()


def ends(ask, defect, same):
    """The client gets an answer or an error. Where it speaks the provider's language, bytes pass as they are."""
    try:
        answer, _ = ask()
    except (openai.APITimeoutError, anthropic.APITimeoutError):
        raise
    except (openai.APIError, anthropic.APIError):
        assert defect not in HARMLESS
    except Exception:
        # a connection that breaks in the middle is a broken one for the client too
        assert same or defect == "cut", "what the provider's own SDK stumbles over is ours to catch for the others"
    else:
        assert defect in HARMLESS | {"cut-arguments", "broken-json"}, answer
        assert answer.text == scenes.SCENES[defect].text
