"""Every failure arrives as the SDK's own exception, with a code that programs can rely on."""

import openai
import pytest

HELLO = [{"role": "user", "content": "Hello"}]


def refused(client, expected, model="dynamic/chat", **more):
    """The error that this request ends in."""
    with pytest.raises(expected) as caught:
        client.chat.completions.create(model=model, messages=HELLO, **more)
    return caught.value


@pytest.mark.parametrize(
    ("model", "code"),
    [("dynamic/nowhere", "route_not_found"), ("dynamic/chat@v1", "version_not_found"), ("gpt", "model_not_found")],
)
def test_what_is_not_there(client, model, code):
    error = refused(client, openai.NotFoundError, model)
    assert (error.code, error.param) == (code, "model")


def test_a_key_hears_only_of_its_own_routes(client):
    chatty = client.with_options(api_key="chatty-key")
    error = refused(chatty, openai.NotFoundError, "dynamic/chatter")
    assert error.message.endswith("there are: chat")


def test_bad_metadata(client):
    error = refused(client, openai.BadRequestError, extra_headers={"x-attache-metadata": "{"})
    assert error.code == "invalid_metadata" and "x-attache-metadata" in error.message


def test_what_a_key_may_not(client):
    narrow = client.with_options(api_key="narrow-key")
    assert refused(narrow, openai.PermissionDeniedError, "dynamic/once").code == "route_not_allowed"
    assert refused(narrow, openai.PermissionDeniedError, "mock/tiny").code == "model_not_allowed"


def test_a_limit(client):
    user = {"extra_headers": {"x-attache-metadata": '{"user": "one"}'}}
    client.chat.completions.create(model="dynamic/once", messages=HELLO, **user)
    error = refused(client, openai.RateLimitError, "dynamic/once", **user)
    assert error.code == "limit_exceeded"
    # a request leaves a sliding window up to a 64th of it late
    assert 3590 < int(error.response.headers["retry-after"]) <= 3657
    assert error.response.headers["ratelimit"].startswith('"limit";r=0;')


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_fails(client, status, expected, stream):
    assert refused(client, expected, f"mock/fail-{status}", stream=stream).status_code == status


def test_all_attempts_failed(client):
    error = refused(client, openai.APIStatusError, "dynamic/down")
    assert (error.status_code, error.code) == (503, "all_attempts_failed")
    assert [attempt["status"] for attempt in error.body["attempts"]] == [500, 503]


def test_a_stream_that_breaks_after_its_first_words(client):
    stream = client.chat.completions.create(model="mock/tiny!end=2", messages=HELLO, stream=True)
    assert next(stream).choices
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    assert caught.value.code == "stream_broken"


def test_a_client_that_does_not_wait(client):
    error = refused(client.with_options(timeout=0.2), openai.APITimeoutError, "mock/tiny!delay=30000")
    assert isinstance(error, openai.APIConnectionError)
