"""Amazon Bedrock's Converse, by botocore's validator and serializer; its embeddings by what their makers document."""

import base64
import binascii
import functools
import json
import re
import typing
from typing import Required

import botocore.serialize
import botocore.session
import botocore.validate
import cohere.types
import cohere.v2.types
from fakes.scenes import SIGNATURE, THOUGHT
from strict import complaints
from typing_extensions import TypedDict

from .compare import differences


@functools.cache
def model():
    return botocore.session.Session().get_service_model("bedrock-runtime")


def form(_name, heard):
    if heard.operation == "InvokeModel":
        return embedding(heard)
    operation, found = model().operation_model(heard.operation), []
    asked = python(operation.input_shape, heard.json, "", found) | {"modelId": heard.model}
    if found:
        return found
    report = botocore.validate.ParamValidator().validate(asked, operation.input_shape)
    if report.has_errors():
        return [report.generate_report()]
    serializer = botocore.serialize.create_serializer("rest-json")
    written = serializer.serialize_to_request(asked, operation)
    if written["url_path"] != heard.path:
        found.append(f"path: {heard.path}, wanted {written['url_path']}")
    return found + differences(json.loads(written["body"]), heard.json)


def python(shape, value, at, found):
    """JSON as botocore takes it from a person: blobs as bytes, unions with one member."""
    if getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        unknown = [key for key in value if key not in shape.members]
        found += [f"{at}.{key}: unknown to {shape.name}" for key in unknown]
        if shape.is_tagged_union and len(value) != 1:
            found.append(f"{at}: {shape.name} is one of {list(shape.members)}")
        return {
            key: python(shape.members[key], one, f"{at}.{key}", found)
            for key, one in value.items()
            if key in shape.members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [python(shape.member, one, f"{at}[{index}]", found) for index, one in enumerate(value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: python(shape.value, one, f"{at}.{key}", found) for key, one in value.items()}
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            found.append(f"{at}: is no base64")
    if value not in (getattr(shape, "enum", None) or [value]):
        found.append(f"{at}: {value!r} is none of {shape.enum}")
    most, size = shape.metadata.get("max"), len(value) if isinstance(value, str) else value
    if most is not None and isinstance(size, (int, float)) and size > most:
        found.append(f"{at}: {size} is more than {most}")
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not re.search(pattern, value):
        found.append(f"{at}: {value!r} is not like {pattern}")
    return value


def checked(shape, value):
    found = []
    asked = python(shape, value, "", found)
    # answers are held to the same as requests
    report = botocore.validate.ParamValidator().validate(asked, shape)
    if found or report.has_errors():
        raise AssertionError(found or report.generate_report())
    return value


def answer(operation, value):
    """The value, which must be an answer of that operation."""
    return checked(model().operation_model(operation).output_shape, value)


def event(name, value):
    """The value, which must be an event of that name in a ConverseStream."""
    stream = model().operation_model("ConverseStream").output_shape.members["stream"]
    return checked(stream.members[name], value)


class Titan(TypedDict, total=False):
    """docs.aws.amazon.com: Amazon Titan Text Embeddings."""

    inputText: Required[str]
    dimensions: int
    normalize: bool
    embeddingTypes: list[typing.Literal["float", "binary"]]


class CohereOnBedrock(TypedDict, total=False):
    """docs.aws.amazon.com: Cohere Embed."""

    texts: Required[list[str]]
    input_type: Required[cohere.types.EmbedInputType]
    truncate: cohere.v2.types.V2EmbedRequestTruncate
    embedding_types: list[cohere.types.EmbeddingType]
    output_dimension: int
    max_tokens: int


def embedding(heard):
    return complaints(CohereOnBedrock if heard.model.startswith("cohere.") else Titan, heard.json)


def rules(heard):
    """docs.aws.amazon.com: Converse, Message, ToolConfiguration, DocumentBlock."""
    found, asked, role = [], set(), "assistant"
    messages = heard.json.get("messages", [])
    for at, message in enumerate(messages):
        if message["role"] == role:
            found.append(f".messages[{at}]: user and assistant must take turns")
        role, content = message["role"], message["content"]
        if not content:
            found.append(f".messages[{at}]: is empty")
        if any(block.get("text", "x").strip() == "" for block in content):
            found.append(f".messages[{at}]: a blank text")
        given = {block["toolResult"]["toolUseId"] for block in content if "toolResult" in block}
        if given != asked:
            found.append(f".messages[{at}]: results of {given}, where those of {asked} belong")
        asked = {block["toolUse"]["toolUseId"] for block in content if "toolUse" in block}
        names = [block["document"]["name"] for block in content if "document" in block]
        # letters, digits, hyphens, brackets, and no more than one space in a row
        found += [
            f".messages[{at}]: document {n!r}" for n in names if not re.fullmatch(r"[\w\-()\[\]]+( [\w\-()\[\]]+)*", n)
        ]
        if names and not any("text" in block for block in content):
            found.append(f".messages[{at}]: a document needs a text beside it")
        thoughts = [block["reasoningContent"]["reasoningText"] for block in content if "reasoningContent" in block]
        if heard.scene == "thinking" and asked and thoughts != [{"text": THOUGHT, "signature": SIGNATURE}]:
            found.append(f".messages[{at}]: the signed thought of that turn is missing: {thoughts}")
    used = any("toolUse" in block or "toolResult" in block for message in messages for block in message["content"])
    if used and "toolConfig" not in heard.json:
        found.append(".toolConfig: must be there where tools were used")
    return found
