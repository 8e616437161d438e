//! A request for Converse and ConverseStream.

use super::{conversation, model::Model, schema::closed};
use crate::{
    chat::{Format, Loss, Request, Unfit},
    dialect::{Goal, left},
};
use serde_json::{Map, Value, json};

/// Writes the body; the model and whether it is streamed stand in the path.
///
/// # Errors
/// What Converse can not take.
pub fn write_request(
    request: &Request,
    goal: &Goal<'_>,
    loss: &mut Loss,
) -> Result<Map<String, Value>, Unfit> {
    let mut draft = Draft {
        request,
        model: Model::of(goal.model),
        most: request.max_tokens.unwrap_or(goal.max_tokens),
        loss,
        body: Map::new(),
        inference: Map::new(),
        additional: Map::new(),
        output: Map::new(),
    };
    draft.conversation()?;
    draft.limits();
    let thinks = draft.thinking();
    draft.sampling(thinks);
    draft.tools()?;
    draft.format();
    draft.labels();
    draft.rest();
    Ok(draft.finish())
}

/// A request half written.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) request: &'a Request,
    pub(super) model: Model,
    /// The most output tokens that the answer can have.
    pub(super) most: u64,
    pub(super) loss: &'a mut Loss,
    pub(super) body: Map<String, Value>,
    /// `inferenceConfig`: what all models have.
    pub(super) inference: Map<String, Value>,
    /// `additionalModelRequestFields`: what one maker's have, in his own words.
    pub(super) additional: Map<String, Value>,
    /// `outputConfig`.
    pub(super) output: Map<String, Value>,
}

impl Draft<'_> {
    fn conversation(&mut self) -> Result<(), Unfit> {
        let mut written = conversation::write(self.request, self.model, self.loss)?;
        written.system.extend(self.plea().map(|text| json!({"text": text})));
        self.body.insert("messages".into(), written.messages.into());
        if !written.system.is_empty() {
            self.body.insert("system".into(), written.system.into());
        }
        Ok(())
    }

    fn limits(&mut self) {
        if let Some(most) = self.request.max_tokens {
            self.inference.insert("maxTokens".into(), most.into());
        }
        let stops: Vec<&str> =
            self.request.stop.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
        if stops.is_empty() {
            return;
        }
        if self.model.claude().is_some() {
            // which one it was, Converse tells only who asks
            self.body.insert("additionalModelResponseFieldPaths".into(), json!(["/stop_sequence"]));
        }
        self.inference.insert("stopSequences".into(), stops.into());
    }

    fn format(&mut self) {
        match &self.request.format {
            Some(Format::Schema { name, description, schema, .. }) if self.model.exact => {
                let mut wanted =
                    Map::from_iter([("schema".to_owned(), closed(schema.clone()).to_string().into())]);
                wanted.extend(name.as_deref().map(|name| ("name".to_owned(), name.into())));
                wanted.extend(description.as_deref().map(|text| ("description".to_owned(), text.into())));
                let format = json!({"type": "json_schema", "structure": {"jsonSchema": wanted}});
                self.output.insert("textFormat".into(), format);
            }
            // asked for in words, but not enforced
            Some(_) => self.loss.of("response_format"),
            None => {}
        }
    }

    /// The answer's form in words, for models that can not be held to it.
    fn plea(&self) -> Option<String> {
        const BARE: &str = "Answer with that object alone: no prose, no code fence.";
        match self.request.format.as_ref()? {
            Format::Json => Some(format!("The answer must be one JSON object. {BARE}")),
            Format::Schema { schema, description, .. } if !self.model.exact => {
                let what = description.as_deref().map(|text| format!("{text}\n")).unwrap_or_default();
                Some(format!(
                    "The answer must be one JSON object that fits this schema. {BARE}\n{what}{schema}"
                ))
            }
            Format::Schema { .. } => None,
        }
    }

    /// Whom and what the request is for: Bedrock's invocation log can be searched by it.
    fn labels(&mut self) {
        const MOST: usize = 16;
        let user = self.request.user.as_deref().map(|user| ("user", user));
        let metadata = self.request.extra.get("metadata").and_then(Value::as_object);
        let pairs =
            metadata.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        let mut labels = Map::new();
        for (key, value) in user.into_iter().chain(pairs) {
            if is_label(key) && is_label(value) && labels.len() < MOST {
                labels.insert(key.into(), value.into());
            } else {
                self.loss.of(if Some((key, value)) == user { "user" } else { "metadata" });
            }
        }
        if !labels.is_empty() {
            self.body.insert("requestMetadata".into(), labels.into());
        }
    }

    /// What has no word in the hub form.
    fn rest(&mut self) {
        let body = &mut self.body;
        left::rest(self.request, self.loss, |field, value| match (field, value) {
            // told in the labels
            ("metadata", Value::Object(pairs)) => pairs.values().all(Value::is_string),
            ("service_tier", Value::String(tier)) if matches!(tier.as_str(), "flex" | "priority") => {
                body.insert("serviceTier".into(), json!({"type": tier}));
                true
            }
            _ => false,
        });
    }

    fn finish(mut self) -> Map<String, Value> {
        let parts = [
            ("inferenceConfig", self.inference),
            ("additionalModelRequestFields", self.additional),
            ("outputConfig", self.output),
        ];
        for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            self.body.insert(name.into(), part.into());
        }
        self.body
    }
}

/// Whether Converse takes `text` in `requestMetadata`.
fn is_label(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c);
    !text.is_empty() && text.len() <= 256 && text.chars().all(fits)
}
