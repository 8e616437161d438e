//! Effects to Envoy's messages. Pure constructors.

use crate::exchange::{AnswerHead, Effect, Forward, Header, Reply};
use envoy_types::pb::{
    envoy::{
        config::core::v3::{HeaderValue, HeaderValueOption, header_value_option::HeaderAppendAction},
        service::ext_proc::v3::{
            BodyMutation, BodyResponse, CommonResponse, HeaderMutation, HeadersResponse, ImmediateResponse,
            ProcessingResponse, StreamedBodyResponse, TrailersResponse, body_mutation::Mutation,
            processing_response::Response,
        },
        r#type::v3::HttpStatus,
    },
    google::protobuf::{Struct, Value, value::Kind},
};
use std::collections::{HashMap, VecDeque};

/// The header by which the retry loop knows that the walk goes on.
const NEXT: &str = "x-attache-internal-next";
/// The namespace of the decision in Envoy's dynamic metadata.
const NAMESPACE: &str = "attache";
/// The header that tells the client the id of its exchange.
const EXCHANGE: &str = "cf-aig-request-id";
/// By these details Envoy's local reply mapper knows an answer that is written already.
const DETAILS: &str = "attache";
/// The most bytes of a body in one message: Envoy splits what is longer, and so do we.
const CHUNK: usize = 60 << 10;

/// Writes what `effect` wants behind `out`; with `metadata` the decision too, for Envoy's access log.
pub fn write(effect: Effect, metadata: bool, out: &mut VecDeque<ProcessingResponse>) {
    match effect {
        Effect::Forward(forward) => forwarded(forward, out),
        Effect::RequestTrailers => {
            out.push_back(message(Response::RequestTrailers(TrailersResponse::default())))
        }
        Effect::Reply(reply) => out.push_back(replied(reply, metadata)),
        Effect::Next(told) => out.push_back(next(&told, metadata)),
        Effect::AnswerHead(head) => out.push_back(answered(head, metadata)),
        Effect::AnswerBody { bytes, end } => body(bytes, end, Response::ResponseBody, out),
        Effect::AnswerTrailers => {
            out.push_back(message(Response::ResponseTrailers(TrailersResponse::default())))
        }
    }
}

fn message(response: Response) -> ProcessingResponse {
    ProcessingResponse { response: Some(response), ..Default::default() }
}

fn forwarded(forward: Forward, out: &mut VecDeque<ProcessingResponse>) {
    let set_headers = forward.set.into_iter().map(|(name, value)| header(name, value)).collect();
    let head = CommonResponse {
        header_mutation: Some(HeaderMutation { set_headers, remove_headers: forward.remove }),
        clear_route_cache: true,
        ..Default::default()
    };
    out.push_back(message(Response::RequestHeaders(HeadersResponse { response: Some(head) })));
    body(forward.body, forward.end, Response::RequestBody, out);
}

fn replied(reply: Reply, metadata: bool) -> ProcessingResponse {
    let metadata = metadata.then(|| decision(&reply.headers)).flatten();
    let response = Response::ImmediateResponse(ImmediateResponse {
        status: Some(HttpStatus { code: reply.status.into() }),
        headers: Some(mutation(reply.headers, Vec::new())),
        body: reply.body,
        details: DETAILS.into(),
        ..Default::default()
    });
    ProcessingResponse { dynamic_metadata: metadata, ..message(response) }
}

fn next(told: &[Header], metadata: bool) -> ProcessingResponse {
    let metadata = metadata.then(|| decision(told)).flatten();
    let response = Response::ImmediateResponse(ImmediateResponse {
        status: Some(HttpStatus { code: 503 }),
        headers: Some(mutation(vec![(NEXT, "1".into())], Vec::new())),
        details: DETAILS.into(),
        ..Default::default()
    });
    ProcessingResponse { dynamic_metadata: metadata, ..message(response) }
}

fn answered(head: AnswerHead, metadata: bool) -> ProcessingResponse {
    let metadata = metadata.then(|| decision(&head.set)).flatten();
    let common =
        CommonResponse { header_mutation: Some(mutation(head.set, head.remove)), ..Default::default() };
    let response = Response::ResponseHeaders(HeadersResponse { response: Some(common) });
    ProcessingResponse { dynamic_metadata: metadata, ..message(response) }
}

fn body(bytes: Vec<u8>, end: bool, of: fn(BodyResponse) -> Response, out: &mut VecDeque<ProcessingResponse>) {
    if bytes.len() <= CHUNK {
        out.push_back(message(of(piece(bytes, end))));
        return;
    }
    let last = (bytes.len() - 1) / CHUNK;
    let pieces = bytes.chunks(CHUNK).enumerate().map(|(i, chunk)| piece(chunk.to_vec(), end && i == last));
    out.extend(pieces.map(|piece| message(of(piece))));
}

fn piece(body: Vec<u8>, end_of_stream: bool) -> BodyResponse {
    let streamed = StreamedBodyResponse { body, end_of_stream, ..Default::default() };
    let mutation = BodyMutation { mutation: Some(Mutation::StreamedResponse(streamed)) };
    BodyResponse { response: Some(CommonResponse { body_mutation: Some(mutation), ..Default::default() }) }
}

fn mutation(set: Vec<Header>, remove: Vec<String>) -> HeaderMutation {
    let set_headers = set.into_iter().map(|(name, value)| header(name.into(), value)).collect();
    HeaderMutation { set_headers, remove_headers: remove }
}

fn header(key: String, value: String) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key, raw_value: value.into_bytes(), ..Default::default() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        ..Default::default()
    }
}

/// The decision, for Envoy's access log: what the client is told, under names without our prefix, and the exchange.
fn decision(told: &[Header]) -> Option<Struct> {
    let text = |value: &str| Value { kind: Some(Kind::StringValue(value.to_owned())) };
    let short = |name: &'static str| match name {
        EXCHANGE => Some("exchange"),
        _ => name.strip_prefix("x-attache-"),
    };
    let fields = told.iter().filter_map(|(name, value)| Some((short(name)?.to_owned(), text(value))));
    let fields: HashMap<_, _> = fields.collect();
    if fields.is_empty() {
        return None;
    }
    let tree = Value { kind: Some(Kind::StructValue(Struct { fields })) };
    Some(Struct { fields: [(NAMESPACE.to_owned(), tree)].into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn pieces(len: usize, end: bool) -> Vec<(usize, bool)> {
        let mut out = VecDeque::new();
        write(Effect::AnswerBody { bytes: vec![0; len], end }, false, &mut out);
        out.into_iter()
            .map(|m| match m.response {
                Some(Response::ResponseBody(BodyResponse { response: Some(common) })) => {
                    match common.body_mutation.unwrap().mutation.unwrap() {
                        Mutation::StreamedResponse(s) => (s.body.len(), s.end_of_stream),
                        other => panic!("{other:?}"),
                    }
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn long_bodies_are_split_and_only_the_last_piece_ends() {
        assert_eq!(pieces(0, true), [(0, true)]);
        assert_eq!(pieces(CHUNK, false), [(CHUNK, false)]);
        assert_eq!(pieces(2 * CHUNK + 1, true), [(CHUNK, false), (CHUNK, false), (1, true)]);
        assert_eq!(pieces(2 * CHUNK, true), [(CHUNK, false), (CHUNK, true)]);
    }

    #[test]
    fn the_decision_is_told_to_envoy_too() {
        let told =
            ["x-attache-route", "cf-aig-model", "cf-aig-request-id"].map(|name| (name, "x".to_owned()));
        let metadata = decision(&told).unwrap();
        let Some(Kind::StructValue(inner)) = &metadata.fields[NAMESPACE].kind else { panic!() };
        let names: BTreeSet<_> = inner.fields.keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["exchange", "route"]));
        assert_eq!(decision(&[]), None);
    }
}
