//! The endpoints, and what each answers when nothing is to go wrong.
use super::{
    answer::Answer,
    behaviour::Behaviour,
    embedding,
    reply::{self, CREATED, Form, Reply},
    request::Asked,
    response,
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    Models,
    Model(Kind),
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text(Form),
    Response,
    Embedding,
}

/// What is listed beside the scripted models.
const MODELS: [&str; 2] = ["mock-large", "mock-small"];

impl Endpoint {
    /// The endpoint at `path`, whatever its prefix.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let kind = match (method, path) {
            (&Method::GET, path) if path.ends_with("/models") => return Some(Self::Models),
            (&Method::POST, path) if path.ends_with("/chat/completions") => Kind::Text(Form::Chat),
            (&Method::POST, path) if path.ends_with("/completions") => Kind::Text(Form::Completion),
            (&Method::POST, path) if path.ends_with("/responses") => Kind::Response,
            (&Method::POST, path) if path.ends_with("/embeddings") => Kind::Embedding,
            _ => return None,
        };
        Some(Self::Model(kind))
    }
}

impl Kind {
    /// The whole answer to `asked`.
    pub(super) fn answer(self, asked: &Asked<'_>, behaviour: &Behaviour) -> serde_json::Result<Answer> {
        let text = reply::text(asked);
        let reply = Reply::new(asked, &text, behaviour);
        Ok(match (self, asked.stream) {
            (Self::Embedding, _) => json_answer(&embedding::whole(asked)),
            (Self::Text(form), false) => Answer::Json(StatusCode::OK, form.whole(&reply)?.into()),
            (Self::Text(form), true) => Answer::Events(form.events(&reply, asked.include_usage())?),
            (Self::Response, false) => json_answer(&response::whole(&reply)),
            (Self::Response, true) => Answer::Events(response::events(&reply)?),
        })
    }
}

/// The list of models: the mock's own, and those that are scripted.
pub(super) fn models(scripted: Vec<String>) -> Answer {
    let names = MODELS.into_iter().map(str::to_owned).chain(scripted);
    let model = |name| json!({"id": name, "object": "model", "created": CREATED, "owned_by": "mock"});
    json_answer(&json!({"object": "list", "data": names.map(model).collect::<Value>()}))
}

fn json_answer(document: &Value) -> Answer {
    Answer::Json(StatusCode::OK, document.to_string().into())
}
