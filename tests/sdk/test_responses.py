"""What Attaché writes for clients of the Responses API, judged by the SDK's own types: nothing missing, nothing unknown."""

import json
from pathlib import Path

import pydantic
import pytest
from openai.types.responses import Response, ResponseStreamEvent

CASES = Path(__file__).parent.parent / "cases" / "responses"
EVENTS = [
    json.loads(line.removeprefix("data: "))
    for line in (CASES / "stream.sse").read_text().splitlines()
    if line.startswith("data: ")
]


def unknown(value, at=""):
    """The fields of a model that its class does not know, at any depth."""
    if isinstance(value, list):
        return [one for index, item in enumerate(value) for one in unknown(item, f"{at}[{index}]")]
    if not isinstance(value, pydantic.BaseModel):
        return []
    found = [f"{at}.{name}" for name in value.model_extra or {}]
    return found + [one for name in type(value).model_fields for one in unknown(getattr(value, name), f"{at}.{name}")]


def read(kind, value):
    """The value as the SDK's type; unlike the SDK itself it must fit."""
    return pydantic.TypeAdapter(kind).validate_python(value, strict=True)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_an_event_is_what_its_type_says(event):
    told = read(ResponseStreamEvent, event)
    assert told.type == event["type"]
    assert unknown(told) == []


def test_the_stream_ends_with_the_whole_answer():
    whole = json.loads((CASES / "answer.json").read_text())
    assert EVENTS[-1]["response"] == whole
    answer = read(Response, whole)
    assert unknown(answer) == []
    assert answer.output_text == "It is blüe.So."
