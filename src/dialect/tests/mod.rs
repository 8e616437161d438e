//! What providers say, recorded in their SDKs' own types (`tests/cases/record.py`), as every client is told it.

mod golden;
mod streams;

use super::{Client, Dialect, Endpoint, Follower, Framing, Platform, Quirks, Translator, Wire, Writer};
use crate::chat::{Answer, Delta, Fault, Usage};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

const PROVIDERS: [(&str, Dialect, Platform); 7] = [
    ("openai", Dialect::Openai, Platform::Direct),
    ("anthropic", Dialect::Anthropic, Platform::Direct),
    ("anthropic_bedrock", Dialect::Anthropic, Platform::Bedrock),
    ("bedrock", Dialect::Bedrock, Platform::Direct),
    ("gemini", Dialect::Gemini, Platform::Direct),
    ("mistral", Dialect::Mistral, Platform::Direct),
    ("cohere", Dialect::Cohere, Platform::Direct),
];
const CLIENTS: [(&str, &str); 3] =
    [("chat", "/v1/chat/completions"), ("messages", "/v1/messages"), ("responses", "/v1/responses")];
/// What an answer is called to which its provider gives no id.
const NAME: &str = "exchange-1";

/// One scene of one provider.
#[derive(Debug)]
struct Recording {
    provider: &'static str,
    scene: String,
    wire: Wire,
    /// Its files, without their ends.
    stem: PathBuf,
    whole: Option<Vec<u8>>,
    stream: Vec<u8>,
}

fn recordings() -> Vec<Recording> {
    let mut all = vec![];
    for (provider, dialect, platform) in PROVIDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/answers").join(provider);
        let wire = Wire { dialect, platform, quirks: Quirks::default() };
        let end = if wire.reader().0 == Framing::Aws { ".bin" } else { ".sse" };
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut scenes: Vec<String> = names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(end)?.to_owned()))
            .filter(|name| !name.contains('.'))
            .collect();
        scenes.sort_unstable();
        all.extend(scenes.into_iter().map(|scene| {
            let stem = folder.join(&scene);
            let stream = fs::read(stem.with_extension(&end[1..])).unwrap();
            let whole = fs::read(stem.with_extension("json")).ok();
            Recording { provider, scene, wire, stem, whole, stream }
        }));
    }
    assert!(all.len() > 100, "run tests/cases/record.py");
    all
}

fn client(path: &str) -> Client<'static> {
    let shape = Endpoint::of_path(path).unwrap().shape;
    Client { shape, model: "m", created: 1, shows_usage: true, request: b"{}" }
}

/// What became of a stream: the client's bytes, and what the exchange learns.
#[derive(Debug, PartialEq)]
struct Outcome {
    bytes: Vec<u8>,
    fault: Option<Fault>,
    began: bool,
    finished: bool,
    usage: Option<Usage>,
}

impl Recording {
    /// The whole answer, as the exchange completes it.
    fn answer(&self) -> Option<Result<Answer, Fault>> {
        let read = self.wire.read(self.whole.as_deref()?);
        Some(read.map(|answer| match answer.id.is_empty() {
            true => Answer { id: NAME.into(), ..answer },
            false => answer,
        }))
    }

    fn translator(&self, writer: Option<Box<dyn Writer>>) -> Translator {
        let (framing, reader) = self.wire.reader();
        Translator::new(framing, reader, writer).named(NAME)
    }

    /// The stream in pieces, for a client at `path`; without one, for one that speaks the provider's own dialect.
    fn told<'a>(&self, path: Option<&str>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut translator = self.translator(path.map(|path| client(path).stream()));
        outcome(&mut translator, pieces)
    }

    /// What the stream says, and its verdict, when it is no more than these bytes.
    fn deltas(&self, bytes: &[u8]) -> (Vec<Delta>, Option<Fault>) {
        let tape = Tape::default();
        let fault = outcome(&mut self.translator(Some(Box::new(tape.clone()))), [bytes]).fault;
        (tape.deltas(), fault)
    }

    /// The stream's events, each with the bytes that end it.
    fn events(&self) -> Vec<&[u8]> {
        if self.wire.reader().0 == Framing::Sse {
            return crate::sse::events(&self.stream).map(|event| event.raw).collect();
        }
        let (mut rest, mut frames) = (self.stream.as_slice(), vec![]);
        while let Some(length) = rest.first_chunk() {
            let (frame, after) = rest.split_at((u32::from_be_bytes(*length) as usize).min(rest.len()));
            frames.push(frame);
            rest = after;
        }
        frames
    }
}

fn outcome<'a>(translator: &mut Translator, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut bytes = vec![];
    for piece in pieces {
        bytes.extend(translator.push(piece.to_vec()).bytes);
    }
    bytes.extend(translator.end().bytes);
    Outcome {
        bytes,
        fault: translator.fault().cloned(),
        began: translator.began(),
        finished: translator.finished(),
        usage: translator.usage(),
    }
}

/// Keeps what a client would be told.
#[derive(Debug, Clone, Default)]
struct Tape(Arc<Mutex<Vec<Delta>>>);

impl Tape {
    fn deltas(&self) -> Vec<Delta> {
        self.0.lock().unwrap().clone()
    }
}

impl Writer for Tape {
    fn write(&mut self, delta: &Delta, _: &mut Vec<u8>) {
        self.0.lock().unwrap().push(delta.clone());
    }
}

/// The same in as few deltas as possible, so that answers that say the same are equal.
fn joined(deltas: Vec<Delta>) -> Vec<Delta> {
    let mut out: Vec<Delta> = vec![];
    let mut last_usage = None;
    for delta in deltas {
        match (out.last_mut(), delta) {
            (_, Delta::Usage(usage)) => last_usage = Some(usage),
            (Some(Delta::Text { text, .. }), Delta::Text { text: more, .. })
            | (Some(Delta::Refusal { text, .. }), Delta::Refusal { text: more, .. })
            | (Some(Delta::Reasoning { text, .. }), Delta::Reasoning { text: more, .. })
            | (Some(Delta::ToolArguments { text, .. }), Delta::ToolArguments { text: more, .. }) => {
                text.push_str(&more);
            }
            (_, delta) => out.push(delta),
        }
    }
    for delta in &mut out {
        if let Delta::ToolArguments { text, .. } = delta {
            // blanks in JSON say nothing
            *text = serde_json::from_str::<Value>(text).map_or(text.clone(), |value| value.to_string());
        }
    }
    let end = out.iter().position(|delta| *delta == Delta::Done).unwrap_or(out.len());
    out.splice(end..end, last_usage.map(Delta::Usage));
    out
}
