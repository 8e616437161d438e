"""OpenAI's SDK and Anthropic's are served by every provider, streamed and not, and understand the same.

The providers are fakes that judge each request by their makers' own code (`oracles`).
"""

import json

import anthropic
import clients
import openai
import pytest
from cases import CASES, HI, PNG, Case, said
from fakes import scenes
from targets import CLAUDES, GOOGLES, OPENAIS, STREAM, TARGETS, model

#: Scenes that a provider has no words for.
SILENT = {("mistral", "filter"), ("mistral", "refusal"), ("cohere", "filter"), ("cohere", "refusal")}
#: What a target can not be asked, and what the client is told.
UNFIT = {
    ("bedrock", "image-url"): "takes no pictures by URL",
    ("cohere", "pdf"): "takes documents as plain text alone",
}
#: How scenes end, in the words of each client.
OPENAI_ENDS = {"length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}
ANTHROPIC_ENDS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "stop": "end_turn",
}


#: The same dialect behind another door: a few cases suffice.
SIBLINGS = {"azure", "azure-classic", "groq", "vertex-claude"}
FEW = {"plain", "system", "image-base64", "parallel", "tool-results", "schema", "thought", "cached"}


def pairs():
    """Every target with every case that it has words for."""
    all_of_them = [(target, case) for target in TARGETS for case in (FEW if target in SIBLINGS else CASES)]
    return sorted(pair for pair in all_of_them if (pair[0], CASES[pair[1]].scene) not in SILENT)


@STREAM
@pytest.mark.parametrize(("target", "case"), pairs())
def test_openais_sdk_is_served_by_everybody(gpt, heard, target, case, stream):
    asked = CASES[case]
    if why := UNFIT.get((target, case)):
        return refused(
            heard, target, why, lambda: clients.ask_openai(gpt, model(target, asked.scene), asked.openai, stream)
        )
    answer, _ = clients.ask_openai(gpt, model(target, asked.scene), asked.openai, stream)
    compare(answer, target, asked.scene)
    wanted = scenes.SCENES[asked.scene]
    end = ended(target, wanted)
    # a refusal in words of its own is an answer like others
    assert answer.finish == (
        "content_filter" if end == "refusal" and target in CLAUDES else OPENAI_ENDS.get(end, "stop")
    )
    was_heard(heard, target, asked)


@STREAM
@pytest.mark.parametrize(("target", "case"), pairs())
def test_anthropics_sdk_is_served_by_everybody(claude, heard, target, case, stream):
    asked = CASES[case]
    if why := UNFIT.get((target, case)):
        ask = lambda: clients.ask_anthropic(claude, model(target, asked.scene), asked.anthropic, stream)  # noqa: E731
        return refused(heard, target, why, ask)
    answer, _ = clients.ask_anthropic(claude, model(target, asked.scene), asked.anthropic, stream)
    compare(answer, target, asked.scene)
    end = ended(target, scenes.SCENES[asked.scene])
    # which text it was that ended the answer only Anthropic's own language tells
    told = target in CLAUDES
    assert answer.finish == ANTHROPIC_ENDS.get(end, "stop_sequence" if told else "end_turn")
    was_heard(heard, target, asked)


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in SIBLINGS])
def test_sounds_go_where_they_are_heard(gpt, heard, target):
    sound = {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}
    asked = Case("text", said(("user", [{"type": "text", "text": HI}, sound])), {}, (HI, PNG))
    if target in CLAUDES | {"cohere"}:
        ask = lambda: clients.ask_openai(gpt, model(target, "text"), asked.openai, False)  # noqa: E731
        return refused(heard, target, "takes no audio", ask)
    answer, _ = clients.ask_openai(gpt, model(target, "text"), asked.openai, False)
    assert answer.text == scenes.TEXT
    was_heard(heard, target, asked)


def ended(target, scene):
    """Why the answer of a scene ends, as far as the provider can tell."""
    if scene.finish == "refusal" and target in GOOGLES | {"bedrock"}:
        return "content_filter"
    # Claude has one word for both
    return "refusal" if scene.finish == "content_filter" and target in CLAUDES else scene.finish


def compare(answer, target, scene):
    """What was understood is what the scene says, as far as the provider has words for it."""
    wanted = scenes.SCENES[scene]
    words = wanted.text + wanted.refusal
    if target in GOOGLES and wanted.refusal:
        # it refuses without a word
        words = ""
    assert answer.text + answer.refusal == words
    assert answer.calls == [(call.name, json.loads(call.arguments)) for call in wanted.calls]
    assert len(set(answer.ids)) == len(wanted.calls) and all(answer.ids)
    if target not in OPENAIS:
        assert answer.thought == wanted.thought
    usage = wanted.usage
    assert answer.usage == (usage.input, usage.output, 0 if target == "mistral" else usage.cached)


def was_heard(heard, target, asked):
    """Everything that the client said has reached the provider, in one request."""
    [request] = heard(target)
    text = json.dumps(request.json, ensure_ascii=False)
    assert [one for one in asked.heard if one not in text and json.dumps(one)[1:-1] not in text] == []


def refused(heard, target, why, ask):
    """The client is told what the target does not take, and the provider is not asked."""
    with pytest.raises((openai.BadRequestError, anthropic.BadRequestError), match=why):
        ask()
    assert heard(target) == []
