//! A provider's answer: how it is followed, and what of it the client sees.

use super::{ask::Ask, effect::AnswerHead, estimate, event::Headers, life::Exchange};
use crate::{
    chat::{Fault, Kind, Usage},
    dialect::openai::{Stream, read_fault},
};
use std::time::Duration;

/// The header by which Envoy's own answers are known.
pub(super) const LOCAL: &str = "x-attache-internal-local";

/// How much of an error's body is read, in bytes.
pub(super) const ERROR_BODY: usize = 64 << 10;

/// An answer, as it is followed.
#[derive(Debug)]
pub(super) enum Follow {
    /// Server-sent events; what was split off while the answer is held.
    Stream(Box<Stream>),
    /// One JSON object, read when it is whole.
    Whole,
    /// Bytes that nobody reads.
    Opaque,
}

impl Follow {
    /// The way to follow an answer with these headers.
    pub(super) fn of(headers: &Headers, exchange: &Exchange) -> Self {
        let content = headers.text("content-type").unwrap_or_default().to_ascii_lowercase();
        let encoded = headers.text("content-encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity"));
        match content.split(';').next().map(str::trim) {
            _ if encoded => Self::Opaque,
            Some("text/event-stream") => {
                let shape = exchange.ask.head.endpoint.shape;
                Self::Stream(Box::new(Stream::new(shape, exchange.hides_usage())))
            }
            Some("application/json") => Self::Whole,
            _ => Self::Opaque,
        }
    }

    /// The usage that a stream told, or what was seen of it.
    pub(super) fn usage(&self, ask: &Ask) -> Option<Usage> {
        let Self::Stream(stream) = self else { return None };
        stream.usage().or_else(|| Some(estimate::seen(ask, stream.events())))
    }
}

impl Exchange {
    /// The headers of an answer that goes to the client.
    pub(super) fn answer_head(&self, headers: &Headers, follow: &Follow) -> AnswerHead {
        let hides = matches!(follow, Follow::Stream(_)) && self.hides_usage();
        let foreign = |name: &&str| {
            ["x-attache-", "x-envoy-", "cf-aig-"].iter().any(|prefix| name.starts_with(prefix))
                || matches!(*name, "set-cookie" | "alt-svc")
                || (*name == "content-length" && hides)
        };
        let remove = headers.names().filter(foreign).map(str::to_owned).collect();
        AnswerHead { set: self.told(), remove }
    }
}

/// Whether the provider's own words go to the client when they are the last: they are about its request.
pub(super) fn passes(fault: &Fault) -> bool {
    matches!(fault.status, Some(400 | 413 | 422))
}

/// The fault that an answer of an error status tells; Envoy's own answers say why in a header of ours.
pub(super) fn fault(status: u16, headers: &Headers, body: &[u8]) -> Fault {
    if let Some(details) = headers.text(LOCAL) {
        let kind = local(details);
        let message = match kind {
            Kind::NoCluster => "Envoy does not know this provider: print its bootstrap again and restart it",
            _ => details,
        };
        return Fault { message: message.to_owned(), ..Fault::new(kind) };
    }
    Fault { retry_after: retry_after(headers), ..read_fault(status, body) }
}

/// What Envoy means by its response code details.
fn local(details: &str) -> Kind {
    let says = |words: &[&str]| words.iter().any(|word| details.contains(word));
    if says(&["cluster_not_found", "route_not_found"]) {
        Kind::NoCluster
    } else if says(&["timeout"]) {
        Kind::Timeout
    } else if says(&["overflow"]) {
        Kind::Overloaded
    } else if says(&["connection_failure", "connect_error", "no_healthy_upstream"]) {
        Kind::Connect
    } else {
        Kind::Reset
    }
}

/// How long the provider asks to wait: seconds, or the milliseconds that OpenAI gives besides.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let number =
        |name: &str| headers.text(name)?.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let milliseconds = number("retry-after-ms").map(|ms| ms / 1000.0);
    Duration::try_from_secs_f64(milliseconds.or_else(|| number("retry-after"))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn envoys_own_answers_are_told_apart() {
        for (details, want) in [
            ("cluster_not_found", Kind::NoCluster),
            ("upstream_per_try_timeout", Kind::Timeout),
            ("response_timeout", Kind::Timeout),
            ("upstream_reset_before_response_started{connection_termination}", Kind::Reset),
            (
                "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
                Kind::Connect,
            ),
            ("upstream_reset_before_response_started{connection_timeout}", Kind::Timeout),
            ("upstream_reset_after_response_started{protocol_error}", Kind::Reset),
            ("no_healthy_upstream", Kind::Connect),
            ("upstream_reset_before_response_started{overflow}", Kind::Overloaded),
        ] {
            let got = fault(503, &headers(&[("x-attache-internal-local", details)]), b"{}");
            assert_eq!((got.kind, got.status), (want, None), "{details}");
        }
    }

    #[test]
    fn the_wait_that_a_provider_asks_for_is_read() {
        let wait = |pairs: &[(&str, &str)]| fault(429, &headers(pairs), b"").retry_after;
        assert_eq!(wait(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(
            wait(&[("retry-after", "2"), ("retry-after-ms", "1500")]),
            Some(Duration::from_millis(1500))
        );
        for odd in ["-1", "NaN", "1e300", "soon", ""] {
            assert_eq!(wait(&[("retry-after", odd)]), None, "{odd}");
        }
    }
}
