//! How a conversation began, as one of its requests tells: by that later turns find what the first one was given.

use super::ask::Ask;
use crate::{
    dialect::Shape,
    json::string,
    session::{Key, Owner, Words},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// Who gives a conversation its rules.
const RULES: [&str; 2] = ["system", "developer"];

/// How a conversation began.
#[derive(Debug)]
pub(super) struct Opening {
    /// By its system prompt and the first message of its user.
    pub(super) begun: Key,
    /// The same with the first answer, where there was one: this is a later turn.
    pub(super) answered: Option<Key>,
}

/// One message, as far as it matters here.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

impl Ask {
    /// How the conversation began; `None` where the request is none.
    pub(super) fn opening(&self, owner: &Owner) -> Option<Opening> {
        let (turns, rules) = match self.head.endpoint.shape {
            Shape::Responses => ("input", "instructions"),
            _ if self.head.endpoint.has_messages() => ("messages", "system"),
            _ => return None,
        };
        let (mut begun, mut answer) = (Words::default(), None);
        if let Some(raw) = self.body.raw(rules) {
            begun.push(&text(raw));
        }
        begun.part();
        let raw = self.body.raw(turns)?;
        if let Some(text) = string(raw) {
            begun.push(&text);
            return Some(Opening { begun: owner.begun(&begun.digest()), answered: None });
        }
        let mut asked = false;
        for turn in serde_json::from_str::<Vec<&RawValue>>(raw).ok()? {
            // what is no message (the call of a tool, say) tells nothing
            let Ok(Said { role: Some(role), content }) = serde_json::from_str(turn.get()) else { continue };
            let content = content.map_or("", RawValue::get);
            if RULES.contains(&&*role) && !asked {
                begun.push(&text(content));
                begun.part();
            } else if role == "user" && !asked {
                begun.push(&text(content));
                asked = true;
            } else if role == "assistant" {
                answer = Some(Words::of(&text(content)));
                break;
            }
        }
        let begun = owner.begun(&begun.digest());
        Some(Opening { begun, answered: answer.map(|words| begun.answered(&words.digest())) })
    }
}

/// The text of a message's content; of one without any, its JSON.
fn text(raw: &str) -> Cow<'_, str> {
    if let Some(text) = string(raw) {
        return text;
    }
    let mut all = String::new();
    if let Ok(Value::Array(parts)) = serde_json::from_str(raw) {
        parts.iter().filter_map(|part| part.get("text")?.as_str()).for_each(|text| all.push_str(text));
    }
    if all.is_empty() && raw != "null" { Cow::Borrowed(raw) } else { Cow::Owned(all) }
}
