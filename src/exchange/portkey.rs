//! Portkey's clients: the config that a request brings along is walked like any other graph, and answered in its headers.

use super::{ask::Ask, effect::Header, life::Exchange, refuse::Refuse, world::Live};
use crate::snapshot::Version;
use std::sync::Arc;

/// A config, as JSON.
const CONFIG: &str = "x-portkey-config";
/// The provider of a config that names none.
const PROVIDER: &str = "x-portkey-provider";
/// The id that a client gives its request.
const TRACE: &str = "x-portkey-trace-id";

/// The graph that the request brings along; `None` if it brings none, or the switch is off.
pub(super) fn inline(ask: &Ask, live: &Live) -> Option<Result<Arc<Version>, Box<Refuse>>> {
    if !live.settings.portkey {
        return None;
    }
    let headers = &ask.head.headers;
    let (config, provider) = (headers.text(CONFIG), headers.text(PROVIDER));
    // a route is a route, whoever asks for it
    if config.is_none() && (provider.is_none() || ask.model.starts_with("dynamic/")) {
        return None;
    }
    Some(compiled(config.unwrap_or("{}"), provider, ask, live))
}

fn compiled(
    config: &str,
    provider: Option<&str>,
    ask: &Ask,
    live: &Live,
) -> Result<Arc<Version>, Box<Refuse>> {
    let version = live.snapshot.portkey(config, provider, &ask.model).map_err(|found| {
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        Refuse::bad_request("invalid_portkey_config", format!("the header `{CONFIG}`: {}", told.join("; ")))
    })?;
    let Some(key) = &ask.head.key else { return Ok(version) };
    let mut names = version.program.targets().into_iter().map(ToString::to_string);
    let barred = names.find(|target| !key.allows_model(target));
    drop(names);
    match barred {
        None => Ok(version),
        Some(target) => {
            let message = format!("this client key may not name the model `{target}` directly");
            Err(Refuse::forbidden("model_not_allowed", message).into())
        }
    }
}

impl Exchange {
    /// What Portkey's clients look for in an answer.
    pub(super) fn tell_portkey(&self, told: &mut Vec<Header>) {
        let trace = self.ask.head.headers.text(TRACE).unwrap_or(&self.id);
        told.push((TRACE, trace.to_owned()));
        let Some(last) = self.attempts.last().map(|attempt| &attempt.record) else { return };
        let tries = self.attempts.iter().rev().take_while(|attempt| attempt.record.element == last.element);
        told.push((PROVIDER, last.provider.clone()));
        told.push(("x-portkey-retry-attempt-count", tries.count().saturating_sub(1).to_string()));
        if let Some(option) = self.route.options.get(&last.element) {
            told.push(("x-portkey-last-used-option-index", option.clone()));
        }
    }
}
