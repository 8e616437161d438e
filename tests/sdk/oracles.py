"""What each provider's own code says of a request: its SDK's types, with unknown fields forbidden, and its serializers.

`judge(name, request)` lists complaints. Beside the form it looks at the credential, and at the rules that the types can not
tell but the providers hold (each with the place where it is written down).
"""

import base64
import binascii
import datetime
import functools
import json
import re
import typing

import anthropic.types
import anthropic.types.beta
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.serialize
import botocore.session
import botocore.validate
import cohere.types
import cohere.v2.types
import google.auth.jwt
import google.genai
import google.genai.models
import google.genai.types
import openai.types.chat.completion_create_params
import openai.types.responses.response_create_params
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.genai import _common
from mistralai.client import models as mistral
from strict import complaints
from typing_extensions import Required, TypedDict

KEY = "test-key"
REGION = "us-east-1"
AWS = botocore.credentials.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token")
#: What must not get through to a provider.
PRIVATE = re.compile(r"(x-attache-|cf-aig-|x-envoy-|x-forwarded-|cookie|x-stainless-|x-mock).*")
CREDENTIALS = {"authorization", "x-api-key", "api-key", "x-goog-api-key"}


def judge(name, heard, direct=False):
    """Everything that is wrong with a request to the provider of that name. `direct`: the SDK itself sent it."""
    if not heard.operation:
        return []
    found = of_credential(name, heard) + ([] if direct else of_headers(heard))
    oracle, *rules = ORACLES[name]
    found += oracle(name, heard)
    # rules rely on the form
    return found or [one for rule in rules for one in rule(heard)]


def of_headers(heard):
    """Nothing of the client's own is there."""
    return [f"header {header}: is not for a provider" for header in heard.headers if PRIVATE.fullmatch(header)]


def of_credential(name, heard):
    """The credential is there, in its place, and no other is."""
    found = []
    if heard.headers.get("content-type", "").partition(";")[0] != "application/json":
        found.append(f"content-type: {heard.headers.get('content-type')}")
    signs = heard.headers.get("authorization", "").startswith("AWS4")
    # a key of Bedrock's own is a bearer
    if name in ("bedrock", "bedrock-claude") and signs:
        given = {header for header in CREDENTIALS - {"authorization"} if header in heard.headers}
        return found + [f"header {header}: whose is it?" for header in given] + of_signature(heard)
    own = {"anthropic": "x-api-key", "gemini": "x-goog-api-key", "azure": "api-key", "azure-classic": "api-key"}.get(name)
    # the SDKs of these say it as a bearer; either is documented
    bearer = own is None or name in ("anthropic", "azure") and own not in heard.headers
    header, value = ("authorization", f"Bearer {KEY}") if bearer else (own, KEY)
    given = {one: heard.headers[one] for one in CREDENTIALS if one in heard.headers}
    if name in ("vertex", "vertex-claude") and heard.headers.get("authorization", "").startswith("Bearer ey"):
        return found + of_google_token(given.pop("authorization")[7:]) + [f"header {one}: whose is it?" for one in given]
    if given != {header: value}:
        found.append(f"credential: {given}, wanted {header}: {value}")
    return found


ACCOUNT = "attache@project.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@functools.cache
def google_account():
    """A service account: its key, as Google gives it out, and the certificate that shows what was signed with it."""
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attache")])
    day, now = datetime.timedelta(days=1), datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, now - day, now + day).sign(private, SHA256())
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "k1",
        "private_key": private.private_bytes(*form).decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(key), made.public_bytes(Encoding.PEM).decode()


@functools.lru_cache(maxsize=16)
def of_google_token(token):
    """Google's own library reads the token that a service account signs by itself: its signature, its time, its scope."""
    try:
        claims = google.auth.jwt.decode(token, certs={"k1": google_account()[1]})
    except ValueError as error:
        return [f"authorization: {error}"]
    said = (claims["iss"], claims["sub"], claims.get("scope"))
    return [] if said == (ACCOUNT, ACCOUNT, SCOPE) else [f"authorization: {claims}"]


def of_signature(heard):
    """AWS's own code signs the same request in the same way."""
    said = heard.headers.get("authorization", "")
    if not (told := re.fullmatch(r"AWS4-HMAC-SHA256 Credential=\S+, ?SignedHeaders=(\S+), ?Signature=\S+", said)):
        return [f"authorization: {said!r} is no signature"]
    signed = told[1].split(";")
    needed = {"host", "x-amz-date", "x-amz-security-token"} - set(signed)
    if needed or not {"x-amz-date", "x-amz-security-token"} <= heard.headers.keys():
        return [f"authorization: {needed or 'x-amz-...'} must be there and be signed"]
    request = botocore.awsrequest.AWSRequest(
        heard.method,
        f"http://{heard.headers['host']}{heard.path}",
        {header: heard.headers[header] for header in signed if header in heard.headers},
        heard.body,
    )
    request.context["timestamp"] = heard.headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(AWS, "bedrock", REGION)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    wanted = [f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}", f"SignedHeaders={told[1]}", f"Signature={signature}"]
    given = re.split(", ?", said)
    return [f"authorization: {a}, wanted {b}" for a, b in zip(given, wanted, strict=True) if a != b]


# -- Anthropic


class Sampled(TypedDict, total=False):
    """What the API version 2026-10-21 took away, and the SDK's types with it; the older version has it still.

    platform.claude.com: Migrating to API version 2026-10-21.
    """

    temperature: float
    top_p: float
    top_k: int


class Hosted(TypedDict, total=False):
    """On Vertex AI and on Bedrock the headers are fields. docs.claude.com: Claude on Vertex AI, Claude on Amazon Bedrock."""

    anthropic_version: Required[str]
    anthropic_beta: list[str]


NEW = "2026-10-21"
VERSIONS = {
    "anthropic": {NEW, "2023-06-01"},
    "vertex-claude": {NEW, "vertex-2023-10-16"},
    "bedrock-claude": {NEW, "bedrock-2023-05-31"},
}


def of_anthropic(name, heard):
    beta = "anthropic-beta" in heard.headers
    kinds = anthropic.types.beta.message_create_params if beta else anthropic.types.message_create_params
    if heard.operation == "count_tokens":
        return complaints(anthropic.types.MessageCountTokensParams, heard.json)
    body, found, version = dict(heard.json), [], heard.headers.get("anthropic-version")
    if name != "anthropic":
        found += complaints(Hosted, taken(body, Hosted))
        version = heard.json.get("anthropic_version")
        forbidden = {"model", "stream"} if name == "bedrock-claude" else {"model"}
        found += [f".{field}: is in the path" for field in forbidden & body.keys()]
        body["model"] = heard.model
        if name == "bedrock-claude" and heard.stream:
            body["stream"] = True
    if version not in VERSIONS[name]:
        found.append(f"the version is {version!r}, not one of {VERSIONS[name]}")
    if version != NEW:
        found += complaints(Sampled, taken(body, Sampled))
    kind = kinds.MessageCreateParamsStreaming if heard.stream else kinds.MessageCreateParamsNonStreaming
    return found + complaints(kind, body)


def taken(body, kind):
    """The fields of that type, which the body then has no longer."""
    return {field: body.pop(field) for field in kind.__annotations__ if field in body}


def anthropic_rules(heard):
    """docs.claude.com: Messages, Tool use, Extended thinking, Prompt caching."""
    body, found = heard.json, []
    messages = [message | {"content": listed(message["content"])} for message in body["messages"]]
    found += [f".messages[{at}]: is empty" for at, message in enumerate(messages) if not message["content"]]
    found += [
        f".messages[{at}]: an empty text"
        for at, message in enumerate(messages)
        for block in message["content"]
        if block["type"] == "text" and not block["text"]
    ]
    if messages and messages[0]["role"] != "user":
        found.append(".messages[0]: the first one must be the user's")
    asked = set()
    for at, message in enumerate(messages):
        given = {block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"}
        if given != asked:
            found.append(f".messages[{at}]: results of {given}, where those of {asked} belong")
        asked = {block["id"] for block in message["content"] if block["type"] == "tool_use"}
        bad = [one for one in asked if not re.fullmatch("[a-zA-Z0-9_-]+", one)]
        found += [f".messages[{at}]: {one!r} is no id" for one in bad]
    thinking = body.get("thinking", {})
    if thinking.get("type") == "enabled":
        if untold(messages, "tool_result", "tool_use", ("thinking", "redacted_thinking")):
            found.append(".thinking: the turn that called the tools must begin with its thought")
        if not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
            found.append(f".thinking: {thinking['budget_tokens']} is not from 1024 to max_tokens {body['max_tokens']}")
        if body.get("temperature", 1) != 1 or "top_k" in body:
            found.append(".thinking: temperature and top_k can not go with it")
        if body.get("tool_choice", {}).get("type") in ("any", "tool"):
            found.append(".thinking: forced tools can not go with it")
    if body.get("temperature", 0) > 1:
        found.append(".temperature: is above 1")
    marks = json.dumps(body).count('"cache_control": {')
    if marks > 4:
        found.append(f"cache_control: {marks} marks, where 4 are allowed")
    if heard.scene == "thinking" and not signed(messages, asked, "thinking", "signature"):
        found.append("thinking: the signature of the last turn is missing")
    return found


def untold(messages, result, call, thoughts):
    """Whether results of tools are told to a model whose turn before them has no thought at its beginning."""
    kinds = [[block["type"] for block in message["content"]] for message in messages[-2:]]
    return len(kinds) == 2 and result in kinds[1] and call in kinds[0] and kinds[0][0] not in thoughts


def listed(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def signed(messages, _asked, _kind, _key):
    """Whether each turn of ours that called tools brings its thought's signature back."""
    from fakes.scenes import SIGNATURE, THOUGHT

    for message in messages:
        kinds = [block["type"] for block in message["content"]]
        if message["role"] == "assistant" and "tool_use" in kinds:
            thoughts = [block for block in message["content"] if block["type"] == "thinking"]
            if [(one["thinking"], one["signature"]) for one in thoughts] != [(THOUGHT, SIGNATURE)]:
                return False
    return True


# -- OpenAI


def of_openai(name, heard):
    chat = openai.types.chat.completion_create_params
    responses = openai.types.responses.response_create_params
    streaming, whole = {
        "chat/completions": (chat.CompletionCreateParamsStreaming, chat.CompletionCreateParamsNonStreaming),
        "responses": (responses.ResponseCreateParamsStreaming, responses.ResponseCreateParamsNonStreaming),
        "embeddings": (openai.types.EmbeddingCreateParams,) * 2,
    }[heard.operation]
    # the path names the deployment; a model beside it is allowed
    body = {"model": heard.model} | heard.json if name == "azure-classic" else heard.json
    return complaints(streaming if heard.stream else whole, body)


def openai_rules(heard):
    """platform.openai.com: Chat Completions, Function calling."""
    found, asked = [], []
    for at, message in enumerate(heard.json.get("messages", [])):
        if message["role"] == "tool":
            if message["tool_call_id"] not in asked:
                found.append(f".messages[{at}]: nobody asked for {message['tool_call_id']}")
            else:
                asked.remove(message["tool_call_id"])
        else:
            if asked:
                found.append(f".messages[{at}]: the results of {asked} must come first")
            asked = [call["id"] for call in message.get("tool_calls") or []]
    if asked:
        found.append(f".messages: the results of {asked} are missing")
    if "tool_choice" in heard.json and "tools" not in heard.json:
        found.append(".tool_choice: there are no tools")
    if heard.operation == "chat/completions" and "parallel_tool_calls" in heard.json and "tools" not in heard.json:
        found.append(".parallel_tool_calls: there are no tools")
    if "stream_options" in heard.json and not heard.stream:
        found.append(".stream_options: it is no stream")
    return found


# -- Google


class GeminiBody(TypedDict, total=False):
    """The body of generateContent. ai.google.dev/api/generate-content"""

    contents: Required[list[google.genai.types.Content]]
    systemInstruction: google.genai.types.Content
    tools: list[google.genai.types.Tool]
    toolConfig: google.genai.types.ToolConfig
    safetySettings: list[google.genai.types.SafetySetting]
    generationConfig: google.genai.types.GenerationConfig
    cachedContent: str
    labels: dict[str, str]
    serviceTier: google.genai.types.ServiceTier


class GeminiEmbed(TypedDict, total=False):
    """One of batchEmbedContents. ai.google.dev/api/embeddings"""

    model: Required[str]
    content: Required[google.genai.types.Content]
    taskType: str
    title: str
    outputDimensionality: int


class GeminiEmbeds(TypedDict):
    requests: list[GeminiEmbed]


class VertexInstance(TypedDict, total=False):
    """cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api"""

    content: Required[str]
    task_type: str
    title: str


class VertexParameters(TypedDict, total=False):
    autoTruncate: bool
    outputDimensionality: int


class VertexPredict(TypedDict, total=False):
    instances: Required[list[VertexInstance]]
    parameters: VertexParameters


def of_google(name, heard):
    if heard.operation == "batchEmbedContents":
        named = [one.get("model") for one in heard.json.get("requests", [])]
        wrong = [f".requests.model: {one}" for one in named if one != f"models/{heard.model}"]
        return complaints(GeminiEmbeds, heard.json) + wrong
    if heard.operation == "predict":
        return complaints(VertexPredict, heard.json)
    body = plain(heard.json)
    return complaints(GeminiBody, body) or of_google_again(name, heard, body)


@functools.cache
def google_client():
    return google.genai.Client(api_key="unused")._api_client


def of_google_again(name, heard, body):
    """Google's SDK, given the same request in its own types, writes the same body, for the API that is asked."""
    kinds = google.genai.types
    # what a person hands to the SDK is called as what it sends
    beside = {key: value for key, value in body.items() if key not in ("contents", "generationConfig")}
    config = body.get("generationConfig", {}) | beside
    asked = kinds._GenerateContentParameters(
        model=heard.model,
        contents=[kinds.Content.model_validate(one) for one in body["contents"]],
        config=kinds.GenerateContentConfig.model_validate(config),
    )
    write = {
        "gemini": google.genai.models._GenerateContentParameters_to_mldev,
        "vertex": google.genai.models._GenerateContentParameters_to_vertex,
    }[name]
    try:
        written = write(google_client(), asked, None, asked)
    except ValueError as error:
        return [str(error)]
    written = _common.encode_unserializable_types(_common.convert_to_dict(written))
    written.pop("_url")
    # it writes an empty configuration where there is none
    return differences({"generationConfig": {}} | plain(written), {"generationConfig": {}} | body)


#: What lies behind these is a person's own.
OWN = {"args", "response", "parametersJsonSchema", "responseJsonSchema", "responseSchema", "parameters", "labels"}


def plain(value):
    """Google reads `max_tokens` as `maxTokens`, and its SDK writes both; nor do the two alphabets of base64 differ for it."""
    if isinstance(value, dict):
        named = {re.sub("_([a-z])", lambda found: found[1].upper(), key): one for key, one in value.items()}
        return {key: one if key in OWN else standard(one) if key in BYTES else plain(one) for key, one in named.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


BYTES = {"data", "thoughtSignature"}


def standard(value):
    return value.replace("-", "+").replace("_", "/") if isinstance(value, str) else value


def google_rules(heard):
    """ai.google.dev: Function calling, Thought signatures."""
    from fakes.scenes import SIGNATURE

    found, asked = [], []
    for at, content in enumerate(heard.json.get("contents", [])):
        if content.get("role") not in ("user", "model"):
            found.append(f".contents[{at}].role: {content.get('role')!r}")
        if not content.get("parts"):
            found.append(f".contents[{at}]: is empty")
        parts = content.get("parts", [])
        found += [f".contents[{at}]: a part must be one thing: {part}" for part in parts if things(part) != 1]
        given = [part["functionResponse"]["name"] for part in parts if "functionResponse" in part]
        if sorted(given) != sorted(asked):
            found.append(f".contents[{at}]: results of {given}, where those of {asked} belong")
        calls = [part for part in parts if "functionCall" in part]
        asked = [part["functionCall"]["name"] for part in calls]
        if heard.scene == "thinking" and calls and calls[0].get("thoughtSignature") != SIGNATURE:
            found.append(f".contents[{at}]: the signature of the first call is missing")
    return found


def things(part):
    kinds = {"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"}
    return len(kinds & part.keys())


# -- AWS


@functools.cache
def aws_model():
    return botocore.session.Session().get_service_model("bedrock-runtime")


def of_bedrock(_name, heard):
    if heard.operation == "InvokeModel":
        return of_bedrock_embed(heard)
    operation, found = aws_model().operation_model(heard.operation), []
    asked = aws_python(operation.input_shape, heard.json, "", found) | {"modelId": heard.model}
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


def aws_python(shape, value, at, found):
    """JSON as botocore takes it from a person: blobs as bytes, unions with one member."""
    if getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        unknown = [key for key in value if key not in shape.members]
        found += [f"{at}.{key}: unknown to {shape.name}" for key in unknown]
        if shape.is_tagged_union and len(value) != 1:
            found.append(f"{at}: {shape.name} is one of {list(shape.members)}")
        return {
            key: aws_python(shape.members[key], one, f"{at}.{key}", found)
            for key, one in value.items()
            if key in shape.members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [aws_python(shape.member, one, f"{at}[{index}]", found) for index, one in enumerate(value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: aws_python(shape.value, one, f"{at}.{key}", found) for key, one in value.items()}
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


def aws_checked(shape, value):
    found = []
    asked = aws_python(shape, value, "", found)
    # answers are held to the same as requests
    report = botocore.validate.ParamValidator().validate(asked, shape)
    if found or report.has_errors():
        raise AssertionError(found or report.generate_report())
    return value


def aws_answer(operation, value):
    """The value, which must be an answer of that operation."""
    return aws_checked(aws_model().operation_model(operation).output_shape, value)


def aws_event(name, value):
    """The value, which must be an event of that name in a ConverseStream."""
    stream = aws_model().operation_model("ConverseStream").output_shape.members["stream"]
    return aws_checked(stream.members[name], value)


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


def of_bedrock_embed(heard):
    return complaints(CohereOnBedrock if heard.model.startswith("cohere.") else Titan, heard.json)


def bedrock_rules(heard):
    """docs.aws.amazon.com: Converse, Message, ToolConfiguration, DocumentBlock."""
    from fakes.scenes import SIGNATURE, THOUGHT

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
        found += [f".messages[{at}]: document {n!r}" for n in names if not re.fullmatch(r"[\w\-()\[\]]+( [\w\-()\[\]]+)*", n)]
        if names and not any("text" in block for block in content):
            found.append(f".messages[{at}]: a document needs a text beside it")
        thoughts = [block["reasoningContent"]["reasoningText"] for block in content if "reasoningContent" in block]
        if heard.scene == "thinking" and asked and thoughts != [{"text": THOUGHT, "signature": SIGNATURE}]:
            found.append(f".messages[{at}]: the signed thought of that turn is missing: {thoughts}")
    used = any("toolUse" in block or "toolResult" in block for message in messages for block in message["content"])
    if used and "toolConfig" not in heard.json:
        found.append(".toolConfig: must be there where tools were used")
    return found


# -- Mistral and Cohere


def of_mistral(_name, heard):
    if heard.operation == "embeddings":
        return complaints(mistral.EmbeddingRequest, heard.json)
    return complaints(mistral.ChatCompletionStreamRequest if heard.stream else mistral.ChatCompletionRequest, heard.json)


def mistral_rules(heard):
    """docs.mistral.ai: Function calling; the messages of its validator."""
    found, asked = [], []
    for at, message in enumerate(heard.json.get("messages", [])):
        if message["role"] == "tool":
            if message.get("tool_call_id") in asked:
                asked.remove(message["tool_call_id"])
            else:
                found.append(f".messages[{at}]: nobody asked for {message.get('tool_call_id')}")
            continue
        if asked:
            found.append(f".messages[{at}]: the results of {asked} must come first")
        asked = [call["id"] for call in message.get("tool_calls") or []]
        found += [f".messages[{at}]: {one!r} is not nine of a-z, A-Z, 0-9" for one in asked if not NINE.fullmatch(one)]
    last = (heard.json.get("messages") or [{"role": "user"}])[-1]
    if last["role"] not in ("user", "tool") and not last.get("prefix"):
        found.append(".messages: the last one must be of the user or of a tool")
    return found


NINE = re.compile("[a-zA-Z0-9]{9}")


class CohereChat(TypedDict, total=False):
    """The arguments of `ClientV2.chat`, which is all that the SDK has for the body."""

    model: Required[str]
    messages: Required[cohere.types.ChatMessages]
    stream: bool
    tools: list[cohere.types.ToolV2]
    strict_tools: bool
    documents: list[cohere.v2.types.V2ChatRequestDocumentsItem]
    citation_options: cohere.types.CitationOptions
    response_format: cohere.types.ResponseFormatV2
    safety_mode: cohere.v2.types.V2ChatRequestSafetyMode
    max_tokens: int
    stop_sequences: list[str]
    temperature: float
    seed: int
    frequency_penalty: float
    presence_penalty: float
    k: int
    p: float
    logprobs: bool
    tool_choice: cohere.v2.types.V2ChatRequestToolChoice
    thinking: cohere.types.Thinking
    priority: int


class CohereEmbed(TypedDict, total=False):
    """The arguments of `ClientV2.embed`."""

    model: Required[str]
    input_type: Required[cohere.types.EmbedInputType]
    texts: list[str]
    images: list[str]
    inputs: list[cohere.types.EmbedInput]
    max_tokens: int
    output_dimension: int
    embedding_types: list[cohere.types.EmbeddingType]
    truncate: cohere.v2.types.V2EmbedRequestTruncate
    priority: int


def of_cohere(_name, heard):
    return complaints(CohereEmbed if heard.operation == "embed" else CohereChat, heard.json)


def cohere_rules(heard):
    """docs.cohere.com: Chat, Tool use, and the messages of its validator."""
    body, found, asked = heard.json, [], []
    for at, message in enumerate(body.get("messages", [])):
        if message["role"] == "tool":
            if message["tool_call_id"] in asked:
                asked.remove(message["tool_call_id"])
            else:
                found.append(f".messages[{at}]: nobody asked for {message['tool_call_id']}")
            continue
        asked = [call["id"] for call in message.get("tool_calls") or []]
    limits = {"temperature": (0, 2), "frequency_penalty": (0, 1), "presence_penalty": (0, 1), "p": (0.01, 0.99), "k": (0, 500)}
    found += [f".{name}: {body[name]} is not in {limits[name]}" for name in limits if name in body and not within(body[name], limits[name])]
    if body.get("response_format", {}).get("type") == "json_object" and body.get("tools"):
        found.append(".response_format: can not go with tools")
    if "tool_choice" in body and not body.get("tools"):
        found.append(".tool_choice: there are no tools")
    return found


def within(number, limits):
    return limits[0] <= number <= limits[1]


def differences(wanted, given, at=""):
    """Where two pieces of JSON differ; 1 and 1.0 do not."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        missing = [f"{at}.{key}: is {'missing' if key in wanted else 'too much'}" for key in wanted.keys() ^ given.keys()]
        return missing + [one for key in wanted.keys() & given.keys() for one in differences(wanted[key], given[key], f"{at}.{key}")]
    if isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        return [one for n, (a, b) in enumerate(zip(wanted, given, strict=True)) for one in differences(a, b, f"{at}[{n}]")]
    return [] if wanted == given else [f"{at}: {given!r}, the SDK writes {wanted!r}"]


ORACLES = {
    "anthropic": (of_anthropic, anthropic_rules),
    "vertex-claude": (of_anthropic, anthropic_rules),
    "bedrock-claude": (of_anthropic, anthropic_rules),
    "openai": (of_openai, openai_rules),
    "azure": (of_openai, openai_rules),
    "azure-classic": (of_openai, openai_rules),
    "groq": (of_openai, openai_rules),
    "gemini": (of_google, google_rules),
    "vertex": (of_google, google_rules),
    "bedrock": (of_bedrock, bedrock_rules),
    "mistral": (of_mistral, mistral_rules),
    "cohere": (of_cohere, cohere_rules),
}
