//! `model`: one target, how often it is tried, and which failures leave by `fallback`.

use serde_json::{Map, Value};
use std::{fmt, str::FromStr, time::Duration};

use super::Part;
use crate::{
    chat::{Fault, Kind},
    graph::{
        Known,
        diagnostic::Code,
        reader::{Item, Object, whole},
    },
};

/// Milliseconds: one to an hour.
const MAX_TIMEOUT: u64 = 60 * 60 * 1000;
const MAX_RETRIES: u64 = 10;
/// Body fields that `params` leaves alone: the graph and the client decide them.
const RESERVED: [&str; 2] = ["model", "stream"];
/// The faults that are the client's own: another model would refuse the request too.
const CLIENTS_OWN: [Kind; 3] = [Kind::BadRequest, Kind::TooLarge, Kind::Unprocessable];
/// The entry of `fallbackOn` that lists every fault.
const ANY: &str = "any";

/// Where a model lives: the provider's name in attache.yaml, and the name that it knows the model by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The provider.
    pub provider: Box<str>,
    /// The model.
    pub model: Box<str>,
}

impl FromStr for Target {
    type Err = String;

    /// Reads `provider/model`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').filter(|(provider, model)| !provider.is_empty() && !model.is_empty());
        let (provider, model) = parts.ok_or_else(|| format!("`{text}` is no provider/model"))?;
        Ok(Self { provider: provider.into(), model: model.into() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// Body fields that a model element sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Set where the client did not.
    pub default: Map<String, Value>,
    /// Set whatever the client did; `null` removes the field.
    pub overriding: Map<String, Value>,
}

/// A target to be called. Answered with [`Walk::answered`](crate::graph::Walk::answered).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call<'a> {
    /// The id of the element.
    pub element: &'a str,
    /// What to call.
    pub target: &'a Target,
    /// To the first content of the answer: 1 ms to 1 h; `None` leaves it to the provider's settings.
    pub timeout: Option<Duration>,
    /// 0 is the first try of this element.
    pub retry: u32,
    /// Model elements tried before this one: 0 is the first model, 1 the first fallback.
    pub fallbacks: u32,
    /// Body fields to set.
    pub params: &'a Params,
    /// What the target can not express fails the call instead of being left out.
    pub strict: bool,
    /// The target is cooling and there is another: it is not to be called. Answered with a fault of [`Kind::Cooling`].
    pub cooling: bool,
}

#[derive(Debug)]
pub(in crate::graph) struct Model {
    pub(in crate::graph) target: Target,
    timeout: Option<Duration>,
    retries: u32,
    params: Params,
    strict: bool,
    /// `None`: all but the client's own faults.
    fallback_on: Option<Box<[Trigger]>>,
    pub(in crate::graph) success: usize,
    pub(in crate::graph) fallback: Option<usize>,
}

/// One entry of `fallbackOn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    Any,
    Status(u16),
    /// The first digit of a status.
    Class(u16),
    Fault(Kind),
}

impl Model {
    /// A model without any extras.
    pub(in crate::graph) fn plain(target: Target, success: usize) -> Self {
        let (timeout, fallback_on, fallback) = (None, None, None);
        Self {
            target,
            timeout,
            retries: 0,
            params: Params::default(),
            strict: false,
            fallback_on,
            success,
            fallback,
        }
    }

    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        let fields = &part.properties;
        fields.only(&["provider", "model", "timeout", "retries", "params", "strict", "fallbackOn"]);
        part.outputs.only(&["success", "fallback"]);
        let provider = fields.need("provider").and_then(|item| provider(&item, part.known));
        let model = fields.need("model").and_then(|item| item.word());
        let timeout = fields.maybe("timeout").map(|item| item.whole(1..=MAX_TIMEOUT, " milliseconds"));
        let retries = fields.maybe("retries").map_or(Some(0), |item| item.whole(0..=MAX_RETRIES, ""));
        let params = fields.maybe("params").map_or(Some(Params::default()), |item| Params::read(&item));
        let strict = fields.maybe("strict").map_or(Some(false), |item| item.boolean());
        let fallback_on = fields.maybe("fallbackOn").map(|item| triggers(&item));
        let success = part.outputs.need("success");
        Some(Self {
            target: Target { provider: provider?.into(), model: model?.into() },
            timeout: timeout.map_or(Some(None), |ms| ms.map(Some))?.map(Duration::from_millis),
            retries: u32::try_from(retries?).ok()?,
            params: params?,
            strict: strict?,
            fallback_on: fallback_on.map_or(Some(None), |list| list.map(Some))?,
            success: success?,
            fallback: part.outputs.maybe("fallback"),
        })
    }

    pub(super) fn links(&self) -> Vec<usize> {
        self.fallback.into_iter().chain([self.success]).collect()
    }

    /// The call of the `retry`-th try.
    pub(in crate::graph) fn call<'a>(&'a self, element: &'a str, retry: u32, fallbacks: u32) -> Call<'a> {
        let Self { target, timeout, params, strict, .. } = self;
        Call { element, target, timeout: *timeout, retry, fallbacks, params, strict: *strict, cooling: false }
    }

    /// Whether the same target is to be tried once more after its `retry`-th try failed.
    pub(in crate::graph) fn tries_again(&self, fault: &Fault, retry: u32) -> bool {
        fault.kind.is_transient() && retry < self.retries
    }

    /// The way on after the last try failed; `None` is the end.
    pub(in crate::graph) fn fallback(&self, fault: &Fault) -> Option<usize> {
        self.fallback.filter(|_| self.leaves(fault))
    }

    /// Whether another model may do better after this fault.
    pub(in crate::graph) fn leaves(&self, fault: &Fault) -> bool {
        match &self.fallback_on {
            // it was not called: nothing that is listed has happened
            _ if fault.kind == Kind::Cooling => true,
            None => !CLIENTS_OWN.contains(&fault.kind),
            Some(triggers) => triggers.iter().any(|trigger| trigger.fits(fault)),
        }
    }
}

impl Params {
    fn read(item: &Item<'_>) -> Option<Self> {
        let object = item.object()?;
        object.only(&["default", "override"]);
        let [default, overriding] = ["default", "override"].map(|name| fields(&object, name));
        Some(Self { default: default?, overriding: overriding? })
    }

    /// Whether there is nothing to set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.default.is_empty() && self.overriding.is_empty()
    }
}

fn fields(params: &Object<'_>, name: &str) -> Option<Map<String, Value>> {
    let Some(item) = params.maybe(name) else { return Some(Map::new()) };
    let object = item.object()?;
    for (key, field) in object.entries().filter(|(key, _)| RESERVED.contains(key)) {
        field.report(Code::ReservedParam, format!("`{key}` can not be set by `params`"));
    }
    item.value.as_object().cloned()
}

fn provider<'a>(item: &Item<'a>, known: Known<'_>) -> Option<&'a str> {
    let name = item.word()?;
    match known {
        Known::Providers(names) if !names.contains(&name) => {
            let message = format!("there is no provider `{name}`");
            item.to.unknown(Code::UnknownProvider, &item.place, message, (name, names.iter().copied()));
            None
        }
        _ => Some(name),
    }
}

fn triggers(item: &Item<'_>) -> Option<Box<[Trigger]>> {
    let read: Vec<_> = item.list()?.iter().map(Trigger::read).collect();
    read.into_iter().collect()
}

impl Trigger {
    fn read(item: &Item<'_>) -> Option<Self> {
        let found = match item.value {
            Value::String(word) => Self::named(word),
            number => whole(number).and_then(status),
        };
        if found.is_none() {
            let names = Kind::ALL.map(Kind::name).into_iter().chain([ANY]);
            let word = item.value.as_str().unwrap_or_default();
            let message = format!("{} names no failure", item.value);
            item.to.unknown(Code::BadTrigger, &item.place, message, (word, names));
        }
        found
    }

    fn named(word: &str) -> Option<Self> {
        let class = || word.strip_suffix("xx")?.parse().ok().filter(|class| (3..=5).contains(class));
        let fault = if word == ANY { Some(Self::Any) } else { word.parse().ok().map(Self::Fault) };
        fault.or_else(|| class().map(Self::Class)).or_else(|| word.parse().ok().and_then(status))
    }

    fn fits(self, fault: &Fault) -> bool {
        match self {
            Self::Any => true,
            Self::Status(status) => fault.status == Some(status),
            Self::Class(class) => fault.status.is_some_and(|status| status / 100 == class),
            Self::Fault(kind) => fault.kind == kind,
        }
    }
}

fn status(number: u64) -> Option<Trigger> {
    u16::try_from(number).ok().filter(|status| (300..600).contains(status)).map(Trigger::Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_fit_by_status_class_and_name() {
        for (word, fault, fits) in [
            ("503", Fault::of_status(503), true),
            ("503", Fault::of_status(500), false),
            ("5xx", Fault::of_status(529), true),
            ("5xx", Fault::of_status(429), false),
            ("5xx", Fault::new(Kind::Connect), false),
            ("connect", Fault::new(Kind::Connect), true),
            ("any", Fault::new(Kind::Connect), true),
            ("any", Fault::of_status(400), true),
            ("timeout", Fault::of_status(504), true),
            ("server_error", Fault::of_status(500), true),
            ("server_error", Fault::of_status(404), false),
        ] {
            assert_eq!(Trigger::named(word).unwrap().fits(&fault), fits, "{word} {fault:?}");
        }
        for word in ["", "200", "600", "2xx", "6xx", "xx", "5x", "+503x", "nonsense", "70000"] {
            assert_eq!(Trigger::named(word), None, "{word}");
        }
    }
}
