"""Writes `answers/<provider>/`: what each provider says in every scene of the fakes, in its own SDK's types.

`<scene>.json` is the whole answer, `<scene>.sse` the streamed one (`<scene>.bin` in AWS frames). Run by hand when the fakes or
the SDKs change, then `UPDATE=1 cargo test dialect::tests`, and read the difference:

    python3 -m venv /tmp/sdks && /tmp/sdks/bin/pip install -r tests/sdk/requirements.txt
    /tmp/sdks/bin/python tests/cases/record.py
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "sdk"))
from fakes import ROOMS, server  # noqa: E402
from fakes.scenes import SCENES  # noqa: E402

CLAUDE = "claude-sonnet-4-5"
AMAZON = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FLASH = "/v1beta/models/gemini-2.5-flash:"
CHAT = {"messages": []}
#: The folder; the fake; where it is asked for a whole answer (`None`: they are another's) and for a stream; the request.
PROVIDERS = [
    ("openai", "openai", *["/v1/chat/completions"] * 2, CHAT | {"model": "gpt-5"}),
    ("anthropic", "anthropic", *["/v1/messages"] * 2, CHAT | {"model": CLAUDE}),
    ("anthropic_bedrock", "bedrock-claude", None, f"/model/{AMAZON}/invoke-with-response-stream", CHAT),
    ("bedrock", "bedrock", f"/model/{AMAZON}/converse", f"/model/{AMAZON}/converse-stream", CHAT),
    ("gemini", "gemini", FLASH + "generateContent", FLASH + "streamGenerateContent?alt=sse", {"contents": []}),
    ("mistral", "mistral", *["/v1/chat/completions"] * 2, CHAT | {"model": "mistral-medium-2508"}),
    ("cohere", "cohere", *["/v2/chat"] * 2, CHAT | {"model": "command-a-03-2025"}),
]
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def said(fake, path, body, scene):
    """The bytes of a fake's answer."""
    heard = server.Heard("POST", path, {}, json.dumps(body).encode())
    ROOMS[fake].read(fake, heard)
    assert not heard.complaints, heard.complaints
    # of frames, what is not counted is left out by the fake itself
    uncounted = "bedrock" in fake and "stream" in path and scene.defect == "no-usage"
    body = (ROOMS[fake].answer(heard, scene) if uncounted else server.misdo(ROOMS[fake], heard, scene)).body
    return body if isinstance(body, bytes) else b"".join(body)


def knows(fake, scene):
    """Whether the provider has a word for such an end; Gemini refuses without one."""
    room = ROOMS[fake]
    ends = getattr(room, "FINISHES", None) or room.STOPS
    return scene.finish in ends or (fake, scene.finish) == ("gemini", "refusal")


def main():
    for folder, fake, whole, streamed, body in PROVIDERS:
        where = HERE / "answers" / folder
        where.mkdir(parents=True, exist_ok=True)
        for name, scene in SCENES.items():
            if not knows(fake, scene) or (fake, name) == ("bedrock-claude", "no-usage"):
                continue
            if whole:
                (where / f"{name}.json").write_bytes(said(fake, whole, body, scene))
            kind = "bin" if "bedrock" in folder else "sse"
            (where / f"{name}.{kind}").write_bytes(said(fake, streamed, body | STREAMED, scene))


if __name__ == "__main__":
    main()
