//! What the mock reads of a request: which model, how long an answer, what was said.
use serde::Deserialize;
use std::borrow::Cow;

/// The fields that matter, of every endpoint.
#[derive(Debug, Deserialize)]
pub(super) struct Asked<'a> {
    #[serde(borrow)]
    pub(super) model: Cow<'a, str>,
    #[serde(default)]
    pub(super) stream: bool,
    stream_options: Option<StreamOptions>,
    #[serde(borrow, alias = "prompt", alias = "input")]
    messages: Option<Said<'a>>,
    max_tokens: Option<usize>,
    #[serde(alias = "max_output_tokens")]
    max_completion_tokens: Option<usize>,
    encoding_format: Option<Cow<'a, str>>,
    /// How many numbers an embedding has.
    pub(super) dimensions: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// Whatever OpenAI takes where something is said: text, tokens, messages, parts, or lists of these.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Said<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Many(#[serde(borrow)] Vec<Said<'a>>),
    Part {
        role: Option<Cow<'a, str>>,
        #[serde(borrow, alias = "text")]
        content: Option<Box<Said<'a>>>,
    },
    Token(u32),
}

impl Asked<'_> {
    /// What was said last, by the user where roles are told.
    pub(super) fn last_words(&self) -> String {
        let mut words = String::new();
        if let Some(said) = &self.messages {
            said.last_of_user().write_to(&mut words);
        }
        words
    }

    /// A quarter of the characters of all that was said, rounded up.
    pub(super) fn prompt_tokens(&self) -> usize {
        self.messages.as_ref().map_or(0, Said::chars).div_ceil(4)
    }

    /// How many tokens the answer may have at most.
    pub(super) fn limit(&self) -> usize {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(usize::MAX)
    }

    /// Whether a stream is asked to tell its usage.
    pub(super) fn include_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    /// Whether embeddings are asked for in base64.
    pub(super) fn base64(&self) -> bool {
        self.encoding_format.as_deref() == Some("base64")
    }

    /// The inputs of an embedding, each by itself. A list of tokens is one input.
    pub(super) fn inputs(&self) -> &[Said<'_>] {
        match &self.messages {
            None => &[],
            Some(Said::Many(many)) if !matches!(many.first(), Some(Said::Token(_))) => many,
            Some(one) => std::slice::from_ref(one),
        }
    }
}

impl Said<'_> {
    fn last_of_user(&self) -> &Self {
        let of_user = |said: &&Self| matches!(said, Said::Part { role: Some(role), .. } if role == "user");
        match self {
            Said::Many(many) => many.iter().rev().find(of_user).or(many.last()).unwrap_or(self),
            _ => self,
        }
    }

    fn chars(&self) -> usize {
        match self {
            Said::Text(text) => text.chars().count(),
            Said::Many(many) => many.iter().map(Said::chars).sum(),
            Said::Part { content, .. } => content.as_ref().map_or(0, |said| said.chars()),
            Said::Token(_) => 4,
        }
    }

    /// The text of it; tokens as their numbers.
    pub(super) fn write_to(&self, words: &mut String) {
        match self {
            Said::Text(text) => words.push_str(text),
            Said::Many(many) => many.iter().for_each(|said| said.write_to(words)),
            Said::Part { content, .. } => content.iter().for_each(|said| said.write_to(words)),
            Said::Token(token) => words.push_str(&format!("{token} ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_user_message_is_found_in_any_form() {
        let last = |text: &str| serde_json::from_str::<Asked<'_>>(text).unwrap().last_words();
        let messages = r#"[{"role":"system","content":"s"},{"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c"}]},{"role":"tool","content":"t"}]"#;
        assert_eq!(last(&format!(r#"{{"model":"m","messages":{messages}}}"#)), "a");
        let parts = r#"[{"role":"user","content":[{"type":"text","text":"\u00e9"},{"type":"image_url","image_url":{"url":"u"}}]}]"#;
        assert_eq!(last(&format!(r#"{{"model":"m","messages":{parts}}}"#)), "é");
        assert_eq!(last(r#"{"model":"m","prompt":["a","b"]}"#), "b");
        assert_eq!(last(r#"{"model":"m","input":"whole"}"#), "whole");
        assert_eq!(last(r#"{"model":"m"}"#), "");
    }

    #[test]
    fn prompt_tokens_are_a_quarter_of_the_characters() {
        let tokens = |text: &str| serde_json::from_str::<Asked<'_>>(text).unwrap().prompt_tokens();
        assert_eq!(
            tokens(
                r#"{"model":"m","messages":[{"role":"user","content":"ééééé"},{"role":"user","content":"abc"}]}"#
            ),
            2
        );
        assert_eq!(tokens(r#"{"model":"m","input":"123456789"}"#), 3);
        assert_eq!(tokens(r#"{"model":"m","input":[1,2,3]}"#), 3);
    }
}
