//! Graphs in a few words.

use serde_json::{Map, Value, json};

/// A model element.
pub(crate) struct Model(Map<String, Value>);

/// The mock's model of this name.
pub(crate) fn model(name: &str) -> Model {
    Model(Map::new()).with("provider", "mock").with("model", name)
}

impl Model {
    pub(crate) fn of(self, provider: &str) -> Self {
        self.with("provider", provider)
    }

    /// Milliseconds to the first content.
    pub(crate) fn timeout(self, ms: u64) -> Self {
        self.with("timeout", ms)
    }

    pub(crate) fn retries(self, retries: u32) -> Self {
        self.with("retries", retries)
    }

    /// Any property.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

impl From<&str> for Model {
    fn from(name: &str) -> Self {
        model(name)
    }
}

/// Models `m1`, `m2`, ..., each the fallback of the one before; then `end`.
pub(crate) fn chain<M: Into<Model>>(name: &str, models: impl IntoIterator<Item = M>) -> Value {
    let elements = [start("m1"), models_and_end(models)].concat();
    json!({"name": name, "elements": elements})
}

/// A limit `limit` before the first model; over it, the second answers.
pub(crate) fn limited(name: &str, limit: Value, models: [Model; 2]) -> Value {
    let [within, over] = models;
    let element = |id: &str, model: Model| json!({"id": id, "type": "model", "properties": model.0, "outputs": to(&[("success", "end")])});
    let rate = json!({
        "id": "limit", "type": "rate", "properties": limit, "outputs": to(&[("success", "within"), ("fallback", "over")]),
    });
    let rest = vec![rate, element("within", within), element("over", over), end()];
    let elements = [start("limit"), rest].concat();
    json!({"name": name, "elements": elements})
}

fn start(next: &str) -> Vec<Value> {
    vec![json!({"id": "start", "type": "start", "outputs": to(&[("next", next)])})]
}

fn end() -> Value {
    json!({"id": "end", "type": "end"})
}

fn models_and_end<M: Into<Model>>(models: impl IntoIterator<Item = M>) -> Vec<Value> {
    let models: Vec<Model> = models.into_iter().map(Into::into).collect();
    let last = models.len();
    let element = |(i, model): (usize, Model)| {
        let next = if i + 1 == last { "end".into() } else { format!("m{}", i + 2) };
        let outputs = to(&[("success", "end"), ("fallback", &next)]);
        json!({"id": format!("m{}", i + 1), "type": "model", "properties": model.0, "outputs": outputs})
    };
    models.into_iter().enumerate().map(element).chain([end()]).collect()
}

fn to(outputs: &[(&str, &str)]) -> Value {
    outputs
        .iter()
        .map(|(name, id)| ((*name).to_owned(), json!({"elementId": id})))
        .collect::<Map<_, _>>()
        .into()
}
