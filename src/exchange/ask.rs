//! What a client asks for: head and body, read once.

use super::{
    client::{metadata, who},
    event::Headers,
    facts::Input,
    refuse::Refuse,
    world::Live,
};
use crate::{
    chat::{Request, Unfit},
    dialect::{Endpoint, openai::Form},
    json::Object,
    session::Session,
    snapshot::Client,
};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::{
    sync::{Arc, OnceLock},
    time::SystemTime,
};

/// The head of a request that will have a body.
#[derive(Debug, Clone)]
pub struct Head {
    /// Request headers.
    pub headers: Headers,
    /// The endpoint that its path names.
    pub endpoint: Endpoint,
    /// Who asks.
    pub key: Option<Arc<Client>>,
    /// When it came.
    pub now: SystemTime,
}

impl Head {
    /// Reads the headers of a request.
    pub(super) fn read(headers: Headers, live: &Live, now: SystemTime) -> Result<Self, Box<Refuse>> {
        let (endpoint, key) = Self::check(&headers, live, now)?;
        Ok(Self { headers, endpoint, key, now })
    }

    /// The same of a request whose client is known.
    pub(super) fn of(
        headers: Headers,
        live: &Live,
        key: Option<Arc<Client>>,
        now: SystemTime,
    ) -> Result<Self, Box<Refuse>> {
        let endpoint = Self::endpoint(&headers)?;
        Self::fits(&headers, live)?;
        Ok(Self { headers, endpoint, key, now })
    }

    /// What it is that the headers ask for, and who asks.
    pub(super) fn check(
        headers: &Headers,
        live: &Live,
        now: SystemTime,
    ) -> Result<(Endpoint, Option<Arc<Client>>), Box<Refuse>> {
        let endpoint = Self::endpoint(headers)?;
        let key = who(headers, live, now)?;
        Self::fits(headers, live)?;
        Ok((endpoint, key))
    }

    fn endpoint(headers: &Headers) -> Result<Endpoint, Box<Refuse>> {
        let path = headers.text(":path").unwrap_or_default();
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        let endpoint = Endpoint::of_path(path).ok_or_else(|| unknown_endpoint(path))?;
        let method = headers.text(":method").unwrap_or_default();
        if method != "POST" {
            return Err(Refuse::method(method, path).into());
        }
        Ok(endpoint)
    }

    /// Whether the body may be as long as it is said to be.
    fn fits(headers: &Headers, live: &Live) -> Result<(), Box<Refuse>> {
        let length = headers.text("content-length").and_then(|n| n.parse::<usize>().ok());
        let limit = live.settings.limits.max_body;
        if length.is_some_and(|length| length > limit) {
            return Err(Refuse::too_large(limit).into());
        }
        Ok(())
    }
}

/// One request, read.
#[derive(Debug)]
pub struct Ask {
    /// Its head.
    pub head: Arc<Head>,
    /// Its body; of a form, the JSON that its text fields stand for.
    pub body: Object,
    /// Its body, where it is a form.
    pub form: Option<Form>,
    /// Bytes of its body.
    pub size: usize,
    /// The model as asked.
    pub model: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Metadata, the key's own on top.
    pub metadata: Map<String, Value>,
    /// What a target can not express fails the attempt (`x-attache-strict: true`).
    pub strict: bool,
    /// The random number of this exchange.
    pub dice: u64,
    /// The session that it is a turn of, where that keeps anything.
    pub(super) session: Option<Arc<Session>>,
    /// The request in the hub form; made when a target of another dialect is tried.
    pub(super) hub: OnceLock<Result<Request, Unfit>>,
    /// What the input is like; made when a graph asks.
    pub(super) input: OnceLock<Input>,
}

impl Ask {
    /// Reads the body that follows `head`.
    ///
    /// # Errors
    /// Too large, not JSON, no model, bad metadata.
    pub fn read(head: Arc<Head>, body: Bytes, live: &Live, dice: u64) -> Result<Self, Box<Refuse>> {
        // Envoy buffers a little more, and a chunked body tells no length in advance
        let limit = live.settings.limits.max_body;
        if body.len() > limit {
            return Err(Refuse::too_large(limit).into());
        }
        let size = body.len();
        let (body, form) = read_body(&head, body)?;
        let model = body.string("model").ok_or_else(missing_model)?.into_owned();
        let metadata = metadata(&head.headers, head.key.as_deref(), &live.settings.limits)?;
        let stream = body.is_true("stream");
        let strict =
            head.headers.text("x-attache-strict").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let (hub, input) = (OnceLock::new(), OnceLock::new());
        let session = None;
        Ok(Self { head, body, form, size, model, stream, metadata, strict, dice, session, hub, input })
    }

    /// Lets go of the body, which a long stream would hold for nothing.
    pub(super) fn forget_body(&mut self) {
        (self.body, self.form) = (Object::default(), None);
        (self.hub, self.input) = (OnceLock::new(), OnceLock::new());
    }

    /// Whether its key may call this route.
    pub(super) fn may_call(&self, route: &str) -> Result<(), Box<Refuse>> {
        if self.head.key.as_ref().is_none_or(|key| key.allows_route(route)) {
            return Ok(());
        }
        let message = format!("this client key may not call the route `{route}`");
        Err(Refuse::forbidden("route_not_allowed", message).param("model").into())
    }
}

fn read_body(head: &Head, bytes: Bytes) -> Result<(Object, Option<Form>), Box<Refuse>> {
    let Some(boundary) = head.headers.text("content-type").and_then(Form::boundary) else {
        let body = Object::read(bytes).map_err(|error| {
            let why = format!("the request body is not a JSON object: {error}");
            Refuse::bad_request("invalid_json", why)
        })?;
        return Ok((body, None));
    };
    let invalid =
        |why: String| Refuse::bad_request("invalid_form", format!("the request body is not a form: {why}"));
    let form = Form::read(bytes, boundary).map_err(|why| invalid(why.into()))?;
    let fields = Bytes::from(Value::Object(form.fields()).to_string());
    let body = Object::read(fields).map_err(|error| invalid(error.to_string()))?;
    Ok((body, Some(form)))
}

fn missing_model() -> Refuse {
    let message = "the request body names no `model`: give it as a string, such as \"dynamic/<route>\"";
    Refuse::bad_request("missing_model", message.into()).param("model")
}

fn unknown_endpoint(path: &str) -> Refuse {
    let known: Vec<_> = Endpoint::ALL.iter().map(|e| format!("/v1{}", e.path)).collect();
    let message =
        format!("there is no endpoint {path}; there are GET /v1/models and POST {}", known.join(", "));
    Refuse::not_found("unknown_endpoint", message)
}
