//! A request as the graph sees it. Nothing is decoded before an element asks for it.

use super::{ask::Ask, effect::Reply};
use crate::{
    graph::{Fact, Facts, Path, Root, Segment},
    json::{element, member, string},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, time::SystemTime};

/// Headers that name a session, in order.
const SESSION_HEADERS: [&str; 3] = ["x-session-id", "cf-aig-session-id", "x-claude-code-session-id"];

impl Facts for Ask {
    fn look(&self, path: &Path) -> Option<Fact<'_>> {
        let rest = &*path.rest;
        match path.root {
            Root::Metadata => self.look_metadata(rest),
            Root::Headers => self.look_header(rest),
            Root::Body => self.look_body(rest),
            Root::Url => self.look_url(rest),
            Root::Method => self.head.headers.text(":method").map(Fact::from),
            Root::Model => Some(Fact::from(self.model.as_str())),
            Root::Endpoint => Some(Fact::from(self.head.endpoint.name)),
            Root::Stream => Some(Fact::Bool(self.stream)),
            Root::Key => within(self.key_tree()?, rest),
            Root::Input => self.look_input(rest),
            Root::Time => within(time_tree(self.head.now)?, rest),
            Root::Session => self.look_session(rest),
        }
    }

    fn dice(&self) -> u64 {
        self.dice
    }

    fn pinned(&self, element: &str) -> Option<&str> {
        self.session.as_ref()?.choice(element)
    }
}

impl Ask {
    fn look_metadata(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let Some((first, rest)) = rest.split_first() else {
            return Some(Fact::Tree(Cow::Owned(Value::Object(self.metadata.clone()))));
        };
        seek(self.metadata.get(&*first.key)?, rest).map(Fact::of)
    }

    fn look_header(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let headers = &self.head.headers;
        let Some((name, rest)) = rest.split_first() else {
            let all: Map<_, _> = headers.texts().map(|(n, v)| (n.to_owned(), Value::from(v))).collect();
            return Some(Fact::Tree(Cow::Owned(Value::Object(all))));
        };
        rest.is_empty().then(|| headers.text(&name.key).map(Fact::from))?
    }

    fn look_body(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let Some((first, rest)) = rest.split_first() else {
            return serde_json::from_slice(self.body.bytes()).ok().map(|tree| Fact::Tree(Cow::Owned(tree)));
        };
        let mut raw = self.body.raw(&first.key)?;
        for segment in rest {
            raw = match (raw.as_bytes().first(), segment.index) {
                (Some(b'['), Some(index)) => element(raw, index)?,
                (Some(b'{'), _) => member(raw, &segment.key)?,
                _ => return None,
            };
        }
        read(raw)
    }

    fn look_url(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let whole = self.head.headers.text(":path")?;
        let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
        let words: Vec<&str> = rest.iter().map(|s| &*s.key).collect();
        match words.as_slice() {
            ["pathname"] => Some(Fact::from(path)),
            ["query", key] => parameters(query).find(|(k, _)| k == key).map(|(_, v)| Fact::Text(v)),
            _ => {
                let query: Map<_, _> = parameters(query).map(|(k, v)| (k.into_owned(), v.into())).collect();
                within(json!({"pathname": path, "query": query}), rest)
            }
        }
    }

    fn key_tree(&self) -> Option<Value> {
        let key = self.head.key.as_ref()?;
        Some(json!({"id": key.id, "name": key.name, "metadata": key.metadata}))
    }

    fn look_session(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let words: Vec<&str> = rest.iter().map(|s| &*s.key).collect();
        match words.as_slice() {
            ["id"] => self.session().map(Fact::Text),
            ["turn"] => Some(Fact::from(self.turn())),
            [] => Some(Fact::Tree(Cow::Owned(json!({"id": self.session(), "turn": self.turn()})))),
            _ => None,
        }
    }

    /// The session that the request names itself, by header or in its body.
    pub(super) fn session(&self) -> Option<Cow<'_, str>> {
        let named = SESSION_HEADERS.iter().find_map(|name| self.head.headers.text(name)).map(Cow::Borrowed);
        named
            .or_else(|| self.body.string("prompt_cache_key"))
            .or_else(|| self.body.string("conversation"))
            .or_else(|| string(member(self.body.raw("conversation")?, "id")?))
            .or_else(|| self.body.string("previous_response_id"))
            .or_else(|| string(member(self.body.raw("metadata")?, "session_id")?))
    }

    /// 1 for the first turn: one more than there are answers of the assistant.
    fn turn(&self) -> u64 {
        1 + self.input().assistant
    }

    fn look_input(&self, rest: &[Segment]) -> Option<Fact<'_>> {
        let Some((first, [])) = rest.split_first() else {
            return rest.is_empty().then(|| Fact::Tree(Cow::Owned(self.input_tree())));
        };
        let input = self.input();
        Some(match &*first.key {
            "chars" => Fact::from(input.chars),
            "tokens" => Fact::from(self.tokens()),
            "messages" => Fact::from(input.messages),
            "has_tools" => Fact::Bool(input.has_tools),
            "has_images" => Fact::Bool(input.has_images),
            "has_audio" => Fact::Bool(input.has_audio),
            "json_mode" => Fact::Bool(input.json_mode),
            _ => return None,
        })
    }

    fn input_tree(&self) -> Value {
        let input = self.input();
        json!({
            "chars": input.chars, "tokens": self.tokens(), "messages": input.messages,
            "has_tools": input.has_tools, "has_images": input.has_images, "has_audio": input.has_audio,
            "json_mode": input.json_mode,
        })
    }

    /// The tokens of its input, in Anthropic's words.
    pub(super) fn count(&self) -> Reply {
        let tools = self.body.raw("tools").map_or(0, |raw| bpe_openai::o200k_base().count(raw) as u64);
        let body = json!({"input_tokens": self.tokens().saturating_add(tools)});
        Reply {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    fn input(&self) -> &Input {
        self.input.get_or_init(|| Input::of(self))
    }

    /// Tokens of all input text, counted once, as `o200k_base` would.
    fn tokens(&self) -> u64 {
        let input = self.input();
        let count = || input.text.iter().map(|text| bpe_openai::o200k_base().count(text) as u64).sum();
        *input.tokens.get_or_init(count)
    }
}

/// What the input is like.
#[derive(Debug, Default)]
pub(super) struct Input {
    text: Vec<String>,
    tokens: std::sync::OnceLock<u64>,
    chars: u64,
    messages: u64,
    assistant: u64,
    has_tools: bool,
    has_images: bool,
    has_audio: bool,
    json_mode: bool,
}

impl Input {
    fn of(ask: &Ask) -> Self {
        let tree = |key: &str| {
            ask.body.raw(key).and_then(|raw| serde_json::from_str::<Value>(raw).ok()).unwrap_or_default()
        };
        let mut input = Self::default();
        let key = if ask.head.endpoint.has_messages() { "messages" } else { "input" };
        let turns = tree(key);
        input.note(&turns);
        for key in ["system", "prompt", "instructions", "query", "documents"] {
            input.note(&tree(key));
        }
        let list = turns.as_array().map(Vec::as_slice).unwrap_or_default();
        let role = |turn: &&Value| turn.get("role").and_then(Value::as_str) == Some("assistant");
        input.messages = list.iter().filter(|turn| turn.get("role").is_some()).count() as u64;
        input.assistant = list.iter().filter(role).count() as u64;
        input.has_tools = ["tools", "functions"]
            .iter()
            .any(|k| ask.body.raw(k).is_some_and(|raw| raw != "[]" && raw != "null"));
        let format = tree("response_format");
        input.json_mode = format.get("type").and_then(Value::as_str).is_some_and(|t| t.starts_with("json"));
        input.chars = input.text.iter().map(|text| text.chars().count() as u64).sum();
        input
    }

    /// Collects the text of messages, content parts and plain strings.
    fn note(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|v| self.note(v)),
            Value::Object(part) => {
                let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
                self.has_images |= matches!(kind, "image_url" | "input_image" | "image");
                self.has_audio |= matches!(kind, "input_audio" | "audio");
                for key in ["content", "text"] {
                    if let Some(inner) = part.get(key) {
                        self.note(inner);
                    }
                }
            }
            _ => {}
        }
    }
}

/// JSON text as a fact; trees are decoded, words are borrowed.
fn read(raw: &str) -> Option<Fact<'_>> {
    Some(match raw.as_bytes().first()? {
        b'"' => Fact::Text(string(raw)?),
        b'n' => Fact::Null,
        b't' => Fact::Bool(true),
        b'f' => Fact::Bool(false),
        b'{' | b'[' => Fact::Tree(Cow::Owned(serde_json::from_str(raw).ok()?)),
        _ => Fact::Number(serde_json::from_str(raw).ok()?),
    })
}

fn seek<'v>(value: &'v Value, rest: &[Segment]) -> Option<&'v Value> {
    rest.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get(&*segment.key),
        Value::Array(list) => {
            let index = segment.index?;
            let at = usize::try_from(index)
                .ok()
                .or_else(|| list.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?))?;
            list.get(at)
        }
        _ => None,
    })
}

/// A fact within a tree that was made for this one look.
fn within<'a>(tree: Value, rest: &[Segment]) -> Option<Fact<'a>> {
    Some(match seek(&tree, rest)?.clone() {
        Value::Null => Fact::Null,
        Value::Bool(b) => Fact::Bool(b),
        Value::Number(n) => Fact::Number(n),
        Value::String(s) => Fact::Text(Cow::Owned(s)),
        tree => Fact::Tree(Cow::Owned(tree)),
    })
}

fn time_tree(now: SystemTime) -> Option<Value> {
    let now = Timestamp::try_from(now).ok()?.to_zoned(TimeZone::UTC);
    let weekday = now.weekday().to_monday_one_offset();
    Some(json!({
        "hour": now.hour(), "weekday": weekday,
        "iso": now.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }))
}

/// The parameters of a query, percent-decoded.
fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        rest = match (byte, hex()) {
            (b'%', Some(byte)) => {
                out.push(byte);
                after.get(2..).unwrap_or_default()
            }
            (b'+', _) => {
                out.push(b' ');
                after
            }
            (byte, _) => {
                out.push(*byte);
                after
            }
        };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}
