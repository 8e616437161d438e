//! The items of an answer, grown delta by delta: whole answers and streams are both made of them, so that they agree.

use super::{OF_CALL, sealed};
use crate::chat::{Citation, Delta, Finish, Signature, Usage};
use serde_json::{Map, Value, json};

/// The longest id that OpenAI takes back is 64 characters; this leaves room for what is put around it.
const ID: usize = 48;

pub(super) const IN_PROGRESS: &str = "in_progress";
pub(super) const COMPLETED: &str = "completed";
pub(super) const INCOMPLETE: &str = "incomplete";

/// An answer, as far as it has come. Of several choices it is the first: Responses knows no others.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// What the ids of the answer and of its items are made of.
    pub(super) id: String,
    pub(super) model: String,
    pub(super) items: Vec<Item>,
    pub(super) usage: Option<Usage>,
    finish: Option<Finish>,
}

#[derive(Debug, Clone)]
pub(super) enum Item {
    /// A thought, or what proves the call that follows.
    Thought { text: String, proof: Option<String> },
    /// What is said.
    Message(Vec<Said>),
    /// A call of the client's function; `index` counts the calls.
    Call { index: u32, id: String, name: String, arguments: String },
}

#[derive(Debug, Clone)]
pub(super) enum Said {
    Text(Text),
    Refusal(String),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) annotations: Vec<Value>,
    pub(super) logprobs: Vec<Value>,
}

impl Output {
    /// Nothing yet. The id and the model are those to use where the answer tells none.
    pub(super) fn new(id: &str, model: &str) -> Self {
        Self { id: id.into(), model: model.into(), items: Vec::new(), usage: None, finish: None }
    }

    /// Takes one delta.
    pub(super) fn take(&mut self, delta: &Delta) {
        match delta {
            Delta::Start { id, model } => self.start(id, model),
            Delta::Text { choice: 0, text } => {
                self.say(Said::Text(Text { text: text.clone(), ..Text::default() }));
            }
            Delta::Citation { choice: 0, citation } => {
                let annotations = vec![self.annotation(citation)];
                self.say(Said::Text(Text { annotations, ..Text::default() }));
            }
            Delta::Logprobs { choice: 0, value } => {
                // of a whole answer they come last, behind its calls
                if let Some(text) = self.items.iter_mut().rev().find_map(Item::text) {
                    text.logprobs.extend(logprobs(value));
                }
            }
            Delta::Refusal { choice: 0, text } => self.say(Said::Refusal(text.clone())),
            Delta::Reasoning { choice: 0, text } => self.think(text),
            Delta::Signature { choice: 0, signature } => self.prove(signature),
            Delta::ToolCall { choice: 0, index, id, name, signature } => {
                if let Some(signature) = signature {
                    let proof = Some(format!("{OF_CALL}{}", sealed(signature)));
                    self.items.push(Item::Thought { text: String::new(), proof });
                }
                let (index, id, name) = (*index, id.clone(), name.clone());
                self.items.push(Item::Call { index, id, name, arguments: String::new() });
            }
            Delta::ToolArguments { choice: 0, index, text } => self.argue(*index, text),
            Delta::Finish { choice: 0, finish } => self.finish = Some(finish.clone()),
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Done if self.finish.is_none() => self.finish = Some(Finish::Stop),
            _ => {}
        }
    }

    /// The position of a call, by its count.
    pub(super) fn call(&self, wanted: u32) -> Option<usize> {
        self.items.iter().rposition(|item| matches!(item, Item::Call { index, .. } if *index == wanted))
    }

    /// The status of the whole, and `incomplete_details`.
    pub(super) fn status(&self) -> (&'static str, Value) {
        let refused = || self.said().any(|said| matches!(said, Said::Refusal(_)));
        match &self.finish {
            None => (IN_PROGRESS, Value::Null),
            Some(Finish::Length) => (INCOMPLETE, json!({"reason": "max_output_tokens"})),
            Some(Finish::ContentFilter) => (INCOMPLETE, json!({"reason": "content_filter"})),
            // a client that finds no words would take it for an answer
            Some(Finish::Refusal) if !refused() => (INCOMPLETE, json!({"reason": "content_filter"})),
            // none of its reasons means this
            Some(Finish::Pause) => (INCOMPLETE, json!({})),
            Some(Finish::Stop | Finish::StopSequence(_) | Finish::ToolCalls | Finish::Refusal) => {
                (COMPLETED, Value::Null)
            }
        }
    }

    /// An item as it stands. Only the last one can have been cut short.
    pub(super) fn item(&self, at: usize) -> Value {
        let status = if at + 1 < self.items.len() { COMPLETED } else { self.status().0 };
        self.items.get(at).map(|item| item.json(&self.item_id(at), status)).unwrap_or_default()
    }

    /// The id of an item.
    pub(super) fn item_id(&self, at: usize) -> String {
        let kind = match self.items.get(at) {
            Some(Item::Thought { .. }) => "rs",
            Some(Item::Call { .. }) => "fc",
            Some(Item::Message(_)) | None => "msg",
        };
        format!("{kind}_{}_{at}", self.id)
    }

    fn start(&mut self, id: &str, model: &str) {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let bare = ["resp_", "msg_", "chatcmpl-"].iter().find_map(|kind| id.strip_prefix(kind)).unwrap_or(id);
        let id: String = bare.chars().filter(allowed).take(ID).collect();
        if !id.is_empty() {
            self.id = id;
        }
        if !model.is_empty() {
            self.model = model.into();
        }
    }

    fn said(&self) -> impl Iterator<Item = &Said> {
        let messages = self.items.iter().filter_map(|item| match item {
            Item::Message(parts) => Some(parts),
            _ => None,
        });
        messages.flatten()
    }

    fn say(&mut self, said: Said) {
        let Some(Item::Message(parts)) = self.items.last_mut() else {
            self.items.push(Item::Message(vec![said]));
            return;
        };
        match (parts.last_mut(), said) {
            (Some(Said::Text(text)), Said::Text(more)) => {
                text.text.push_str(&more.text);
                text.annotations.extend(more.annotations);
                text.logprobs.extend(more.logprobs);
            }
            (Some(Said::Refusal(words)), Said::Refusal(more)) => words.push_str(&more),
            (_, said) => parts.push(said),
        }
    }

    fn think(&mut self, more: &str) {
        match self.items.last_mut() {
            Some(Item::Thought { text, proof: None }) => text.push_str(more),
            _ => self.items.push(Item::Thought { text: more.into(), proof: None }),
        }
    }

    fn prove(&mut self, signature: &Signature) {
        let token = Some(sealed(signature));
        match self.items.last_mut() {
            Some(Item::Thought { proof: proof @ None, .. }) => *proof = token,
            _ => self.items.push(Item::Thought { text: String::new(), proof: token }),
        }
    }

    fn argue(&mut self, index: u32, more: &str) {
        let at = self.call(index);
        if let Some(Item::Call { arguments, .. }) = at.and_then(|at| self.items.get_mut(at)) {
            arguments.push_str(more);
        }
    }

    /// Spans count in the answer's whole text; here in the part's own. Where there is none, it is all of the part so far.
    fn annotation(&self, citation: &Citation) -> Value {
        let total: u64 = self.said().map(Said::length).sum();
        let here = match self.items.last() {
            Some(Item::Message(parts)) => parts.last().map_or(0, Said::length),
            _ => 0,
        };
        let before = total - here;
        let (start, end) = citation.span.unwrap_or((before, total));
        let title = citation.title.clone().unwrap_or_default();
        match (&citation.url, citation.document) {
            (None, Some(index)) => {
                json!({"type": "file_citation", "file_id": "", "filename": title, "index": index})
            }
            (url, _) => json!({
                "type": "url_citation",
                "url": url.clone().unwrap_or_default(),
                "title": title,
                "start_index": start.saturating_sub(before),
                "end_index": end.saturating_sub(before),
            }),
        }
    }
}

impl Item {
    pub(super) fn is_call(&self) -> bool {
        matches!(self, Self::Call { .. })
    }

    /// The last text of a message.
    fn text(&mut self) -> Option<&mut Text> {
        let Self::Message(parts) = self else { return None };
        parts.iter_mut().rev().find_map(|said| match said {
            Said::Text(text) => Some(text),
            Said::Refusal(_) => None,
        })
    }

    /// As it is announced, before anything is in it.
    pub(super) fn announced(&self, id: &str) -> Value {
        let blank = match self {
            Self::Thought { .. } => Self::Thought { text: String::new(), proof: None },
            Self::Message(_) => Self::Message(Vec::new()),
            Self::Call { index, id, name, .. } => {
                Self::Call { index: *index, id: id.clone(), name: name.clone(), arguments: String::new() }
            }
        };
        blank.json(id, IN_PROGRESS)
    }

    fn json(&self, id: &str, status: &str) -> Value {
        match self {
            Self::Thought { text, proof } => {
                let summary: Vec<Value> = if text.is_empty() { Vec::new() } else { vec![summary(text)] };
                let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
                if let (Some(proof), Some(fields)) = (proof, item.as_object_mut()) {
                    fields.insert("encrypted_content".into(), proof.as_str().into());
                }
                item
            }
            Self::Message(parts) => {
                let content: Vec<Value> = parts.iter().map(Said::json).collect();
                json!({"id": id, "type": "message", "role": "assistant", "status": status, "content": content})
            }
            Self::Call { id: call, name, arguments, .. } => {
                // clients parse what is complete
                let arguments = if arguments.is_empty() && status != IN_PROGRESS { "{}" } else { arguments };
                json!({
                    "id": id,
                    "type": "function_call",
                    "call_id": call,
                    "name": name,
                    "arguments": arguments,
                    "status": status,
                })
            }
        }
    }
}

/// A part of a reasoning item.
pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

impl Said {
    /// As it is announced, before anything is in it.
    pub(super) fn announced(&self) -> Value {
        match self {
            Self::Text(_) => Self::Text(Text::default()).json(),
            Self::Refusal(_) => Self::Refusal(String::new()).json(),
        }
    }

    /// In characters; refusals are no text that sources are given for.
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.text.chars().count() as u64,
            Self::Refusal(_) => 0,
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!({
                "type": "output_text",
                "text": text.text,
                "annotations": text.annotations,
                "logprobs": text.logprobs,
            }),
            Self::Refusal(words) => json!({"type": "refusal", "refusal": words}),
        }
    }
}

/// The likelihoods that Chat Completions tells, as Responses wants them: with all of their fields.
fn logprobs(value: &Value) -> Vec<Value> {
    let list =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let token = |value: &Value| {
        let field = |name: &str| value.get(name).cloned().unwrap_or_default();
        Map::from_iter([
            ("token".to_owned(), field("token")),
            ("bytes".to_owned(), list(value, "bytes").into()),
            ("logprob".to_owned(), field("logprob")),
        ])
    };
    let whole = |value: &Value| {
        let mut fields = token(value);
        let others: Vec<Value> =
            list(value, "top_logprobs").iter().map(|other| token(other).into()).collect();
        fields.insert("top_logprobs".into(), others.into());
        fields.into()
    };
    list(value, "content").iter().map(whole).collect()
}
