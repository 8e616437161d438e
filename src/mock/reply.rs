//! What the mock says, as chat completions and completions spell it.
use super::{behaviour::Behaviour, request::Asked};
use bytes::Bytes;
use serde::Serialize;
use std::iter;

/// The one moment at which everything was created, in seconds since 1970.
pub(super) const CREATED: u64 = 1_700_000_000;

/// The words of an answer and what they cost.
#[derive(Debug)]
pub(super) struct Reply<'a> {
    pub(super) model: &'a str,
    /// Each word with the space after it.
    pub(super) tokens: Vec<&'a str>,
    /// Whether the limit cut it short.
    pub(super) limited: bool,
    pub(super) usage: Option<Usage>,
}

/// OpenAI's figures.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: usize,
    pub(super) completion_tokens: usize,
    pub(super) total_tokens: usize,
}

/// A streamed answer, event by event.
#[derive(Debug)]
pub(super) struct Events {
    /// Each holds one token; the first also what comes before it.
    pub(super) tokens: Vec<Bytes>,
    /// The finish.
    pub(super) tail: Bytes,
    /// What comes instead of the finish when the answer fails.
    pub(super) fault: &'static str,
}

const FAULT: &str = concat!(
    r#"data: {"error":{"message":"The mock fails as it was told to.","type":"server_error","#,
    r#""param":null,"code":null}}"#,
    "\n\n"
);

/// What `asked` is told, before it is cut into tokens.
pub(super) fn text(asked: &Asked<'_>) -> String {
    let name = asked.model.split('!').next().unwrap_or_default();
    format!("Hello from {name}: {}", asked.last_words())
}

impl<'a> Reply<'a> {
    pub(super) fn new(asked: &'a Asked<'_>, text: &'a str, behaviour: &Behaviour) -> Self {
        let words = || text.split_inclusive(' ');
        let wanted = behaviour.tokens.unwrap_or_else(|| words().count());
        let given = wanted.min(asked.limit());
        let prompt_tokens = asked.prompt_tokens();
        let total_tokens = prompt_tokens + given;
        let usage = Usage { prompt_tokens, completion_tokens: given, total_tokens };
        Self {
            model: &asked.model,
            tokens: iter::repeat_with(words).flatten().take(given).collect(),
            limited: given < wanted,
            usage: (!behaviour.no_usage).then_some(usage),
        }
    }

    fn finish_reason(&self) -> &'static str {
        if self.limited { "length" } else { "stop" }
    }
}

/// The two older forms of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Chat,
    Completion,
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: &'static str,
    object: &'static str,
    created: u64,
    model: &'a str,
    system_fingerprint: &'static str,
    choices: &'a [Choice<'a>],
    /// Streams with usage have null in every event but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Default, Serialize)]
struct Choice<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<Delta<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<()>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

impl Form {
    /// The answer in one piece.
    pub(super) fn whole(self, reply: &Reply<'_>) -> serde_json::Result<Vec<u8>> {
        let content = &*reply.tokens.concat();
        let finish_reason = Some(reply.finish_reason());
        let choice = match self {
            Self::Chat => {
                let message = Some(Message { role: "assistant", content, refusal: None });
                Choice { message, finish_reason, ..Choice::default() }
            }
            Self::Completion => Choice { text: Some(content), finish_reason, ..Choice::default() },
        };
        let object = match self {
            Self::Chat => "chat.completion",
            Self::Completion => "text_completion",
        };
        serde_json::to_vec(&Envelope {
            object,
            usage: reply.usage.map(Some),
            ..self.envelope(reply.model, &[choice])
        })
    }

    /// The answer as a stream, with its usage at the end if it is wanted.
    pub(super) fn events(self, reply: &Reply<'_>, include_usage: bool) -> serde_json::Result<Events> {
        let told = reply.usage.filter(|_| include_usage);
        let event = |choices: &[Choice<'_>], usage: Option<Usage>| {
            event(&Envelope { usage: told.map(|_| usage), ..self.envelope(reply.model, choices) })
        };
        let mut tokens = vec![];
        for (i, token) in reply.tokens.iter().enumerate() {
            let mut bytes = vec![];
            if let (0, Self::Chat) = (i, self) {
                let opening = Delta { role: Some("assistant"), content: Some("") };
                bytes = event(&[Choice { delta: Some(opening), ..Choice::default() }], None)?;
            }
            bytes.append(&mut event(&[self.token(token)], None)?);
            tokens.push(bytes.into());
        }
        let mut tail = event(&[self.finish(reply.finish_reason())], None)?;
        if told.is_some() {
            tail.append(&mut event(&[], told)?);
        }
        tail.extend_from_slice(b"data: [DONE]\n\n");
        Ok(Events { tokens, tail: tail.into(), fault: FAULT })
    }

    fn token(self, token: &str) -> Choice<'_> {
        match self {
            Self::Chat => {
                let delta = Some(Delta { content: Some(token), role: None });
                Choice { delta, ..Choice::default() }
            }
            Self::Completion => Choice { text: Some(token), ..Choice::default() },
        }
    }

    fn finish(self, reason: &'static str) -> Choice<'static> {
        let finish_reason = Some(reason);
        match self {
            Self::Chat => Choice { delta: Some(Delta::default()), finish_reason, ..Choice::default() },
            Self::Completion => Choice { text: Some(""), finish_reason, ..Choice::default() },
        }
    }

    /// What every event has in common.
    fn envelope<'a>(self, model: &'a str, choices: &'a [Choice<'a>]) -> Envelope<'a> {
        let (id, object) = match self {
            Self::Chat => ("chatcmpl-mock", "chat.completion.chunk"),
            Self::Completion => ("cmpl-mock", "text_completion"),
        };
        let system_fingerprint = "fp_mock";
        Envelope { id, object, created: CREATED, model, system_fingerprint, choices, usage: None }
    }
}

/// One server-sent event without a name.
pub(super) fn event(data: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = b"data: ".to_vec();
    serde_json::to_writer(&mut bytes, data)?;
    bytes.extend_from_slice(b"\n\n");
    Ok(bytes)
}
