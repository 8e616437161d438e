//! One call made ready: the provider's head and body, and nothing of the client's identity.

use super::{effect::Forward, event::Headers, life::Exchange, world::World};
use crate::{
    dialect::{
        Shape,
        openai::{Rewrite, asks_for_usage, rewrite},
    },
    graph::{Call, Step},
    provider::{Credential, Provider},
};
use std::sync::Arc;

/// The client's headers that a provider may see. Everything else is taken away.
const PASSED: [&str; 2] = ["content-type", "accept"];

/// Headers that Envoy itself takes away on this way, or that are set anew whatever they were.
const ENVOYS: [&str; 11] = [
    ":authority",
    ":method",
    ":path",
    ":scheme",
    "authorization",
    "content-length",
    "transfer-encoding",
    "user-agent",
    "x-attache-internal-exchange",
    "x-envoy-attempt-count",
    "x-forwarded-proto",
];

impl Exchange {
    /// The request of the call at which the walk waits; the attempt begins.
    pub(super) fn forward(&mut self, world: &World) -> Option<Forward> {
        let route = Arc::clone(&self.route);
        let Step::Call(call) = self.walk.step(&route.program, &self.ask) else { return None };
        let provider = Arc::clone(self.provider(&call.target.provider)?);
        self.open_attempt(&call, world);
        let body = self.body(&call, &provider);
        let headers = &self.ask.head.headers;
        Some(Forward {
            cluster: provider.name.clone(),
            set: self.headers(&provider, body.len()),
            remove: removed(headers, &provider),
            body,
            end: true,
        })
    }

    fn body(&self, call: &Call<'_>, provider: &Provider) -> Vec<u8> {
        let change = Rewrite {
            model: &call.target.model,
            defaults: &call.params.default,
            overrides: &call.params.overriding,
            usage: self.wants_usage() && provider.stream_usage,
        };
        match &self.ask.form {
            Some(form) => form.rewrite(change),
            None => rewrite(&self.ask.body, change),
        }
    }

    /// Whether the stream is of a kind that tells its usage only when asked.
    fn wants_usage(&self) -> bool {
        self.ask.stream && self.ask.head.endpoint.shape == Shape::Choices
    }

    /// Whether the client did not ask for the usage that we did.
    pub(super) fn hides_usage(&self) -> bool {
        self.wants_usage() && !asks_for_usage(&self.ask.body)
    }

    fn headers(&self, provider: &Provider, length: usize) -> Vec<(String, String)> {
        let query = self.ask.head.headers.text(":path").and_then(|path| path.split_once('?')).map(|(_, q)| q);
        let timeout = self.attempts.last().map_or(0, |a| a.timeout.as_millis());
        let path = provider.path(self.ask.head.endpoint.path, query);
        let mut set = vec![
            (":authority".into(), provider.authority.clone()),
            ("content-length".into(), length.to_string()),
            ("user-agent".into(), concat!("attache/", env!("CARGO_PKG_VERSION")).into()),
            ("x-attache-internal-cluster".into(), provider.name.clone()),
            ("x-envoy-upstream-rq-per-try-timeout-ms".into(), timeout.to_string()),
        ];
        // every header that need not be set is one less for Envoy to check
        if self.ask.head.headers.text(":path") != Some(&path) {
            set.push((":path".into(), path));
        }
        if let Credential::Bearer(secret) = &provider.credential {
            set.push(("authorization".into(), format!("Bearer {}", secret.reveal())));
        }
        set.extend(provider.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())));
        set
    }
}

fn removed(headers: &Headers, provider: &Provider) -> Vec<String> {
    let anonymous = provider.credential == Credential::None;
    let gone = |name: &&str| {
        let kept = PASSED.contains(name) || ENVOYS.contains(name) || provider.headers.contains_key(*name);
        !kept || (*name == "authorization" && anonymous)
    };
    headers.names().filter(gone).map(str::to_owned).collect()
}
