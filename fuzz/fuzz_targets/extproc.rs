//! Whatever messages come, in whatever order and mixture of streams: nothing panics, and every exchange that began is
//! settled once all streams are gone.
#![no_main]

use attache::{
    exchange::{Effect, Event, Live, Stage, World},
    extproc,
    ledger::{self, Memory},
};
use attache_fuzz::{live, now};
use envoy_types::pb::envoy::{
    config::core::v3::{HeaderMap, HeaderValue},
    service::ext_proc::v3::{
        HttpBody, HttpHeaders, HttpTrailers, ProcessingRequest, processing_request::Request,
    },
};
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};
use prost::Message as _;
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

const ROUTE: &str = r#"{"name": "r", "elements": [
    {"id": "start", "type": "start", "outputs": {"next": {"elementId": "limit"}}},
    {"id": "limit", "type": "rate", "properties": {"key": "metadata.user", "limit": 3, "limitType": "count", "window": 60},
     "outputs": {"success": {"elementId": "split"}}},
    {"id": "split", "type": "percentage", "outputs": {"50%": {"elementId": "one"}, "else": {"elementId": "locked"}}},
    {"id": "locked", "type": "model", "properties": {"provider": "locked", "model": "x"},
     "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": "one"}}},
    {"id": "one", "type": "model", "properties": {"provider": "mock", "model": "a", "timeout": 1000, "retries": 2},
     "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": "two"}}},
    {"id": "two", "type": "model", "properties": {"provider": "mock", "model": "b", "fallbackOn": ["5xx"]},
     "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": "end"}}},
    {"id": "end", "type": "end"}]}"#;

/// Streams that are open at once.
const STREAMS: usize = 3;

#[derive(Debug, Arbitrary)]
struct Step<'a> {
    stream: u8,
    says: Says<'a>,
}

#[derive(Debug, Arbitrary)]
enum Says<'a> {
    /// What the stage waits for: without it, hardly any input would come as far as an answer.
    Next {
        choice: u8,
        end: bool,
    },
    Bytes(&'a [u8]),
    RequestHead {
        id: bool,
        attempt: u8,
        path: u8,
        more: Vec<(u8, &'a [u8])>,
        end: bool,
    },
    RequestBody {
        body: Words<'a>,
        end: bool,
    },
    AnswerHead {
        status: Option<u16>,
        form: u8,
        more: Vec<(u8, &'a [u8])>,
        end: bool,
    },
    AnswerBody {
        body: Words<'a>,
        end: bool,
    },
    Trailers,
    Deadline,
    Gone,
    Sweep {
        seconds: u8,
    },
}

#[derive(Debug, Arbitrary)]
enum Words<'a> {
    Known(Vec<u8>),
    Any(&'a [u8]),
}

const ATTEMPTS: [&str; 4] = ["1", "2", "3", "40"];
const STATUSES: [&str; 4] = ["200", "503", "400", "204"];
const PATHS: [&str; 4] = ["/v1/chat/completions", "/v1/responses?x=y", "/v1/models", "/"];
const FORMS: [&str; 4] =
    ["text/event-stream", "application/json", "audio/mpeg", "text/event-stream; charset=utf-8"];
const NAMES: [&str; 8] = [
    ":method",
    "x-attache-internal-local",
    "content-encoding",
    "content-length",
    "x-attache-metadata",
    "retry-after",
    "x-session-id",
    "authorization",
];
const PIECES: [&str; 12] = [
    r#"{"model":"dynamic/r","stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    r#"{"model":"mock/x","n":3,"max_tokens":10}"#,
    "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
    "data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n",
    "data: [DONE]\n\n",
    ": comment\n\n",
    "\r\n",
    r#"{"error":{"message":"busy","type":"server_error"}}"#,
    r#"{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    "event: response.completed\ndata: {\"response\":{\"usage\":{\"input_tokens\":1}}}\n\n",
];

static LIVE: LazyLock<Live> = LazyLock::new(|| live(&[ROUTE], 4));

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
}

fuzz_target!(|steps: Vec<Step<'_>>| RUNTIME.with(|runtime| runtime.block_on(run(&steps))));

async fn run(steps: &[Step<'_>]) {
    let ledger = Arc::new(Memory::new(ledger::Settings::default()));
    let world = World::new(Live { snapshot: Arc::clone(&LIVE.snapshot), settings: LIVE.settings.clone() }, ledger, drop, now, || 4);
    let mut streams: [Stage; STREAMS] = std::array::from_fn(|_| Stage::Opening);
    for step in steps {
        if let Some(slot) = streams.get_mut(usize::from(step.stream) % STREAMS) {
            let stage = std::mem::replace(slot, Stage::Opening);
            *slot = step.says.to(stage, &world).await;
        }
    }
    for stage in streams {
        take(stage, Event::Gone, &world).await;
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    world.sweep().await;
    assert_eq!(world.in_flight(), 0, "an exchange has no end, or two");
}

impl Says<'_> {
    /// Tells a stage; gives the stage of the stream, or of the next one in its place.
    async fn to(&self, stage: Stage, world: &World) -> Stage {
        let event = match self {
            Self::Deadline if stage.deadline().is_none() => return stage,
            Self::Deadline => Event::Deadline,
            Self::Gone => Event::Gone,
            Self::Sweep { seconds } => {
                tokio::time::advance(Duration::from_secs((*seconds).into())).await;
                world.sweep().await;
                return stage;
            }
            _ => match self.message(&stage).map(extproc::decode) {
                Some(Ok(event)) => event,
                // the door closes a stream that brings what it can not read
                Some(Err(_)) => Event::Gone,
                None => return stage,
            },
        };
        take(stage, event, world).await
    }

    fn message(&self, stage: &Stage) -> Option<ProcessingRequest> {
        let request = match self {
            Self::Next { choice, end } => fitting(stage, *choice, *end),
            Self::Bytes(bytes) => return ProcessingRequest::decode(*bytes).ok(),
            Self::RequestHead { id, attempt, path, more, end } => {
                let fixed = [
                    ("x-attache-internal-exchange", if *id { "1" } else { "2" }),
                    ("x-envoy-attempt-count", pick(&ATTEMPTS, *attempt)),
                    (":path", pick(&PATHS, *path)),
                ];
                Request::RequestHeaders(headers(&fixed, more, (":method", "POST"), *end))
            }
            Self::RequestBody { body, end } => Request::RequestBody(body.http(*end)),
            Self::AnswerHead { status, form, more, end } => {
                let status = status.map_or_else(|| "200".to_owned(), |status| status.to_string());
                let form = ("content-type", pick(&FORMS, *form));
                Request::ResponseHeaders(headers(&[form], more, (":status", &status), *end))
            }
            Self::AnswerBody { body, end } => Request::ResponseBody(body.http(*end)),
            Self::Trailers => Request::ResponseTrailers(HttpTrailers::default()),
            Self::Deadline | Self::Gone | Self::Sweep { .. } => return None,
        };
        Some(ProcessingRequest { request: Some(request), ..Default::default() })
    }
}

impl Words<'_> {
    fn http(&self, end_of_stream: bool) -> HttpBody {
        let body = match self {
            Self::Known(pieces) => pieces.iter().map(|i| pick(&PIECES, *i)).collect::<String>().into_bytes(),
            Self::Any(bytes) => bytes.to_vec(),
        };
        HttpBody { body, end_of_stream, ..Default::default() }
    }
}

/// Lets a stage take an event as the door does. The stream ends with its stage, and the next one takes its place.
async fn take(stage: Stage, event: Event, world: &World) -> Stage {
    let mut effects: Vec<Effect> = Vec::new();
    let Ok(next) = stage.handle(event, world, &mut effects).await else { return Stage::Opening };
    let mut messages = std::collections::VecDeque::new();
    effects.into_iter().for_each(|effect| extproc::encode(effect, true, &mut messages));
    if next.is_over() { Stage::Opening } else { next }
}

/// What the fuzzer adds comes first, for the first of a name counts.
fn headers(fixed: &[(&str, &str)], more: &[(u8, &[u8])], last: (&str, &str), end: bool) -> HttpHeaders {
    let more = more.iter().map(|(name, value)| (pick(&NAMES, *name), *value));
    let known = fixed.iter().chain([&last]).map(|(name, value)| (*name, value.as_bytes()));
    let value = |(key, value): (&str, &[u8])| HeaderValue {
        key: key.to_owned(),
        raw_value: value.to_vec(),
        ..Default::default()
    };
    let map = HeaderMap { headers: more.chain(known).map(value).collect() };
    HttpHeaders { headers: Some(map), end_of_stream: end, ..Default::default() }
}

fn pick<'a>(from: &[&'a str], at: u8) -> &'a str {
    from.get(usize::from(at) % from.len()).copied().unwrap_or_default()
}

/// A message that the stage takes.
fn fitting(stage: &Stage, choice: u8, end: bool) -> Request {
    let words = |i| Words::Known(vec![i]);
    let (low, high) = (choice % 16, choice / 16);
    match stage {
        Stage::Opening => {
            let id = if low % 2 == 0 { "1" } else { "2" };
            let attempt = pick(&ATTEMPTS, high);
            let fixed = [("x-attache-internal-exchange", id), ("x-envoy-attempt-count", attempt)];
            Request::RequestHeaders(headers(&fixed, &[(0, b"POST")], (":path", pick(&PATHS, 0)), false))
        }
        Stage::Reading(_) => Request::RequestBody(words(low % 2).http(true)),
        Stage::Waiting(_) => {
            let form = ("content-type", pick(&FORMS, high));
            Request::ResponseHeaders(headers(&[form], &[], (":status", pick(&STATUSES, low)), end))
        }
        _ => Request::ResponseBody(words(low).http(end)),
    }
}
