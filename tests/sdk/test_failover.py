"""A route leads across dialects, and the client sees one answer."""

import clients
from cases import HI, said, with_tools
from fakes import scenes
from targets import STREAM


def chain(headers):
    return {name: headers.get(f"x-attache-{name}") for name in ("path", "provider", "model", "attempts")}


@STREAM
def test_a_route_leads_across_languages_and_the_client_sees_one_answer(gpt, heard, stream):
    request, _ = with_tools()
    raw = gpt.chat.completions.with_raw_response.create(model="dynamic/across", stream=stream, **request)
    assert chain(raw.headers) == {
        "path": "start,gpt,claude,gemini,end",
        "provider": "gemini",
        "model": "gemini-2.5-pro.parallel",
        "attempts": "3",
    }
    answer, _ = clients.ask_openai(gpt, "dynamic/across", request, stream)
    wanted = scenes.SCENES["parallel"]
    assert (answer.text, len(answer.calls)) == (wanted.text, 2)
    assert answer.usage == (wanted.usage.input, wanted.usage.output, 0), "of the one that answered"
    raw.parse()


@STREAM
def test_a_route_leads_across_languages_for_anthropics_sdk(claude, heard, stream):
    _, request = with_tools()
    answer, _ = clients.ask_anthropic(claude, "dynamic/across", request, stream)
    assert (answer.text, len(answer.calls)) == (scenes.SCENES["parallel"].text, 2)
    assert [len(heard(name)) for name in ("openai", "anthropic", "gemini")] == [1, 1, 1]


@STREAM
def test_answers_that_begin_with_an_error_are_never_seen(gpt, claude, heard, stream):
    answer, _ = clients.ask_openai(gpt, "dynamic/early", said(("user", HI)), stream)
    assert (answer.text, answer.thought) == (scenes.TEXT, scenes.THOUGHT)
    answer, _ = clients.ask_anthropic(claude, "dynamic/early", said(("user", HI)), stream)
    assert (answer.text, answer.thought) == (scenes.TEXT, scenes.THOUGHT)
    assert [len(heard(name)) for name in ("openai", "anthropic", "mistral", "cohere")] == [2, 2, 2, 2]
