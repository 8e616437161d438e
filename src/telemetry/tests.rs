//! Records in; lines, numbers and spans out.

use super::{
    AttemptRecord, Kept, LimitRecord, Otlp, Outcome, Record, SessionRecord, Settings, Telemetry, log,
};
use crate::chat::{Kind, Usage};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::TcpListenerStream;

const DOCS: &str = include_str!("../../docs/telemetry.md");
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A first model that ran into its timeout, and a second one that answered.
#[expect(clippy::too_many_lines, reason = "every field of a record")]
fn record() -> Record {
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let attempt = |element: &str, provider: &str| AttemptRecord {
        element: element.into(),
        provider: provider.into(),
        model: format!("{provider}-1"),
        started: started + Duration::from_millis(10),
        duration: Duration::from_millis(300),
        first_content: None,
        status: None,
        fault: Some(Kind::Timeout),
        loss: String::new(),
    };
    let answered = AttemptRecord {
        started: started + Duration::from_millis(400),
        duration: Duration::from_millis(1600),
        first_content: Some(Duration::from_millis(600)),
        status: Some(200),
        fault: None,
        loss: "seed".into(),
        ..attempt("second", "beta")
    };
    Record {
        exchange: "x-1".into(),
        route: "support".into(),
        version: "7".into(),
        endpoint: "chat.completions",
        asked: "dynamic/support".into(),
        path: ["start", "first", "second", "end"].map(String::from).into(),
        stream: true,
        key: Some("team-a".into()),
        started,
        duration: Duration::from_secs(2),
        first_content: Some(Duration::from_secs(1)),
        outcome: Outcome::Answered,
        status: 200,
        error: None,
        attempts: vec![attempt("first", "alpha"), answered],
        session: Some(SessionRecord { kept: Kept::Repinned, token: Some("expired") }),
        limits: vec![
            LimitRecord { element: "budget".into(), allowed: false },
            LimitRecord { element: "rate".into(), allowed: true },
        ],
        usage: Some(Usage {
            input: 100,
            output: 20,
            cached: 40,
            cache_write: 0,
            reasoning: 5,
            ..Usage::default()
        }),
        cost: Some(1_250_000),
        traceparent: Some(format!("00-{TRACE}-{PARENT}-01")),
    }
}

/// The metrics that `records` leave.
async fn metrics_of(settings: &Settings, records: impl IntoIterator<Item = Record>) -> String {
    let telemetry = Telemetry::start(settings);
    records.into_iter().for_each(|record| telemetry.record(record));
    telemetry.stop().await;
    telemetry.render().await
}

#[tokio::test]
async fn a_record_becomes_numbers() {
    let unpriced = Record { cost: None, ..record() };
    let text = metrics_of(&Settings::default(), [record(), record(), unpriced]).await;
    for line in [
        r#"attache_requests_total{route="support",endpoint="chat.completions",outcome="answered",status="2xx"} 3"#,
        r#"attache_request_duration_seconds_sum{route="support",endpoint="chat.completions"} 6.0"#,
        r#"attache_request_first_content_seconds_bucket{le="1.5",route="support",endpoint="chat.completions"} 3"#,
        r#"attache_attempts_total{provider="alpha",model="alpha-1",result="timeout"} 3"#,
        r#"attache_attempts_total{provider="beta",model="beta-1",result="ok"} 3"#,
        r#"attache_attempt_duration_seconds_bucket{le="2.0",provider="beta",model="beta-1"} 3"#,
        r#"attache_attempt_duration_seconds_bucket{le="1.0",provider="beta",model="beta-1"} 0"#,
        r#"attache_attempt_first_content_seconds_count{provider="beta",model="beta-1"} 3"#,
        r#"attache_tokens_total{provider="beta",model="beta-1",kind="input"} 300"#,
        r#"attache_tokens_total{provider="beta",model="beta-1",kind="output"} 60"#,
        r#"attache_tokens_total{provider="beta",model="beta-1",kind="cached"} 120"#,
        r#"attache_tokens_total{provider="beta",model="beta-1",kind="reasoning"} 15"#,
        r#"attache_cost_usd_total{provider="beta",model="beta-1"} 0.0025"#,
        r#"attache_unknown_prices_total{provider="beta",model="beta-1"} 1"#,
        r#"attache_limit_decisions_total{route="support",element="budget",decision="denied"} 3"#,
        r#"attache_limit_decisions_total{route="support",element="rate",decision="allowed"} 3"#,
        "attache_dropped_records_total 0",
        concat!(r#"attache_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n\n{text}");
    }
    assert!(!text.contains(r#"first_content_seconds_count{provider="alpha""#));
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_request_that_never_reached_a_model_counts_too() {
    let (outcome, attempts) = (Outcome::Refused, vec![]);
    let refused = Record { status: 404, outcome, attempts, usage: None, cost: None, ..record() };
    let gone = Record { status: 0, outcome: Outcome::Cancelled, ..refused.clone() };
    let text = metrics_of(&Settings::default(), [refused, gone]).await;
    assert!(text.contains(r#"outcome="refused",status="4xx"} 1"#), "{text}");
    assert!(text.contains(r#"outcome="cancelled",status="none"} 1"#), "{text}");
    assert!(!text.contains("attache_tokens_total{"), "{text}");
}

#[tokio::test]
async fn only_an_answer_that_was_passed_on_has_a_price() {
    let failed = Record { outcome: Outcome::Failed, ..record() };
    let early = Record { outcome: Outcome::Cancelled, first_content: None, usage: None, ..record() };
    assert_eq!((failed.answering(), early.answering()), (None, None));
    let text = metrics_of(&Settings::default(), [failed, early]).await;
    assert!(!text.contains("attache_cost_usd_total{") && !text.contains("attache_tokens_total{"), "{text}");
    let late = Record { outcome: Outcome::Cancelled, ..record() };
    let text = metrics_of(&Settings::default(), [late]).await;
    assert!(text.contains(r#"attache_cost_usd_total{provider="beta",model="beta-1"} 0.00125"#), "{text}");
}

#[tokio::test]
async fn names_are_bounded() {
    let settings = Settings { max_label_sets: 3, ..Settings::default() };
    let asked = (0..10).map(|i| {
        let mut record = record();
        record.route = format!("route-{i}");
        record.attempts[1].model = format!("made-up-{i}");
        record
    });
    let text = metrics_of(&settings, asked).await;
    let sets = |metric: &str| text.lines().filter(|line| line.starts_with(metric)).count();
    assert_eq!(sets("attache_requests_total{"), 4);
    assert_eq!(sets("attache_cost_usd_total{"), 4);
    assert!(text.contains(r#"attache_cost_usd_total{provider="beta",model="made-up-2"} "#), "{text}");
    assert!(!text.contains("made-up-3"), "{text}");
    let other = r#"attache_requests_total{route="other",endpoint="chat.completions",outcome="answered",status="2xx"} 7"#;
    assert!(text.contains(other), "{text}");
}

#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    let telemetry = Telemetry::start(&Settings { queue: 2, ..Settings::default() });
    // the task can not run before this one waits
    (0..5).for_each(|_| telemetry.record(record()));
    telemetry.stop().await;
    assert!(telemetry.render().await.contains("attache_dropped_records_total 3"));
    telemetry.record(record());
    assert!(telemetry.render().await.contains("attache_dropped_records_total 4"));
}

#[tokio::test]
async fn the_live_snapshot_and_what_is_in_flight_are_shown() {
    let telemetry = Telemetry::start(&Settings::default());
    telemetry.snapshot("old", SystemTime::UNIX_EPOCH);
    telemetry.snapshot("new", SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    telemetry.in_flight(1);
    let text = telemetry.render().await;
    assert!(text.contains(r#"attache_snapshot_version_info{version="new"} 1"#), "{text}");
    assert!(!text.contains(r#"version="old""#), "{text}");
    assert!(text.contains("attache_snapshot_built_timestamp_seconds 1700000000"), "{text}");
    assert!(text.contains("attache_in_flight 1"), "{text}");
    telemetry.in_flight(0);
    assert!(telemetry.render().await.contains("attache_in_flight 0"));
}

#[tokio::test]
async fn every_metric_is_documented() {
    let telemetry = Telemetry::start(&Settings::default());
    telemetry.snapshot("v", SystemTime::UNIX_EPOCH);
    telemetry.cooling([("p".to_owned(), "m".to_owned(), "cooling")].into_iter());
    telemetry.record(record());
    telemetry.record(Record { cost: None, ..record() });
    telemetry.stop().await;
    let text = telemetry.render().await;
    let described: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(described.len(), 20, "{described:?}");
    for (name, kind) in described.iter().filter_map(|it| it.split_once(' ')) {
        let suffix = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        assert!(
            DOCS.contains(&format!("`{name}{suffix}`")),
            "docs/telemetry.md does not tell of {name}{suffix}"
        );
    }
}

/// What `write` logs under `settings`.
fn logged(settings: &log::Settings, write: impl FnOnce()) -> String {
    let mut file = tempfile::tempfile().unwrap();
    let log = log::to(Arc::new(file.try_clone().unwrap()), settings).unwrap();
    tracing::dispatcher::with_default(&log, write);
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_record_becomes_one_flat_line() {
    let text = logged(&log::Settings::default(), || log::write(&record()));
    assert_eq!(text.lines().count(), 1, "{text}");
    let mut line: serde_json::Map<_, _> = serde_json::from_str(&text).unwrap();
    for field in line.keys() {
        assert!(DOCS.contains(&format!("`{field}`")), "docs/telemetry.md does not tell of {field}");
    }
    assert!(line.remove("timestamp").is_some_and(|at| at.is_string()));
    let expected = serde_json::json!({
        "level": "INFO", "target": "exchange",
        "exchange": "x-1", "route": "support", "version": "7", "endpoint": "chat.completions",
        "asked": "dynamic/support", "path": "start,first,second,end", "stream": true, "key": "team-a",
        "outcome": "answered", "status": 200, "provider": "beta", "model": "beta-1",
        "attempts": 2, "results": "alpha/alpha-1=timeout,beta/beta-1=ok", "loss": "seed", "limits_denied": "budget",
        "session": "repinned", "session_token": "expired",
        "duration_ms": 2000, "first_content_ms": 1000,
        "input_tokens": 100, "output_tokens": 20, "cached_tokens": 40, "cache_write_tokens": 0, "reasoning_tokens": 5,
        "tokens_estimated": false, "cost_usd": 0.00125,
    });
    assert_eq!(serde_json::Value::Object(line), expected);
}

#[test]
fn a_name_that_a_client_made_up_is_cut() {
    let asked = "ä".repeat(10_000);
    let text = logged(&log::Settings::default(), || log::write(&Record { asked, ..record() }));
    assert!(text.contains(&format!("\"asked\":\"{}\"", "ä".repeat(128))), "{text}");
}

#[test]
fn the_log_follows_its_settings() {
    let text = log::Settings { format: log::Format::Text, ..log::Settings::default() };
    let line = logged(&text, || log::write(&record()));
    assert!(line.contains(r#"INFO exchange: exchange="x-1" route="support""#), "{line}");
    let quiet = log::Settings { filter: "info,exchange=off".into(), ..log::Settings::default() };
    assert_eq!(logged(&quiet, || log::write(&record())), "");
    let wrong = log::Settings { filter: "attache=loud".into(), ..log::Settings::default() };
    let why = log::to(std::io::sink, &wrong).unwrap_err().to_string();
    assert!(why.starts_with("`attache=loud` is no log filter: "), "{why}");
}

/// A collector of spans.
struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

/// What a collector got of `records`, in the order in which the spans ended.
async fn collected(records: impl IntoIterator<Item = Record>) -> Vec<ExportTraceServiceRequest> {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = TraceServiceServer::new(Collector(sender));
    let server = tonic::transport::Server::builder().add_service(service);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let otlp = Some(Otlp { endpoint, protocol: None });
    metrics_of(&Settings { otlp, ..Settings::default() }, records).await;
    server.abort();
    let mut all = vec![];
    while let Ok(request) = requests.try_recv() {
        all.push(request);
    }
    all
}

fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<Span> {
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    attributes.iter().map(|it| (it.key.as_str(), text(it.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()).unwrap() {
        Value::StringValue(it) => it.clone(),
        Value::IntValue(it) => it.to_string(),
        Value::DoubleValue(it) => it.to_string(),
        Value::ArrayValue(all) => all.values.iter().map(|it| text(Some(it))).collect::<Vec<_>>().join(","),
        other => panic!("{other:?}"),
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn nanos(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_becomes_spans() {
    let requests = collected([record()]).await;
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(texts(&resource.attributes)["service.name"], "attache");

    let spans = spans(&requests);
    let [first, second, exchange] = spans.as_slice() else { panic!("{spans:#?}") };
    let started = nanos(record().started);
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
    assert_eq!(hex(&exchange.parent_span_id), PARENT);
    assert_eq!((exchange.name.as_str(), exchange.kind()), ("chat dynamic/support", SpanKind::Server));
    let took = |span: &Span| [span.start_time_unix_nano, span.end_time_unix_nano].map(|at| at - started);
    assert_eq!(took(exchange), [0, 2_000_000_000]);
    assert_eq!(exchange.status.as_ref().map_or(StatusCode::Unset, |status| status.code()), StatusCode::Unset);
    let expected = [
        ("attache.session", "repinned"),
        ("attache.cost", "0.00125"),
        ("attache.exchange", "x-1"),
        ("attache.outcome", "answered"),
        ("attache.path", "start,first,second,end"),
        ("attache.route", "support"),
        ("attache.version", "7"),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "beta"),
        ("gen_ai.request.model", "dynamic/support"),
        ("gen_ai.response.model", "beta-1"),
        ("gen_ai.usage.input_tokens", "100"),
        ("gen_ai.usage.output_tokens", "20"),
        ("http.response.status_code", "200"),
    ];
    assert_eq!(texts(&exchange.attributes), expected.map(|(key, value)| (key, value.into())).into());

    for attempt in [first, second] {
        assert_eq!(attempt.parent_span_id, exchange.span_id);
        assert_eq!(attempt.kind(), SpanKind::Client);
    }
    assert_eq!([&*first.name, &*second.name], ["chat alpha-1", "chat beta-1"]);
    assert_eq!(first.status.clone().unwrap().code(), StatusCode::Error);
    assert_eq!(texts(&first.attributes)["error.type"], "timeout");
    assert_eq!(took(second), [400_000_000, 2_000_000_000]);
    let expected = [
        ("attache.element", "second"),
        ("attache.first_content", "0.6"),
        ("attache.loss", "seed"),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "beta"),
        ("gen_ai.request.model", "beta-1"),
        ("http.response.status_code", "200"),
    ];
    assert_eq!(texts(&second.attributes), expected.map(|(key, value)| (key, value.into())).into());
    for name in spans.iter().flat_map(|span| texts(&span.attributes).into_keys().collect::<Vec<_>>()) {
        assert!(DOCS.contains(&format!("`{name}`")), "docs/telemetry.md does not tell of {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_sampling_decision_is_kept() {
    let unsampled = Record { traceparent: Some(format!("00-{TRACE}-{PARENT}-00")), ..record() };
    let (outcome, error) = (Outcome::Failed, Some("all_attempts_failed"));
    let failed = Record { traceparent: None, outcome, error, status: 503, ..record() };
    let broken = Record { traceparent: Some("what?".into()), ..failed.clone() };
    let spans = spans(&collected([unsampled, failed, broken]).await);
    assert_eq!(spans.len(), 6);
    assert!(spans.iter().all(|span| hex(&span.trace_id) != TRACE));
    let root = spans.iter().find(|span| span.parent_span_id.is_empty()).unwrap();
    assert_eq!(texts(&root.attributes)["error.type"], "all_attempts_failed");
    assert_eq!(root.status.clone().unwrap().code(), StatusCode::Error);
}

#[test]
fn the_standard_variables_switch_spans_on_and_off() {
    let from = |variables: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Otlp::from_env(|name| variables.get(name).map(ToString::to_string))
    };
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4317");
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317");
    assert_eq!(from(&[]), None);
    assert_eq!(from(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
    assert_eq!(from(&[general]).unwrap().endpoint, general.1);
    assert_eq!(from(&[general, traces]).unwrap().endpoint, traces.1);
    assert_eq!(from(&[general, ("OTEL_SDK_DISABLED", "true")]), None);
    assert_eq!(from(&[traces, ("OTEL_TRACES_EXPORTER", "none")]), None);
    let http = from(&[general, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]).unwrap();
    assert_eq!(http.protocol.as_deref(), Some("http/protobuf"));
}

#[tokio::test]
async fn what_can_not_be_sent_is_told_in_the_log() {
    for (endpoint, protocol, why) in [
        ("http://collector:4318", Some("http/protobuf"), "OTLP over `http/protobuf` is asked for"),
        ("https://collector:4317", None, "HTTPS"),
    ] {
        let otlp = Otlp { endpoint: endpoint.into(), protocol: protocol.map(String::from) };
        let text = logged(&log::Settings::default(), || {
            drop(Telemetry::start(&Settings { otlp: Some(otlp), ..Settings::default() }));
        });
        assert!(text.contains("no spans are sent: ") && text.contains(why), "{text}");
    }
}
