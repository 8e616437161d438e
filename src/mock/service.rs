//! One request's way through the mock: read, told how to behave, answered.
use super::{
    Settings,
    answer::Answer,
    behaviour::{BadBehaviour, Behaviour, Ending},
    body::Body,
    control,
    endpoint::{self, Endpoint},
    request::Asked,
    script::Scripts,
    watch::Watch,
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, http::request::Parts};
use std::{io, sync::Arc};

/// The largest request body, in bytes.
const MAX_BODY: usize = 64 << 20;

/// Everything that the connections share.
#[derive(Debug)]
pub(super) struct Mock {
    pub(super) scripts: Scripts,
    pub(super) watch: Arc<Watch>,
}

/// Why a request gets an error that nobody scripted.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Behaviour(#[from] BadBehaviour),
    #[error("We could not parse the JSON body of your request: {0}")]
    Json(#[from] serde_json::Error),
    #[error("Unknown request URL: {0} {1}")]
    Unknown(Method, String),
}

impl Mock {
    pub(super) fn new(settings: Settings) -> Self {
        Self { scripts: Scripts::new(settings.scripts), watch: Arc::new(Watch::new(settings.record)) }
    }

    /// The answer to `request`; an error resets the connection.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let (head, body) = request.into_parts();
        if let Some(path) = head.uri.path().strip_prefix("/_mock/") {
            let answer = read(body)
                .await?
                .map_or_else(too_large, |body| control::obey(&self, &head.method, path, &body));
            return Ok(answer.into_response(Behaviour::default(), None));
        }
        let mut visit = self.watch.begin();
        let (behaviour, answer) = match read(body).await? {
            Some(body) => {
                visit.keep(&head, &body);
                self.plan(&head, &body).unwrap_or_else(|refusal| (Behaviour::default(), refusal.answer()))
            }
            None => (Behaviour::default(), too_large()),
        };
        if !behaviour.delay.is_zero() {
            tokio::time::sleep(behaviour.delay).await;
        }
        if behaviour.ending == Ending::Reset {
            visit.done();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(answer.into_response(behaviour, Some(visit)))
    }

    /// What is to be answered, and how.
    fn plan(&self, head: &Parts, body: &Bytes) -> Result<(Behaviour, Answer), Refusal> {
        let path = head.uri.path();
        let endpoint = Endpoint::of(&head.method, path)
            .ok_or_else(|| Refusal::Unknown(head.method.clone(), path.to_owned()))?;
        let Endpoint::Model(kind) = endpoint else {
            return Ok((of_header(head)?.unwrap_or_default(), endpoint::models(self.scripts.models())));
        };
        let asked: Asked<'_> = serde_json::from_slice(body)?;
        let behaviour = self.behaviour(head, &asked.model)?;
        let answer = kind.answer(&asked, &behaviour)?;
        Ok((behaviour, answer))
    }

    /// The behaviour that is named nearest to the request.
    fn behaviour(&self, head: &Parts, model: &str) -> Result<Behaviour, BadBehaviour> {
        if let Some(behaviour) = of_header(head)? {
            return Ok(behaviour);
        }
        let named = Behaviour::of_model(model)?;
        Ok(named.or_else(|| self.scripts.take(model)).unwrap_or_default())
    }
}

fn of_header(head: &Parts) -> Result<Option<Behaviour>, BadBehaviour> {
    let text = head.headers.get("x-mock").map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.map(|text| Behaviour::once(&text)).transpose()
}

/// The whole body, or nothing if it is too large. An error means that the client went away.
async fn read(body: Incoming) -> io::Result<Option<Bytes>> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn too_large() -> Answer {
    Answer::fault(StatusCode::PAYLOAD_TOO_LARGE, "The mock takes bodies of up to 64 MiB.")
}

impl Refusal {
    fn answer(&self) -> Answer {
        let status = match self {
            Self::Unknown(..) => StatusCode::NOT_FOUND,
            Self::Behaviour(_) | Self::Json(_) => StatusCode::BAD_REQUEST,
        };
        Answer::fault(status, &self.to_string())
    }
}
