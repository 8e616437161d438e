"""What the fake providers say, in words that are no provider's own. The model's name chooses the scene."""

from dataclasses import dataclass, field, replace

TEXT = "Hello from Paris — ñ😀"
THOUGHT = "The weather decides: ask for it."
#: Base64, as Google's must be.
SIGNATURE = "c2lnbmVkLWJ5LXRoZS1tYWtlcg=="
JSON_TEXT = '{"city": "Paris"}'
REFUSAL = "I can not help with that."


@dataclass(frozen=True)
class Call:
    """A tool that is called; its arguments are JSON text, and may be broken."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Usage:
    """`input` counts cached tokens too, `output` counts reasoning too."""

    input: int = 20
    output: int = 7
    cached: int = 0
    written: int = 0
    reasoning: int = 0

    @property
    def fresh(self):
        return self.input - self.cached - self.written


@dataclass(frozen=True)
class Scene:
    """One answer."""

    text: str = ""
    thought: str = ""
    signature: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    #: stop, stop_sequence, length, tool_calls, content_filter or refusal
    finish: str = "stop"
    usage: Usage = field(default_factory=Usage)
    #: how it goes wrong, see `Fake`
    defect: str = ""


@dataclass(frozen=True)
class Trouble:
    """An answer that is an error, by its neutral name."""

    kind: str
    status: int
    message: str
    retry_after: int | None = None


# nine letters and digits, as Mistral's must be
PARIS = Call("callParis", "weather", '{"city": "Paris"}')
ZURICH = Call("callZuric", "weather", '{"city": "Zürich"}')

SCENES = {
    "text": Scene(TEXT),
    "tool": Scene(calls=(PARIS,), finish="tool_calls"),
    "parallel": Scene("Let me look.", calls=(PARIS, ZURICH), finish="tool_calls"),
    "thought": Scene(TEXT, THOUGHT, SIGNATURE, usage=Usage(output=9, reasoning=3)),
    "thinking": Scene(
        "", THOUGHT, SIGNATURE, calls=(PARIS,), finish="tool_calls", usage=Usage(output=9, reasoning=3)
    ),
    "length": Scene("Hello from", finish="length"),
    "filter": Scene("Hello", finish="content_filter"),
    "refusal": Scene(refusal=REFUSAL, finish="refusal"),
    "stopseq": Scene("Hello from ", finish="stop_sequence"),
    "cached": Scene(TEXT, usage=Usage(cached=12, written=3)),
    "json": Scene(JSON_TEXT),
    # what a provider should not do
    "empty": Scene(defect="empty"),
    "broken-json": Scene(TEXT, defect="broken-json"),
    "html": Scene(TEXT, defect="html"),
    "cut": Scene(TEXT, defect="cut"),
    "unknown-events": Scene(TEXT, defect="unknown-events"),
    "midstream-error": Scene(TEXT, defect="midstream-error"),
    "early-error": Scene(TEXT, defect="early-error"),
    "no-usage": Scene(TEXT, defect="no-usage"),
    "cut-arguments": Scene(calls=(replace(PARIS, arguments='{"city": "Par'),), finish="length"),
}

TROUBLES = {
    "error-400": Trouble("bad_request", 400, "temperature: must be at most 1"),
    "error-auth": Trouble("auth", 401, "the key sk-12345 is not valid"),
    "error-404": Trouble("not_found", 404, "there is no such model"),
    "error-429": Trouble("rate_limited", 429, "slow down", retry_after=7),
    "error-quota": Trouble("quota_exhausted", 429, "the account is out of credit"),
    "error-context": Trouble("context_length", 400, "the prompt is too long"),
    "error-filter": Trouble("content_filter", 400, "the prompt was refused by the filter"),
    "error-500": Trouble("server_error", 500, "it broke"),
    "error-529": Trouble("overloaded", 529, "too busy"),
}


def named(model):
    """The name of the scene that a model plays: behind the last point of its name there may be one, else it just talks."""
    name = model.rpartition(".")[2]
    return name if name in SCENES or name in TROUBLES else "text"


def act(model, called):
    """The scene of a model. Once the scene's tools are among those that were `called`, it talks."""
    scene = TROUBLES.get(named(model)) or SCENES[named(model)]
    return SCENES["text"] if isinstance(scene, Scene) and {call.name for call in scene.calls} & set(called) else scene


def pieces(text, count=3):
    """A text in a few pieces, of which none is empty."""
    size = max(1, -(-len(text) // count))
    return [text[at : at + size] for at in range(0, len(text), size)]


def vector(text, dimensions=3):
    """What a text is embedded as: other texts get other vectors. Exact in 32 bits."""
    return [(sum(text.encode()) % 64) / 64, *[(at % 8) / 8 for at in range(1, dimensions)]]
