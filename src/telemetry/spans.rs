//! Records as OpenTelemetry spans: one per exchange, below it one per attempt, with the GenAI attribute names.

use super::{AttemptRecord, Outcome, Record, log::short};
use opentelemetry::{
    Array, Context, KeyValue, StringValue, Value,
    propagation::TextMapPropagator,
    trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};
use tracing::warn;

/// Where spans go. The SDK itself reads what else `OTEL_*` variables say: headers, timeouts, sampling, resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// The collector's base URL.
    pub endpoint: String,
    /// The protocol that is asked for, where one is named. Only `grpc` is spoken.
    pub protocol: Option<String>,
}

impl Otlp {
    /// What the standard variables ask for: spans are on once they name an endpoint, unless they switch them off.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let is = |name, value: &str| set(name).is_some_and(|it| it.trim().eq_ignore_ascii_case(value));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return None;
        }
        let of_traces = |name| set(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
        let either = |name| of_traces(name).or_else(|| set(&format!("OTEL_EXPORTER_OTLP_{name}")));
        Some(Self { endpoint: either("ENDPOINT")?, protocol: either("PROTOCOL") })
    }
}

/// The way from records to a collector.
#[derive(Debug)]
pub(super) struct Spans {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

impl Spans {
    /// Says in the log why there are none, where they can not be sent.
    pub(super) fn start(otlp: &Otlp) -> Option<Self> {
        if let Some(other) = otlp.protocol.as_deref().filter(|protocol| *protocol != "grpc") {
            warn!("no spans are sent: OTLP over `{other}` is asked for, but only `grpc` is spoken");
            return None;
        }
        match exporter(otlp) {
            Ok(exporter) => Some(Self::to(exporter)),
            Err(why) => {
                warn!("no spans are sent: {why}");
                None
            }
        }
    }

    fn to(exporter: SpanExporter) -> Self {
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
        let tracer = provider.tracer("attache");
        Self { provider, tracer, propagator: TraceContextPropagator::new() }
    }

    pub(super) fn export(&self, record: &Record) {
        let parent = record.traceparent.as_ref().map_or_else(Context::new, |traceparent| {
            let carrier = HashMap::from([("traceparent".to_owned(), traceparent.clone())]);
            self.propagator.extract_with_context(&Context::new(), &carrier)
        });
        let operation = operation(record.endpoint);
        let asked = short(&record.asked);
        let builder = SpanBuilder::from_name(format!("{operation} {asked}").trim_end().to_owned())
            .with_kind(SpanKind::Server)
            .with_start_time(record.started)
            .with_attributes(of_exchange(record, operation));
        let here = parent.with_span(self.tracer.build_with_context(builder, &parent));
        if matches!(record.outcome, Outcome::Failed | Outcome::Cut) {
            here.span().set_status(Status::error(record.error.unwrap_or(record.outcome.name())));
        }
        for attempt in &record.attempts {
            self.export_attempt(attempt, operation, &here);
        }
        here.span().end_with_timestamp(after(record.started, record.duration));
    }

    fn export_attempt(&self, attempt: &AttemptRecord, operation: &'static str, parent: &Context) {
        let builder = SpanBuilder::from_name(format!("{operation} {}", short(&attempt.model)))
            .with_kind(SpanKind::Client)
            .with_start_time(attempt.started)
            .with_attributes(of_attempt(attempt, operation));
        let mut span = self.tracer.build_with_context(builder, parent);
        if let Some(fault) = attempt.fault {
            span.set_status(Status::error(fault.name()));
        }
        span.end_with_timestamp(after(attempt.started, attempt.duration));
    }

    /// Sends what is left.
    pub(super) async fn stop(self) {
        match tokio::task::spawn_blocking(move || self.provider.shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => warn!("the last spans were not sent: {why}"),
            Err(why) => warn!("the last spans were not sent: {why}"),
        }
    }
}

fn exporter(otlp: &Otlp) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder().with_tonic().with_endpoint(&otlp.endpoint).build()
}

/// What `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say; `attache` where they name no service.
fn resource() -> Resource {
    let named = Resource::builder().build();
    let name = named.get(&"service.name".into()).map(|name| name.to_string());
    match name.filter(|name| !name.starts_with("unknown_service")) {
        Some(_) => named,
        None => Resource::builder().with_service_name("attache").build(),
    }
}

/// The GenAI conventions' name of what an endpoint does; the endpoint's own where they have none.
fn operation(endpoint: &'static str) -> &'static str {
    match endpoint {
        "chat.completions" | "messages" | "responses" => "chat",
        "completions" => "text_completion",
        other => other,
    }
}

fn of_exchange(record: &Record, operation: &'static str) -> Vec<KeyValue> {
    let path = record.path.iter().map(|element| StringValue::from(element.clone())).collect();
    let mut all = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.request.model", short(&record.asked).to_owned()),
        KeyValue::new("attache.exchange", record.exchange.clone()),
        KeyValue::new("attache.route", record.route.clone()),
        KeyValue::new("attache.version", record.version.clone()),
        KeyValue::new("attache.path", Value::Array(Array::String(path))),
        KeyValue::new("attache.outcome", record.outcome.name()),
    ];
    if let Some(attempt) = record.answering() {
        all.push(KeyValue::new("gen_ai.provider.name", attempt.provider.clone()));
        all.push(KeyValue::new("gen_ai.response.model", attempt.model.clone()));
    }
    if let Some(usage) = record.usage {
        all.push(KeyValue::new("gen_ai.usage.input_tokens", integer(usage.input)));
        all.push(KeyValue::new("gen_ai.usage.output_tokens", integer(usage.output)));
    }
    if let Some(session) = record.session {
        all.push(KeyValue::new("attache.session", session.kept.name()));
    }
    if let Some(usd) = record.usd() {
        all.push(KeyValue::new("attache.cost", usd));
    }
    if record.status > 0 {
        all.push(KeyValue::new("http.response.status_code", i64::from(record.status)));
    }
    if record.outcome != Outcome::Answered {
        all.push(KeyValue::new("error.type", record.error.unwrap_or(record.outcome.name())));
    }
    all
}

fn of_attempt(attempt: &AttemptRecord, operation: &'static str) -> Vec<KeyValue> {
    let mut all = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.provider.name", attempt.provider.clone()),
        KeyValue::new("gen_ai.request.model", attempt.model.clone()),
        KeyValue::new("attache.element", attempt.element.clone()),
    ];
    if let Some(status) = attempt.status {
        all.push(KeyValue::new("http.response.status_code", i64::from(status)));
    }
    if let Some(first) = attempt.first_content {
        all.push(KeyValue::new("attache.first_content", first.as_secs_f64()));
    }
    if let Some(fault) = attempt.fault {
        all.push(KeyValue::new("error.type", fault.name()));
    }
    if !attempt.loss.is_empty() {
        all.push(KeyValue::new("attache.loss", attempt.loss.clone()));
    }
    all
}

fn after(start: SystemTime, duration: Duration) -> SystemTime {
    start.checked_add(duration).unwrap_or(start)
}

fn integer(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
