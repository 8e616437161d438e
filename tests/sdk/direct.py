"""Each provider's own SDK asks a fake, without the pair between: whether the fakes are what they pretend to be.

`ask(fake, model, stream)` gives what the SDK understood. With `full` it asks for everything that its language has: what is
heard of that is a good request.
"""

import base64
import functools

import anthropic
import botocore.session
import cohere
import google.genai
import openai
import seen
from fakes.scenes import PARIS, SIGNATURE, THOUGHT
from google.genai import types as google_types
from google.oauth2.credentials import Credentials
from mistralai.client import Mistral
from oracles import AWS, KEY, REGION

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PNG = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.4"
ARGUMENTS = {"city": "Paris"}


def text_of(data):
    return base64.b64encode(data).decode()


def ask(fake, model, stream, full=False):
    """What the provider's own SDK reads where it is asked for `model`."""
    return ASK[fake.name](fake, model, stream, full)


def ask_anthropic(fake, model, stream, full):
    asked = ANTHROPIC if full else {"messages": [{"role": "user", "content": "Hi"}]}
    messages = anthropic_client(fake).messages
    if stream:
        with messages.stream(model=model, max_tokens=2000, **asked) as events:
            return seen.of_anthropic(events.get_final_message())
    return seen.of_anthropic(messages.create(model=model, max_tokens=2000, **asked))


@functools.cache
def anthropic_client(fake):
    if fake.name == "vertex-claude":
        more = {"region": "us-east5", "project_id": "project", "access_token": KEY}
        return anthropic.AnthropicVertex(base_url=f"{fake.url}/v1", max_retries=0, **more)
    if fake.name == "bedrock-claude":
        keys = {"aws_access_key": AWS.access_key, "aws_secret_key": AWS.secret_key, "aws_session_token": AWS.token}
        return anthropic.AnthropicBedrock(base_url=fake.url, aws_region=REGION, max_retries=0, **keys)
    return anthropic.Anthropic(base_url=fake.url, api_key=KEY, max_retries=0)


ANTHROPIC = {
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": text_of(PNG)}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": text_of(PDF)}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": ARGUMENTS},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": [{"type": "text", "text": "7"}]}
            ],
        },
    ],
    "tools": [{"name": "weather", "description": "Tells it", "input_schema": SCHEMA}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    "stop_sequences": ["END"],
    "metadata": {"user_id": "me"},
}


def ask_openai(fake, model, stream, full):
    asked = OPENAI if full else {"messages": [{"role": "user", "content": "Hi"}]}
    create = openai_client(fake).chat.completions.create
    if stream:
        with create(model=model, stream=True, stream_options={"include_usage": True}, **asked) as chunks:
            return seen.of_openai_stream(chunks)
    return seen.of_openai(create(model=model, **asked))


@functools.cache
def openai_client(fake):
    if fake.name == "azure-classic":
        return openai.AzureOpenAI(azure_endpoint=fake.url, api_version="2024-10-21", api_key=KEY, max_retries=0)
    base = fake.url + {"openai": "/v1"}.get(fake.name, "/openai/v1")
    return openai.OpenAI(base_url=base, api_key=KEY, max_retries=0)


OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text_of(PNG)}", "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "tool_calls": [
                {"id": PARIS.id, "type": "function", "function": {"name": "weather", "arguments": PARIS.arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": PARIS.id, "content": "7"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA, "strict": True}},
    "stop": ["END"],
    "seed": 1,
    "reasoning_effort": "low",
}


def ask_google(fake, model, stream, full):
    asked = GOOGLE if full else {"contents": "Hi"}
    models = google_client(fake).models
    if stream:
        return seen.of_google(list(models.generate_content_stream(model=model, **asked)))
    return seen.of_google([models.generate_content(model=model, **asked)])


@functools.cache
def google_client(fake):
    options = google_types.HttpOptions(base_url=fake.url)
    if fake.name == "vertex":
        where = {"project": "project", "location": "us-central1", "credentials": Credentials(KEY)}
        return google.genai.Client(vertexai=True, http_options=options, **where)
    return google.genai.Client(api_key=KEY, http_options=options)


GOOGLE = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Hi"},
                {"inline_data": {"mime_type": "image/png", "data": PNG}},
                {"file_data": {"mime_type": "image/png", "file_uri": "https://example.com/a.png"}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {
                    "function_call": {"name": "weather", "args": ARGUMENTS},
                    "thought_signature": base64.b64decode(SIGNATURE),
                }
            ],
        },
        {"role": "user", "parts": [{"function_response": {"name": "weather", "response": {"output": "7"}}}]},
    ],
    "config": {
        "system_instruction": "Be brief.",
        "temperature": 0.5,
        "top_k": 3,
        "max_output_tokens": 2000,
        "stop_sequences": ["END"],
        "seed": 1,
        "response_mime_type": "application/json",
        "response_json_schema": SCHEMA,
        "thinking_config": {"include_thoughts": True, "thinking_budget": 1024},
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "tools": [{"function_declarations": [{"name": "weather", "parameters_json_schema": SCHEMA}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["weather"]}},
        "automatic_function_calling": {"disable": True},
    },
}


def ask_bedrock(fake, model, stream, full):
    asked = BEDROCK if full else {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    client = bedrock_client(fake)
    if stream:
        return seen.of_bedrock_stream(client.converse_stream(modelId=model, **asked)["stream"])
    return seen.of_bedrock(client.converse(modelId=model, **asked))


@functools.cache
def bedrock_client(fake):
    keys = {
        "aws_access_key_id": AWS.access_key,
        "aws_secret_access_key": AWS.secret_key,
        "aws_session_token": AWS.token,
    }
    config = botocore.config.Config(retries={"max_attempts": 0})
    session = botocore.session.Session()
    return session.create_client("bedrock-runtime", REGION, endpoint_url=fake.url, config=config, **keys)


BEDROCK = {
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Hi"},
                {"image": {"format": "png", "source": {"bytes": PNG}}},
                {"document": {"format": "pdf", "name": "A page", "source": {"bytes": PDF}}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": ARGUMENTS}},
            ],
        },
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"text": "7"}]}}]},
    ],
    "inferenceConfig": {"maxTokens": 2000, "temperature": 1, "stopSequences": ["END"]},
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "weather", "description": "Tells it", "inputSchema": {"json": SCHEMA}}}],
        "toolChoice": {"tool": {"name": "weather"}},
    },
    "additionalModelRequestFields": {"top_k": 3},
}


def ask_mistral(fake, model, stream, full):
    asked = MISTRAL if full else {"messages": [{"role": "user", "content": "Hi"}]}
    chat = mistral_client(fake).chat
    if stream:
        with chat.stream(model=model, **asked) as events:
            return seen.of_mistral([event.data for event in events])
    return seen.of_mistral([chat.complete(model=model, **asked)])


@functools.cache
def mistral_client(fake):
    return Mistral(api_key=KEY, server_url=fake.url)


MISTRAL = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text_of(PNG)}"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}],
            "tool_calls": [
                {"id": PARIS.id, "type": "function", "function": {"name": "weather", "arguments": PARIS.arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": PARIS.id, "name": "weather", "content": "7"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}],
    "tool_choice": "any",
    "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA, "strict": True}},
    "random_seed": 1,
    "stop": ["END"],
    "max_tokens": 2000,
}


def ask_cohere(fake, model, stream, full):
    asked = COHERE if full else {"messages": [{"role": "user", "content": "Hi"}]}
    client, asked = cohere_client(fake), {"request_options": {"max_retries": 0}, **asked}
    if stream:
        return seen.of_cohere_stream(client.chat_stream(model=model, **asked))
    return seen.of_cohere(client.chat(model=model, **asked))


@functools.cache
def cohere_client(fake):
    return cohere.ClientV2(api_key=KEY, base_url=fake.url)


COHERE = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text_of(PNG)}"}},
            ],
        },
        {
            "role": "assistant",
            "tool_plan": THOUGHT,
            "tool_calls": [
                {"id": PARIS.id, "type": "function", "function": {"name": "weather", "arguments": PARIS.arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": PARIS.id, "content": [{"type": "document", "document": {"data": {"t": "7"}}}]},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
    "tool_choice": "REQUIRED",
    "stop_sequences": ["END"],
    "max_tokens": 2000,
    "seed": 1,
    "k": 3,
    "p": 0.5,
    "thinking": {"type": "enabled", "token_budget": 1024},
}

ASK = {
    "anthropic": ask_anthropic,
    "vertex-claude": ask_anthropic,
    "bedrock-claude": ask_anthropic,
    "openai": ask_openai,
    "azure": ask_openai,
    "azure-classic": ask_openai,
    "groq": ask_openai,
    "gemini": ask_google,
    "vertex": ask_google,
    "bedrock": ask_bedrock,
    "mistral": ask_mistral,
    "cohere": ask_cohere,
}
