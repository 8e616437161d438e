//! A provider's answer: how it is followed, and what of it the client sees.

use super::{ask::Ask, effect::AnswerHead, estimate, event::Headers, life::Exchange};
use crate::{
    chat::{Answer, Fault, Kind, Usage},
    dialect::{
        Client, Follower, Framing, Platform, Shape, Translator, Way, Wire,
        openai::{self, Stream, asks_for_usage},
    },
};
use std::time::{Duration, UNIX_EPOCH};

/// The header by which Envoy's own answers are known.
pub(super) const LOCAL: &str = "x-attache-internal-local";

/// How much of an error's body is read, in bytes.
pub(super) const ERROR_BODY: usize = 64 << 10;

/// An answer, as it is followed.
#[derive(Debug)]
pub(super) enum Follow {
    /// A stream of events; what was split off while the answer is held.
    Stream(Box<dyn Follower>),
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
            _ if encoded && !exchange.translates() => Self::Opaque,
            _ if encoded => Self::Whole,
            Some("text/event-stream" | "application/vnd.amazon.eventstream") => {
                Self::Stream(follower(exchange))
            }
            Some("application/json") => Self::Whole,
            // whatever it is, it can not be translated unread
            _ if exchange.translates() => Self::Whole,
            // a page is no answer of any model: read, it is a fault, and the next one is asked
            Some("text/html") if estimate::talks(&exchange.ask) => Self::Whole,
            _ => Self::Opaque,
        }
    }

    /// The usage that a stream told, or what was seen of it.
    pub(super) fn usage(&self, ask: &Ask) -> Option<Usage> {
        let Self::Stream(stream) = self else { return None };
        stream.usage().or_else(|| Some(estimate::seen(ask, stream.events())))
    }
}

fn follower(exchange: &Exchange) -> Box<dyn Follower> {
    let shape = exchange.ask.head.endpoint.shape;
    let Some(sent) = exchange.sent().filter(|sent| sent.way != Way::Identity || shape == Shape::Messages)
    else {
        return Box::new(Stream::new(shape, exchange.hides_usage()));
    };
    let (framing, reader) = sent.wire.reader();
    let same = sent.way == Way::Identity && framing == Framing::Sse;
    let writer = (!same).then(|| exchange.client().stream());
    Box::new(Translator::new(framing, reader, writer).named(&exchange.id))
}

impl Exchange {
    /// Whether the answer reaches the client in another form than the provider gave it.
    pub(super) fn translates(&self) -> bool {
        self.sent().is_some_and(|sent| sent.way != Way::Identity)
    }

    /// Whether the provider's errors have the shape that the client knows: a host of another's dialect has errors of its own.
    pub(super) fn shares_errors(&self) -> bool {
        self.sent().is_none_or(|sent| sent.way == Way::Identity && sent.wire.platform == Platform::Direct)
    }

    /// Who writes for the client.
    fn client(&self) -> Client<'_> {
        let shows_usage = asks_for_usage(&self.ask.body);
        Client {
            shape: self.ask.head.endpoint.shape,
            model: self.attempts.last().map_or("", |attempt| &attempt.record.model),
            created: self.ask.head.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            shows_usage,
            request: self.ask.body.bytes(),
        }
    }

    /// A whole answer as the client gets it, and what it used.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn whole(&self, body: Vec<u8>) -> Result<(Vec<u8>, Option<Usage>), Fault> {
        let shape = self.ask.head.endpoint.shape;
        let (body, usage) = match self.sent() {
            Some(sent) if sent.way == Way::Chat => {
                let mut answer = sent.wire.read(&body)?;
                if answer.id.is_empty() {
                    answer.id.clone_from(&self.id);
                }
                let usage = answer.usage;
                (self.written(answer), usage)
            }
            Some(sent) if sent.way == Way::Embeddings => {
                let answer = sent.wire.read_embed(&body)?;
                let base64 = self.ask.body.string("encoding_format").is_some_and(|format| format == "base64");
                (openai::write_embed_answer(&answer, base64, self.client().model), answer.usage)
            }
            Some(sent) if shape == Shape::Messages => {
                let usage = sent.wire.read(&body)?.usage;
                (body, usage)
            }
            _ => {
                let usage = openai::read_answer(&body)?;
                (body, usage)
            }
        };
        let usage = usage.or_else(|| estimate::whole(&self.ask, body.len()));
        Ok((body, usage))
    }

    /// An answer in the client's dialect: a client that asked for a stream gets one, whatever the provider gave.
    fn written(&self, answer: Answer) -> Vec<u8> {
        if !self.ask.stream {
            return self.client().whole(&answer);
        }
        let (mut writer, mut bytes) = (self.client().stream(), Vec::new());
        for delta in answer.into_deltas() {
            writer.write(&delta, &mut bytes);
        }
        bytes
    }

    /// The headers of an answer that goes to the client.
    pub(super) fn answer_head(&self, headers: &Headers, follow: &Follow) -> AnswerHead {
        let changed = match follow {
            Follow::Stream(stream) => self.hides_usage() || !stream.is_identity(),
            Follow::Whole => self.translates(),
            Follow::Opaque => false,
        };
        let foreign = |name: &&str| {
            ["x-attache-", "x-envoy-", "cf-aig-"].iter().any(|prefix| name.starts_with(prefix))
                || matches!(*name, "set-cookie" | "alt-svc")
                || (*name == "content-length" && changed)
        };
        let remove = headers.names().filter(foreign).map(str::to_owned).collect();
        let mut set = self.told();
        if changed {
            let content = if self.ask.stream { "text/event-stream" } else { "application/json" };
            set.push(("content-type", content.to_owned()));
        }
        AnswerHead { set, remove }
    }
}

/// Whether the provider's own words go to the client when they are the last: they are about its request.
pub(super) fn passes(fault: &Fault) -> bool {
    matches!(fault.status, Some(400 | 413 | 422))
}

/// The fault that an answer of an error status tells; Envoy's own answers say why in a header of ours.
pub(super) fn fault(status: u16, headers: &Headers, body: &[u8], wire: Option<&Wire>) -> Fault {
    if let Some(details) = headers.text(LOCAL) {
        let kind = local(details);
        let message = match kind {
            Kind::NoCluster => "Envoy does not know this provider: print its bootstrap again and restart it",
            _ => details,
        };
        return Fault { message: message.to_owned(), ..Fault::new(kind) };
    }
    let told = wire.map_or_else(
        || openai::read_fault(status, body),
        |wire| wire.fault(status, headers.text("x-amzn-errortype"), body),
    );
    Fault { retry_after: retry_after(headers).or(told.retry_after), ..told }
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
            let got = fault(503, &headers(&[("x-attache-internal-local", details)]), b"{}", None);
            assert_eq!((got.kind, got.status), (want, None), "{details}");
        }
    }

    #[test]
    fn the_wait_that_a_provider_asks_for_is_read() {
        let wait = |pairs: &[(&str, &str)]| fault(429, &headers(pairs), b"", None).retry_after;
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
