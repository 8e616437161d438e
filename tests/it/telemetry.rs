//! What is told about an exchange, and where: metrics, log, Envoy's access log, spans.

use super::house::{House, Pair, chain, eventually, model};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[tokio::test]
async fn the_numbers_tell_what_happened() {
    let slow = model("slow!delay=60000").timeout(300);
    let pair = House::new()
        .route(chain("r", [slow, model("second")]))
        .route(chain("bad", ["m!status=500"]))
        .start()
        .await;
    assert_eq!(pair.ask("r").send().await.status, 200);
    assert_eq!(pair.ask("r").streamed().send().await.status, 200);
    assert_eq!(pair.ask("bad").send().await.status, 500);
    assert_eq!(pair.ask("nothing").send().await.status, 404);
    let chat = ("endpoint", "chat.completions");
    for (name, labels, value) in [
        (
            "attache_requests_total",
            vec![("route", "r"), chat, ("outcome", "answered"), ("status", "2xx")],
            2.0,
        ),
        (
            "attache_requests_total",
            vec![("route", "bad"), chat, ("outcome", "failed"), ("status", "5xx")],
            1.0,
        ),
        ("attache_requests_total", vec![("route", ""), chat, ("outcome", "refused"), ("status", "4xx")], 1.0),
        (
            "attache_attempts_total",
            vec![("provider", "mock"), ("model", "slow!delay=60000"), ("result", "timeout")],
            2.0,
        ),
        ("attache_attempts_total", vec![("model", "second"), ("result", "ok")], 2.0),
        ("attache_attempts_total", vec![("result", "server_error")], 1.0),
        ("attache_request_duration_seconds_count", vec![("route", "r"), chat], 2.0),
        ("attache_request_first_content_seconds_count", vec![("route", "r"), chat], 2.0),
        ("attache_attempt_duration_seconds_count", vec![("model", "second")], 2.0),
        ("attache_attempt_first_content_seconds_count", vec![("provider", "mock")], 2.0),
        ("attache_unknown_prices_total", vec![("model", "second")], 2.0),
        ("attache_dropped_records_total", vec![], 0.0),
        ("attache_in_flight", vec![], 0.0),
        (
            "attache_snapshot_version_info",
            vec![("version", pair.status().await["snapshot"]["version"].as_str().unwrap())],
            1.0,
        ),
    ] {
        pair.metric_is(name, &labels, value).await;
    }
    let waited = pair.metric("attache_attempt_duration_seconds_sum", &[("model", "slow!delay=60000")]).await;
    assert!((0.59..5.0).contains(&waited), "{waited}");
    let built = pair.metric("attache_snapshot_built_timestamp_seconds", &[]).await;
    assert!(built > 1.7e9, "{built}");
    assert!(pair.people("/metrics").await.header("content-type").starts_with("application/openmetrics-text"));
}

#[tokio::test]
async fn an_exchange_leaves_one_line() {
    let pair = House::new().route(chain("r", ["first!status=503", "second"])).start().await;
    let answer = pair.ask("r").streamed().with("user", "Grace Hopper").send().await;
    pair.metric_is("attache_requests_total", &[], 1.0).await;
    let records = pair.records();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let route = answer.header("x-attache-route");
    for (field, value) in [
        ("level", json!("INFO")),
        ("exchange", json!(answer.header("cf-aig-request-id"))),
        ("route", json!("r")),
        ("version", json!(route.strip_prefix("r@").unwrap())),
        ("endpoint", json!("chat.completions")),
        ("asked", json!("dynamic/r")),
        ("path", json!("start,m1,m2,end")),
        ("stream", json!(true)),
        ("outcome", json!("answered")),
        ("status", json!(200)),
        ("provider", json!("mock")),
        ("model", json!("second")),
        ("attempts", json!(2)),
        ("results", json!("mock/first!status=503=server_error,mock/second=ok")),
        ("output_tokens", json!(4)),
        ("tokens_estimated", json!(false)),
    ] {
        assert_eq!(record[field], value, "{field}: {record}");
    }
    let log = pair.attache.log();
    assert!(!log.contains("Hello from") && !log.contains("Grace Hopper"), "no prompt and no answer: {log}");
}

#[tokio::test]
async fn envoys_access_log_tells_the_decision() {
    let pair = House::new()
        .settings(json!({"envoy": {"access_log": "stdout"}}))
        .route(chain("r", ["first!status=503", "second"]))
        .start()
        .await;
    let answer = pair.ask("r").send().await;
    assert_eq!(pair.ask("nothing").send().await.status, 404);
    let lines = eventually(async || match access_log(&pair) {
        // Envoy writes its access log in batches
        lines if lines.len() >= 3 => Ok(lines),
        lines => Err(format!("a line for each attempt, beside {lines:?}")),
    })
    .await;
    let told =
        lines.iter().find(|line| line["attache"]["attempts"] == "2").unwrap_or_else(|| panic!("{lines:?}"));
    let decision = &told["attache"];
    assert_eq!(decision["route"], answer.header("x-attache-route"));
    assert_eq!(decision["path"], "start,m1,m2,end");
    assert_eq!((&decision["model"], &decision["provider"]), (&json!("second"), &json!("mock")));
    assert_eq!((&told["status"], &told["cluster"]), (&json!(200), &json!("mock")));
    assert_eq!(decision["exchange"], answer.header("cf-aig-request-id"));
}

/// The lines of chats.
fn access_log(pair: &Pair) -> Vec<Value> {
    let log = pair.envoy.process.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["method"] == "POST").collect()
}

/// A collector of spans.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans = resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        self.0.lock().unwrap().extend(spans);
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test]
async fn spans_continue_the_callers_trace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = Collector::default();
    let service = TraceServiceServer::new(collector.clone());
    let server = tonic::transport::Server::builder().add_service(service);
    let server = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let pair = House::new()
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .variable("OTEL_BSP_SCHEDULE_DELAY", "50")
        .route(chain("r", ["first!status=503", "second"]))
        .start()
        .await;
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    assert_eq!(pair.ask("r").header("traceparent", &traceparent).send().await.status, 200);
    let spans = eventually(async || match collector.0.lock().unwrap().clone() {
        spans if spans.len() == 3 => Ok(spans),
        spans => Err(format!("three spans, beside {spans:?}")),
    })
    .await;
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE), "{spans:?}");
    let exchange = spans.iter().find(|span| hex(&span.parent_span_id) == PARENT).unwrap();
    assert_eq!(exchange.name, "chat dynamic/r");
    let attempts: Vec<_> = spans.iter().filter(|span| span.parent_span_id == exchange.span_id).collect();
    let mut names: Vec<_> = attempts.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["chat first!status=503", "chat second"]);
    for attempt in attempts {
        let (from, to) = (attempt.start_time_unix_nano, attempt.end_time_unix_nano);
        assert!(exchange.start_time_unix_nano <= from && from <= to);
    }
    server.abort();
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
