//! One call made ready: the provider's head and body, and nothing of the client's identity.

use super::{
    effect::Forward,
    life::{Exchange, Sent},
    world::World,
};
use crate::{
    chat::{Fault, Kind, Loss, Unfit},
    dialect::{
        Dialect, Goal, Platform, Rewrite, Shape, Way, anthropic,
        openai::{asks_for_usage, rewrite},
    },
    graph::{Call, Step},
    provider::{Provider, Task, Unsigned, Where},
};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::time::Instant;

/// The client's headers that a provider may see. Everything else is taken away.
const PASSED: [&str; 2] = ["content-type", "accept"];

/// Those that a provider of Anthropic's dialect may see of a client of Anthropic's dialect besides.
const ANTHROPICS: [&str; 2] = ["anthropic-version", "anthropic-beta"];
/// What every translated request is.
const JSON: &str = "application/json";
/// The version of the Messages API that our own requests are written in.
const ANTHROPIC_VERSION: &str = "2023-06-01";

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
    ///
    /// # Errors
    /// The call can not be made: the target can not express it, or lets nobody in.
    pub(super) fn forward(&mut self, world: &World) -> Result<Option<Forward>, Fault> {
        let route = Arc::clone(&self.route);
        let cooling = world.health.cooling(Instant::now());
        let Step::Call(call) = self.step(&route.program, &cooling) else { return Ok(None) };
        let Some(provider) = self.provider(&call.target.provider).map(Arc::clone) else { return Ok(None) };
        self.open_attempt(&call, world);
        if call.cooling {
            // since the walk came here: somebody else probes it
            return Err(world.health.fault(call.target, Instant::now()));
        }
        let (body, sent, loss) = self.body(&call, &provider)?;
        let way = sent.way;
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.record.loss = loss;
            attempt.sent_as = Some(sent);
            attempt.probe = world.health.admit(call.target, attempt.sent);
        }
        let set = self.headers(&call, &provider, way, &body)?;
        let remove = self.removed(&provider, &set);
        Ok(Some(Forward { cluster: provider.name.clone(), set, remove, body, end: true }))
    }

    fn body(&self, call: &Call<'_>, provider: &Provider) -> Result<(Vec<u8>, Sent, String), Fault> {
        let wire = provider.wire();
        let way = wire.way(self.ask.head.endpoint);
        let goal = Goal {
            model: &call.target.model,
            platform: wire.platform,
            max_tokens: provider.max_tokens(&call.target.model),
            quirks: wire.quirks,
        };
        let mut loss = Loss::default();
        let body = match way {
            Way::Identity => self.identity(call, provider, &goal, &mut loss),
            Way::Chat => {
                let (request, own) = self.ask.chat(call.params).map_err(malformed)?;
                wire.write(&request, &goal, &mut loss).map_err(unfit).map(|body| bytes(body, own))?
            }
            Way::Embeddings => {
                let (request, own) = self.ask.embeddings(call.params).map_err(malformed)?;
                wire.write_embed(&request, &goal, &mut loss).map_err(unfit).map(|body| bytes(body, own))?
            }
            Way::Closed => {
                let name = self.ask.head.endpoint.name;
                let why = format!("has no endpoint {name}; route it to a provider that has");
                return Err(unsupported(why));
            }
        };
        if (call.strict || provider.strict || self.ask.strict) && !loss.is_empty() {
            let why = format!("can not express {}; leave it out, or do not ask for `strict`", loss.join());
            return Err(unsupported(why));
        }
        Ok((body, Sent { wire, way }, loss.join()))
    }

    /// Only what must change does.
    fn identity(&self, call: &Call<'_>, provider: &Provider, goal: &Goal<'_>, loss: &mut Loss) -> Vec<u8> {
        let change = Rewrite {
            model: goal.model,
            defaults: &call.params.default,
            overrides: &call.params.overriding,
            usage: self.wants_usage() && provider.stream_usage,
            quirks: goal.quirks,
        };
        match &self.ask.form {
            _ if provider.dialect == Dialect::Anthropic => {
                let betas = self.ask.head.headers.text("anthropic-beta");
                anthropic::rewrite(&self.ask.body, change, goal.platform, betas)
            }
            Some(form) => form.rewrite(change),
            None => rewrite(&self.ask.body, change, loss),
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

    fn call_path(&self, call: &Call<'_>, provider: &Provider, way: Way) -> String {
        let headers = &self.ask.head.headers;
        let query = headers.text(":path").and_then(|path| path.split_once('?')).map(|(_, query)| query);
        let task = match (way, self.ask.head.endpoint.shape) {
            (_, Shape::Messages) | (Way::Chat, _) => Task::Chat,
            (_, Shape::Embeddings) => Task::Embeddings,
            (_, Shape::Choices) if self.ask.head.endpoint.has_messages() => Task::Chat,
            _ => Task::Other(self.ask.head.endpoint.path),
        };
        // the parameters of one API mean nothing in another
        let query = query.filter(|_| way == Way::Identity);
        provider.call_path(Where { task, model: &call.target.model, stream: self.ask.stream, query })
    }

    fn headers(
        &self,
        call: &Call<'_>,
        provider: &Provider,
        way: Way,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Fault> {
        let headers = &self.ask.head.headers;
        let timeout = self.attempts.last().map_or(0, |a| a.timeout.as_millis());
        let path = self.call_path(call, provider, way);
        let mut set = vec![
            (":authority".into(), provider.authority.clone()),
            ("content-length".into(), body.len().to_string()),
            ("user-agent".into(), concat!("attache/", env!("CARGO_PKG_VERSION")).into()),
            ("x-attache-internal-cluster".into(), provider.name.clone()),
            ("x-envoy-upstream-rq-per-try-timeout-ms".into(), timeout.to_string()),
        ];
        set.extend(self.credential(provider, way, &path, body)?);
        if way != Way::Identity && headers.text("content-type") != Some(JSON) {
            set.push(("content-type".into(), JSON.into()));
        }
        // every header that need not be set is one less for Envoy to check
        if headers.text(":path") != Some(&path) {
            set.push((":path".into(), path));
        }
        if provider.dialect == Dialect::Anthropic
            && provider.platform == Platform::Direct
            && (way == Way::Chat || headers.text("anthropic-version").is_none())
        {
            set.push(("anthropic-version".into(), ANTHROPIC_VERSION.into()));
        }
        set.extend(provider.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())));
        Ok(set)
    }

    /// What lets us in: the provider's own credential, one of its others that the client names, or the client's.
    fn credential(
        &self,
        provider: &Provider,
        way: Way,
        path: &str,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Fault> {
        let headers = &self.ask.head.headers;
        let refused = |message: String, status| Fault { message, status, ..Fault::new(Kind::NoCredential) };
        let (alias, own) = (headers.text("x-attache-credential"), headers.text("x-attache-api-key"));
        // what the client named itself is its own mistake
        let credential =
            provider.credential_for(alias, own).map_err(|problem| refused(problem.to_string(), Some(400)))?;
        let content_type = match way {
            Way::Identity => headers.text("content-type"),
            _ => Some(JSON),
        };
        let unsigned = Unsigned { method: "POST", authority: &provider.authority, path, content_type, body };
        let now = self.attempts.last().map_or(self.ask.head.now, |attempt| attempt.record.started);
        credential.headers(unsigned, now).map_err(|why| refused(why, None))
    }

    /// The client's headers that the provider does not see.
    fn removed(&self, provider: &Provider, set: &[(String, String)]) -> Vec<String> {
        let speaks_anthropic = provider.dialect == Dialect::Anthropic
            && provider.platform != Platform::Bedrock
            && self.ask.head.endpoint.shape == Shape::Messages;
        let is_set = |name: &str| set.iter().any(|(n, _)| n == name);
        let gone = |name: &&str| {
            let passes = PASSED.contains(name)
                || ENVOYS.contains(name) && *name != "authorization"
                || speaks_anthropic && ANTHROPICS.contains(name);
            !passes && !is_set(name)
        };
        self.ask.head.headers.names().filter(gone).map(str::to_owned).collect()
    }
}

/// The client's request is none.
fn malformed(unfit: Unfit) -> Fault {
    let message = format!("`{}` {}", unfit.at, unfit.why);
    Fault { status: Some(400), message, ..Fault::new(Kind::BadRequest) }
}

fn unfit(unfit: Unfit) -> Fault {
    unsupported(format!("{} (at `{}`)", unfit.why, unfit.at))
}

fn unsupported(message: String) -> Fault {
    Fault { message, ..Fault::new(Kind::Unsupported) }
}

/// The body, with the fields that are the provider's own: objects are joined, so that one setting does not displace another.
fn bytes(mut body: Map<String, Value>, own: Map<String, Value>) -> Vec<u8> {
    for (key, value) in own {
        match (body.get_mut(&key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => drop(body.insert(key, value)),
        }
    }
    Value::Object(body).to_string().into_bytes()
}
