//! Facts to numbers, lines and spans. Nobody calls telemetry from the middle: one `Record` per exchange, at its end.

mod lines;
pub mod log;
mod metrics;
mod record;
mod spans;

pub use record::{AttemptRecord, Kept, LimitRecord, Outcome, Record, SessionRecord};
pub use spans::Otlp;

use metrics::Metrics;
use spans::Spans;
use std::time::{Duration, SystemTime};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

/// The settings of [`Telemetry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Label sets that each metric may have before the rest is counted under `other`.
    pub max_label_sets: usize,
    /// Records that may wait to be worked on; more are dropped, and counted.
    pub queue: usize,
    /// Where spans go; `None`: nowhere.
    pub otlp: Option<Otlp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_label_sets: 2000, queue: 4096, otlp: None }
    }
}

/// Makes numbers, lines and spans of records, beside the request path.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Metrics,
    queue: mpsc::Sender<Job>,
}

#[derive(Debug)]
enum Job {
    Record(Box<Record>),
    /// Answer, once all before it is worked off.
    Reached(oneshot::Sender<()>),
    /// Finish, then answer.
    Stop(oneshot::Sender<()>),
}

impl Telemetry {
    /// The media type of [`render`](Self::render).
    pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Starts the task that works on records; call it within a runtime, after [`log::init`].
    #[must_use]
    pub fn start(settings: &Settings) -> Self {
        let metrics = Metrics::new(settings.max_label_sets);
        let spans = settings.otlp.as_ref().and_then(Spans::start);
        let (queue, jobs) = mpsc::channel(settings.queue.max(1));
        drop(tokio::spawn(work(jobs, metrics.clone(), spans)));
        Self { metrics, queue }
    }

    /// Hands a record over; never waits.
    pub fn record(&self, record: Record) {
        if self.queue.try_send(Job::Record(Box::new(record))).is_err() {
            self.metrics.dropped();
        }
    }

    /// Tells how many exchanges are under way.
    pub fn in_flight(&self, exchanges: usize) {
        self.metrics.in_flight(exchanges);
    }

    /// Tells which targets are troubled: provider, model, and what they are doing.
    pub fn cooling(&self, targets: impl Iterator<Item = (String, String, &'static str)>) {
        self.metrics.cooling(targets);
    }

    /// Tells which snapshot is live.
    pub fn snapshot(&self, version: &str, built_at: SystemTime) {
        self.metrics.snapshot(version, built_at);
    }

    /// Tells whether the engine that limits are counted in can be reached.
    pub fn ledger(&self, here: bool) {
        self.metrics.ledger(here);
    }

    /// Tells whether the store can be reached.
    pub fn store(&self, here: bool) {
        self.metrics.store(here);
    }

    /// All metrics as text for Prometheus, with every record that was handed over before.
    pub async fn render(&self) -> String {
        self.ask(Job::Reached).await;
        self.metrics.render()
    }

    /// Works off what waits and sends the last spans. Records that come later are dropped.
    pub async fn stop(&self) {
        self.ask(Job::Stop).await;
    }

    /// Waits for the answer to a job; where the work has stopped, there is none to wait for.
    async fn ask(&self, job: fn(oneshot::Sender<()>) -> Job) {
        let (done, answer) = oneshot::channel();
        if self.queue.send(job(done)).await.is_ok() {
            drop(answer.await);
        }
    }
}

/// How long records are gathered: worked on together they cost less, and a sender need not wake anybody.
const GATHER: Duration = Duration::from_millis(10);
/// Records that are worked on together at the most.
const AT_ONCE: usize = 1024;

async fn work(mut jobs: mpsc::Receiver<Job>, metrics: Metrics, spans: Option<Spans>) {
    let mut gathered = Vec::new();
    let (mut reached, mut stopping) = (Vec::new(), None);
    while stopping.is_none() && jobs.recv_many(&mut gathered, AT_ONCE).await > 0 {
        lines::together(|| {
            for job in gathered.drain(..) {
                match job {
                    Job::Record(record) => note(&record, &metrics, spans.as_ref()),
                    Job::Reached(done) => reached.push(done),
                    Job::Stop(done) => stopping = Some(done),
                }
            }
        });
        // to be dropped is the answer
        reached.clear();
        if stopping.is_none() {
            sleep(GATHER).await;
        }
    }
    if let Some(spans) = spans {
        spans.stop().await;
    }
    // dropped with the task in any case: whoever waits goes on
    drop(stopping);
}

fn note(record: &Record, metrics: &Metrics, spans: Option<&Spans>) {
    metrics.count(record);
    log::write(record);
    if let Some(spans) = spans {
        spans.export(record);
    }
}

#[cfg(test)]
mod tests;
