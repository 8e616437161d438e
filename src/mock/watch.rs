//! What the mock has seen: counters, and the last requests for those who test against it.
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Counts every request, and keeps the last few.
#[derive(Debug, Default)]
pub(super) struct Watch {
    requests: AtomicU64,
    in_flight: AtomicU64,
    aborted: AtomicU64,
    keep: usize,
    kept: Mutex<VecDeque<Arc<Seen>>>,
}

#[derive(Debug)]
struct Seen {
    head: Parts,
    body: Bytes,
    aborted: AtomicBool,
}

impl Watch {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, ..Self::default() }
    }

    /// A request began; what is returned follows it to its end.
    pub(super) fn begin(self: &Arc<Self>) -> Visit {
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        Visit { watch: Arc::clone(self), seen: None, whole: false }
    }

    pub(super) fn stats(&self) -> Value {
        json!({
            "requests": self.requests.load(Relaxed),
            "in_flight": self.in_flight.load(Relaxed),
            "aborted": self.aborted.load(Relaxed),
        })
    }

    /// The requests that are kept, oldest first.
    pub(super) fn requests(&self) -> Value {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|seen| seen.to_json()).collect()
    }

    pub(super) fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn keep(&self, seen: Arc<Seen>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.keep {
            kept.pop_front();
        }
        kept.push_back(seen);
    }
}

impl Seen {
    fn to_json(&self) -> Value {
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
        };
        json!({
            "method": self.head.method.as_str(),
            "path": self.head.uri.to_string(),
            "headers": self.head.headers.iter().map(header).collect::<Value>(),
            "body": String::from_utf8_lossy(&self.body),
            "body_base64": BASE64_STANDARD.encode(&self.body),
            "aborted": self.aborted.load(Relaxed),
        })
    }
}

/// One request from its head to the last byte of its answer; dropped before that, it was aborted.
#[derive(Debug)]
pub(super) struct Visit {
    watch: Arc<Watch>,
    seen: Option<Arc<Seen>>,
    whole: bool,
}

impl Visit {
    /// Keeps the request, if any are to be kept.
    pub(super) fn keep(&mut self, head: &Parts, body: &Bytes) {
        if self.watch.keep == 0 {
            return;
        }
        let seen = Seen { head: head.clone(), body: body.clone(), aborted: AtomicBool::new(false) };
        let seen = Arc::new(seen);
        self.watch.keep(Arc::clone(&seen));
        self.seen = Some(seen);
    }

    /// The answer is given as it was meant, be it a broken one.
    pub(super) fn done(mut self) {
        self.whole = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.watch.in_flight.fetch_sub(1, Relaxed);
        if self.whole {
            return;
        }
        self.watch.aborted.fetch_add(1, Relaxed);
        if let Some(seen) = &self.seen {
            seen.aborted.store(true, Relaxed);
        }
    }
}
