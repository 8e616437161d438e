//! Why streams broke off. Only Envoy knows whether it was the provider or the client; its access log tells.

use crate::exchange::{Broke, World};
use envoy_types::pb::envoy::{
    data::accesslog::v3::{HttpAccessLogEntry, ResponseFlags},
    service::accesslog::v3::{
        StreamAccessLogsMessage, StreamAccessLogsResponse, access_log_service_server::AccessLogService,
        stream_access_logs_message::LogEntries,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

/// Listens to the access log of `front`, which tells only of streams that broke off.
#[derive(Debug)]
pub(super) struct Endings {
    pub(super) world: Arc<World>,
}

#[tonic::async_trait]
impl AccessLogService for Endings {
    async fn stream_access_logs(
        &self,
        request: Request<Streaming<StreamAccessLogsMessage>>,
    ) -> Result<Response<StreamAccessLogsResponse>, Status> {
        let mut messages = request.into_inner();
        while let Ok(Some(message)) = messages.message().await {
            let Some(LogEntries::HttpLogs(logs)) = message.log_entries else { continue };
            for (id, broke) in logs.log_entry.into_iter().filter_map(ending) {
                let world = Arc::clone(&self.world);
                drop(tokio::spawn(async move { world.broke(&id, broke).await }));
            }
        }
        Ok(Response::new(StreamAccessLogsResponse::default()))
    }
}

fn ending(entry: HttpAccessLogEntry) -> Option<(String, Broke)> {
    let flags = entry.common_properties?.response_flags?;
    Some((entry.request?.request_id, who(&flags)))
}

fn who(flags: &ResponseFlags) -> Broke {
    let provider = flags.upstream_connection_termination
        || flags.upstream_remote_reset
        || flags.upstream_protocol_error
        || flags.stream_idle_timeout;
    if provider { Broke::Provider } else { Broke::Client }
}
