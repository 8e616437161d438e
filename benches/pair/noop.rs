//! The least that a sidecar can do: it names the cluster and echoes the rest.
use crate::Result;
use envoy_types::pb::envoy::{
    config::core::v3::{HeaderValue, HeaderValueOption},
    service::ext_proc::v3::{
        BodyMutation, BodyResponse, CommonResponse, HeaderMutation, HeadersResponse, HttpBody,
        ProcessingRequest, ProcessingResponse, StreamedBodyResponse, TrailersResponse,
        body_mutation::Mutation,
        external_processor_server::{ExternalProcessor, ExternalProcessorServer},
        processing_request::Request as Asked,
        processing_response::Response as Told,
    },
};
use futures_util::{StreamExt, stream::Map};
use std::path::Path;
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status, Streaming, transport::Server};

/// What a message may hold at most, and the windows it travels in, in bytes.
const ROOM: u32 = 64 << 20;

/// Serves Envoy at the Unix socket `path`, for good.
pub(crate) async fn serve(path: &Path) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    let processor = ExternalProcessorServer::new(Noop)
        .max_decoding_message_size(ROOM as usize)
        .max_encoding_message_size(ROOM as usize);
    let mut server = Server::builder().initial_stream_window_size(ROOM).initial_connection_window_size(ROOM);
    Ok(server.add_service(processor).serve_with_incoming(UnixListenerStream::new(listener)).await?)
}

struct Noop;

type Answered<T> = std::result::Result<T, Status>;

#[tonic::async_trait]
impl ExternalProcessor for Noop {
    type ProcessStream =
        Map<Streaming<ProcessingRequest>, fn(Answered<ProcessingRequest>) -> Answered<ProcessingResponse>>;

    async fn process(
        &self,
        request: Request<Streaming<ProcessingRequest>>,
    ) -> Answered<Response<Self::ProcessStream>> {
        Ok(Response::new(request.into_inner().map(|asked| asked.map(answer))))
    }
}

fn answer(asked: ProcessingRequest) -> ProcessingResponse {
    let told = asked.request.map(|asked| match asked {
        Asked::RequestHeaders(_) => Told::RequestHeaders(HeadersResponse::default()),
        Asked::RequestBody(_) => Told::RequestBody(BodyResponse { response: Some(to_the_mock()) }),
        Asked::RequestTrailers(_) => Told::RequestTrailers(TrailersResponse::default()),
        Asked::ResponseHeaders(_) => Told::ResponseHeaders(HeadersResponse::default()),
        Asked::ResponseBody(body) => Told::ResponseBody(BodyResponse { response: Some(echo(body)) }),
        Asked::ResponseTrailers(_) => Told::ResponseTrailers(TrailersResponse::default()),
    });
    ProcessingResponse { response: told, ..ProcessingResponse::default() }
}

fn to_the_mock() -> CommonResponse {
    let header = HeaderValue {
        key: "x-attache-internal-cluster".into(),
        raw_value: b"mock".into(),
        ..HeaderValue::default()
    };
    let set_headers = vec![HeaderValueOption { header: Some(header), ..HeaderValueOption::default() }];
    CommonResponse {
        header_mutation: Some(HeaderMutation { set_headers, ..HeaderMutation::default() }),
        clear_route_cache: true,
        ..CommonResponse::default()
    }
}

fn echo(body: HttpBody) -> CommonResponse {
    let HttpBody { body, end_of_stream, .. } = body;
    let streamed = StreamedBodyResponse { body, end_of_stream, ..StreamedBodyResponse::default() };
    let mutation = Some(Mutation::StreamedResponse(streamed));
    CommonResponse { body_mutation: Some(BodyMutation { mutation }), ..CommonResponse::default() }
}
