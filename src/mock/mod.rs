//! A provider to try with: speaks OpenAI, answers what can be foretold, and fails as it is told to.
//!
//! It serves `POST {any prefix}/chat/completions`, `/completions`, `/embeddings`, `/responses` and
//! `GET {any prefix}/models`. An answer echoes the model and the last user message; a token is a word; prompt
//! tokens are a quarter of the characters. Identifiers and times are fixed, so equal requests get equal answers.
//!
//! # Behaviours
//!
//! How a request is answered is told by a [`Behaviour`], from the first place that names one:
//!
//! 1. the request header `x-mock: <behaviour>`,
//! 2. the model: `<name>!<behaviour>`, or in short `fail-<status>`,
//! 3. a script of the model: [`Settings::scripts`], or `PUT /_mock/script/<model>` with a behaviour as its body.
//!
//! A behaviour is a list of words between commas, e.g. `delay=200,status=503,retry-after=2`:
//!
//! | word | means |
//! |---|---|
//! | `status=<300..=599>` | an error in OpenAI's shape |
//! | `retry-after=<seconds>` | the header of that name |
//! | `header=<name>:<value>` | one more response header, percent-encoded; may be repeated |
//! | `delay=<ms>` | wait before the headers |
//! | `first=<ms>` | wait between the headers and the first content |
//! | `gap=<ms>` | wait between content chunks; 0 writes each by itself, without a wait |
//! | `tokens=<n>` | exactly so many content chunks |
//! | `usage=none` | no usage figures |
//! | `reset` | the connection is reset before the headers |
//! | `empty` | a stream without any event, or an empty body |
//! | `error-event`, `error-after=<n>` | an error event, at once or after n chunks; not streamed: an error with status 200 |
//! | `cut=<n>` | the connection is reset after n chunks; not streamed: half way through the body |
//! | `end=<n>` | a stream that ends after n chunks without its finish; not streamed: half the body, complete to HTTP |
//! | `times=<n>` | only for the next n requests; in scripts only |
//!
//! Of the words that say how an answer ends, the last one holds. In a body that is not streamed, n = 0 leaves nothing.
//!
//! # Watching
//!
//! | request | answer |
//! |---|---|
//! | `PUT`, `DELETE /_mock/script/<model>` | scripts a model, or no longer |
//! | `GET`, `DELETE /_mock/requests` | the last [`Settings::record`] requests, oldest first, or forgets them |
//! | `GET /_mock/stats` | `{"requests", "in_flight", "aborted"}` since the start |
//!
//! *Aborted* are requests whose client went away before the answer was whole.
mod answer;
mod behaviour;
mod body;
mod control;
mod embedding;
mod endpoint;
mod reply;
mod request;
mod response;
mod script;
mod service;
#[cfg(test)]
mod tests;
mod watch;

pub use behaviour::{BadBehaviour, Behaviour};
pub use script::Script;

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use service::Mock;
use std::{future::Future, pin::pin, sync::Arc};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What the mock is told before it starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How many of the last requests are kept for `GET /_mock/requests`; with 0 none is even copied.
    pub record: usize,
    /// Behaviours of models from the start on.
    pub scripts: Vec<Script>,
}

/// Serves until `shutdown` is done; then every connection is dropped as it stands.
pub async fn serve(listener: TcpListener, settings: Settings, shutdown: impl Future<Output = ()>) {
    let mock = Arc::new(Mock::new(settings));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(Arc::clone(&mock), stream)); }
                Err(error) => {
                    tracing::warn!(%error, "mock: a connection could not be accepted");
                    tokio::task::yield_now().await;
                }
            },
        }
    }
}

/// Serves one connection. A reset that a behaviour asked for reaches hyper as our own error, and the peer as RST.
async fn converse(mock: Arc<Mock>, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "mock: no TCP_NODELAY");
    }
    let service = service_fn(|request| Arc::clone(&mock).answer(request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    if error.is_user() && connection.into_parts().io.into_inner().set_zero_linger().is_err() {
        tracing::debug!("mock: the peer was gone before the reset");
    }
}
