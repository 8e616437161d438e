//! The loop: receive, decode, handle, encode, send. One stream is one attempt.

use super::{
    decode, encode,
    endings::Endings,
    settings::{Listen, Settings},
};
use crate::exchange::{Effect, Event, Stage, Unexpected, World};
use envoy_types::pb::envoy::service::{
    accesslog::v3::access_log_service_server::AccessLogServiceServer,
    ext_proc::v3::{
        ProcessingRequest, ProcessingResponse,
        external_processor_server::{ExternalProcessor, ExternalProcessorServer},
    },
};
use futures_util::{Stream, stream};
use std::{collections::VecDeque, fs, io, os::unix::fs::PermissionsExt, pin::Pin, sync::Arc};
use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Server, server::Router},
};

/// HTTP/2 windows: large bodies must not wait for updates.
const STREAM_WINDOW: u32 = 16 << 20;
const CONNECTION_WINDOW: u32 = 256 << 20;
/// Envoy sends all exchanges over a few connections.
const STREAMS: u32 = 1 << 20;
/// Many clients that leave at once are no attack of Envoy's: with the usual 20, all exchanges would lose their connection.
const RESETS: usize = 1 << 20;

/// Envoy's door, open for connections.
pub enum Door {
    /// A Unix socket.
    Unix(UnixListener),
    /// A TCP port.
    Tcp(TcpListener),
}

impl Door {
    /// Opens the door. A Unix socket may be used by its owner only; one that a crash left behind is replaced.
    ///
    /// # Errors
    /// The address can not be bound.
    pub async fn open(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Listen::Unix(path) => {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                let listener = UnixListener::bind(path)?;
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
                Ok(Self::Unix(listener))
            }
        }
    }
}

/// Serves Envoy until `stop` resolves, then until its open streams have ended.
///
/// # Errors
/// The transport fails.
pub async fn serve(
    door: Door,
    settings: &Settings,
    world: Arc<World>,
    health: tonic_health::server::HealthReporter,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let router = router(settings, world, health).await;
    match door {
        Door::Unix(listener) => {
            router.serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop).await
        }
        Door::Tcp(listener) => {
            router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop).await
        }
    }
}

async fn router(
    settings: &Settings,
    world: Arc<World>,
    health: tonic_health::server::HealthReporter,
) -> Router {
    let endings = AccessLogServiceServer::new(Endings { world: Arc::clone(&world) });
    let service = ExternalProcessorServer::new(Processor { world, metadata: settings.metadata })
        .max_decoding_message_size(settings.max_message)
        .max_encoding_message_size(settings.max_message);
    health.set_serving::<ExternalProcessorServer<Processor>>().await;
    let health = tonic_health::pb::health_server::HealthServer::new(
        tonic_health::server::HealthService::from_health_reporter(health),
    );
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        .tcp_nodelay(true)
        .add_service(health)
        .add_service(endings)
        .add_service(service)
}

/// The service that Envoy asks.
#[derive(Debug)]
pub(super) struct Processor {
    world: Arc<World>,
    metadata: bool,
}

#[tonic::async_trait]
impl ExternalProcessor for Processor {
    type ProcessStream = Pin<Box<dyn Stream<Item = Result<ProcessingResponse, Status>> + Send>>;

    async fn process(
        &self,
        request: Request<Streaming<ProcessingRequest>>,
    ) -> Result<Response<Self::ProcessStream>, Status> {
        let mut talk = Talk {
            incoming: request.into_inner(),
            stage: Some(Stage::Opening),
            world: Arc::clone(&self.world),
            metadata: self.metadata,
            effects: Vec::new(),
            outgoing: VecDeque::new(),
        };
        // the answer stream opens with its first message: one write, and one wake-up of Envoy, for both
        talk.ready().await?;
        Ok(Response::new(Box::pin(stream::unfold(talk, Talk::next))))
    }
}

/// One stream. The answer stream itself drives it: no task, no channel besides those that the transport has.
struct Talk {
    incoming: Streaming<ProcessingRequest>,
    /// `None` only while an event is handled.
    stage: Option<Stage>,
    world: Arc<World>,
    metadata: bool,
    effects: Vec<Effect>,
    outgoing: VecDeque<ProcessingResponse>,
}

impl Talk {
    /// The next message to Envoy; `None` when there is nothing more to say.
    async fn next(mut self) -> Option<(Result<ProcessingResponse, Status>, Self)> {
        if let Err(status) = self.ready().await {
            return Some((Err(status), self));
        }
        let message = self.outgoing.pop_front()?;
        Some((Ok(message), self))
    }

    /// Waits until there is something to say, or nothing more.
    async fn ready(&mut self) -> Result<(), Status> {
        while self.outgoing.is_empty() && self.stage.as_ref().is_some_and(|stage| !stage.is_over()) {
            self.turn().await?;
        }
        Ok(())
    }

    /// Waits for one event, and handles it.
    async fn turn(&mut self) -> Result<(), Status> {
        let event = self.event().await?;
        // taken only now: a stage that waits for an event is still there when the stream is dropped
        let stage = self.stage.take().unwrap_or(Stage::Over);
        let next = stage.handle(event, &self.world, &mut self.effects).await;
        self.stage = Some(next.map_err(|unexpected| protocol_error(&unexpected))?);
        for effect in self.effects.drain(..) {
            encode::write(effect, self.metadata, &mut self.outgoing);
        }
        Ok(())
    }

    async fn event(&mut self) -> Result<Event, Status> {
        let message = match self.stage.as_ref().and_then(Stage::deadline) {
            None => self.incoming.message().await,
            Some(deadline) => match tokio::time::timeout_at(deadline, self.incoming.message()).await {
                Ok(message) => message,
                Err(_elapsed) => return Ok(Event::Deadline),
            },
        };
        match message {
            Ok(Some(message)) => decode::event(message),
            // Envoy resets a stream that it is done with; how it says so does not matter
            Ok(None) | Err(_) => Ok(Event::Gone),
        }
    }
}

impl Drop for Talk {
    /// The transport drops a stream that Envoy reset; the exchange in it still gets its end.
    fn drop(&mut self) {
        let Some(stage) = self.stage.take().filter(|stage| !stage.is_over()) else { return };
        let world = Arc::clone(&self.world);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(unexpected) = stage.handle(Event::Gone, &world, &mut Vec::new()).await {
                    tracing::error!(%unexpected, "an exchange could not be ended");
                }
            });
        }
    }
}

fn protocol_error(unexpected: &Unexpected) -> Status {
    tracing::error!(%unexpected, "Envoy is not set up as `attache envoy` prints it");
    Status::failed_precondition(unexpected.to_string())
}
