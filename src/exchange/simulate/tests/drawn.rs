//! Graphs, requests and outcomes, drawn at random.

use crate::{
    chat::{Fault, Kind},
    exchange::{Event, Headers, Live, Settings},
    graph::Target,
    provider::{Credential, Dialect, Lack, Prices, Provider, Secret},
    snapshot::{KeyDocument, Snapshot, Sources, build},
    store::{Canary, Published, PublishedRoute, PublishedVersion, Terms},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(super) const PATH: &str = "/v1/chat/completions?a=b";
/// 20 hours and some after the epoch.
pub(super) const NOW: Duration = Duration::from_secs(72_345);

/// What a model does when it is asked: the model's name, the status and body of its answer, and what that means.
#[derive(Debug)]
pub(super) struct Behaviour {
    model: &'static str,
    status: &'static str,
    answer: &'static str,
    fault: Option<(Kind, Option<u16>)>,
}

const CONTENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n";
const WHOLE: &str = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;

const fn says(
    model: &'static str,
    status: &'static str,
    answer: &'static str,
    fault: Option<(Kind, Option<u16>)>,
) -> Behaviour {
    Behaviour { model, status, answer, fault }
}

/// Of `none` the provider has no credential, so it is never asked.
pub(super) const BEHAVIOURS: [Behaviour; 11] = [
    says("well", "200", "", None),
    says("good", "200", "", None),
    says("s503", "503", "{}", Some((Kind::Server, Some(503)))),
    says("s400", "400", "{}", Some((Kind::BadRequest, Some(400)))),
    says("s401", "401", "{}", Some((Kind::Auth, Some(401)))),
    says("s429", "429", "{}", Some((Kind::RateLimited, Some(429)))),
    says("s422", "422", "{}", Some((Kind::Unprocessable, Some(422)))),
    says("late", "", "", Some((Kind::Timeout, None))),
    says("empty", "200", "", Some((Kind::EmptyAnswer, None))),
    says("away", "503", "connection_failure", Some((Kind::Connect, None))),
    says("none", "", "", Some((Kind::NoCredential, None))),
];

/// A `retry-after` that nobody waits for.
const TOO_LONG: u64 = 100_000;

pub(super) fn behaviour(model: &str) -> &'static Behaviour {
    BEHAVIOURS.iter().find(|behaviour| behaviour.model == model).unwrap()
}

impl Behaviour {
    fn target(&self) -> Target {
        let provider = if self.model == "none" { "locked" } else { "p" };
        Target { provider: provider.into(), model: self.model.into() }
    }

    /// For a simulation.
    pub(super) fn faults(&self) -> Option<(Target, Fault)> {
        let (kind, status) = self.fault?;
        let retry_after = (self.model == "s429").then(|| Duration::from_secs(TOO_LONG));
        Some((self.target(), Fault { status, retry_after, ..Fault::new(kind) }))
    }

    /// For the stages of an exchange.
    pub(super) fn events(&self, stream: bool) -> Vec<Event> {
        let (form, text) = match (self.answer, stream, self.fault.is_none()) {
            (_, true, true) => ("text/event-stream", CONTENT),
            (_, false, true) => ("application/json", WHOLE),
            (answer, ..) => ("application/json", answer),
        };
        let mut headers = vec![(":status", self.status.to_owned()), ("content-type", form.to_owned())];
        match self.model {
            "late" => return vec![Event::Deadline],
            "s429" => headers.push(("retry-after", TOO_LONG.to_string())),
            "away" => headers.push(("x-attache-internal-local", self.answer.to_owned())),
            _ => {}
        }
        let headers: Headers =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        vec![Event::AnswerHead { headers, end: false }, Event::AnswerBody { bytes: text.into(), end: true }]
    }
}

/// An element; its outputs lead on by so many elements, or to the end where there are no more.
#[derive(Debug, Clone)]
enum Element {
    Conditional(Value, [usize; 2]),
    Percentage(&'static [&'static str], Option<&'static str>, Vec<usize>),
    Rate(&'static str, usize, Option<usize>),
    Model { model: usize, retries: u32, fallback_on: Option<&'static str>, fallback: Option<usize> },
}

const SHARES: [&[&str]; 4] =
    [&["10%", "else"], &["30%", "70%"], &["12.5%", "25%", "else"], &["0%", "50%", "50.0%"]];
const KEYS: [&str; 4] = ["metadata.user", "user,plan", "headers.x-team", "key.id"];

fn conditions() -> Vec<Value> {
    vec![
        json!({"plan": "paid"}),
        json!({"stream": true}),
        json!({"input.messages": {"$gt": 1}}),
        json!({"time.hour": {"$lt": 12}}),
        json!({"cel": "metadata.n > 3 || body.n == 2"}),
        json!({"$or": [{"headers.x-team": "red"}, {"model": {"$startsWith": "dynamic/"}}]}),
        json!({"body.temperature": {"$gte": 0.5}, "key.id": {"$exists": false}}),
        json!({"key.name": "Team"}),
    ]
}

fn element() -> impl Strategy<Value = Element> {
    let to = || 1_usize..5;
    prop_oneof![
        (select(conditions()), [to(), to()]).prop_map(|(condition, to)| Element::Conditional(condition, to)),
        (select(&SHARES[..]), option::of(select(&KEYS[..])), vec(to(), 3))
            .prop_map(|(shares, key, to)| Element::Percentage(shares, key, to)),
        (select(&KEYS[..]), to(), option::of(to())).prop_map(|(key, to, over)| Element::Rate(key, to, over)),
        (
            0..BEHAVIOURS.len(),
            0..3_u32,
            option::weighted(0.3, select(&["5xx", "4xx", "timeout"][..])),
            option::weighted(0.8, to())
        )
            .prop_map(|(model, retries, fallback_on, fallback)| Element::Model {
                model,
                retries,
                fallback_on,
                fallback
            }),
    ]
}

/// The elements as a document has them, but for those that nothing leads to.
fn elements(drawn: &[Element]) -> Value {
    let id = |at: usize| if at < drawn.len() { format!("e{at}") } else { "end".to_owned() };
    let mut all = vec![];
    for (at, element) in drawn.iter().enumerate() {
        let to = |by: &usize| json!({"elementId": id(at + by)});
        let (form, properties, outputs) = match element {
            Element::Conditional(conditions, [yes, no]) => {
                ("conditional", json!({"conditions": conditions}), json!({"true": to(yes), "false": to(no)}))
            }
            Element::Percentage(shares, key, by) => {
                let outputs = shares.iter().zip(by).map(|(share, by)| ((*share).to_owned(), to(by)));
                let properties = key.map(|key| json!({"key": key})).unwrap_or(json!({}));
                ("percentage", properties, outputs.collect::<Map<_, _>>().into())
            }
            Element::Rate(key, success, fallback) => {
                let mut outputs = json!({"success": to(success)});
                outputs.as_object_mut().unwrap().extend(fallback.map(|by| ("fallback".to_owned(), to(&by))));
                ("rate", json!({"key": key, "limit": 9, "limitType": "count", "window": 60}), outputs)
            }
            Element::Model { model, retries, fallback_on, fallback } => {
                let Target { provider, model } = BEHAVIOURS[*model].target();
                let mut properties = json!({"provider": provider, "model": model, "retries": retries});
                if let Some(trigger) = fallback_on {
                    properties["fallbackOn"] = json!([trigger]);
                }
                let mut outputs = json!({"success": {"elementId": "end"}});
                outputs.as_object_mut().unwrap().extend(fallback.map(|by| ("fallback".to_owned(), to(&by))));
                ("model", properties, outputs)
            }
        };
        all.push(json!({"id": id(at), "type": form, "properties": properties, "outputs": outputs}));
    }
    let mut reached = BTreeSet::from([id(0)]);
    for element in &all {
        if reached.contains(element["id"].as_str().unwrap()) {
            let to = element["outputs"].as_object().unwrap().values();
            reached.extend(to.map(|link| link["elementId"].as_str().unwrap().to_owned()));
        }
    }
    all.retain(|element| reached.contains(element["id"].as_str().unwrap()));
    all.insert(0, json!({"id": "start", "type": "start", "outputs": {"next": {"elementId": id(0)}}}));
    all.push(json!({"id": "end", "type": "end"}));
    all.into()
}

/// A route with a canary, a key with a logical name of its own, and a request.
#[derive(Debug, Clone)]
pub(super) struct Case {
    graphs: [Vec<Element>; 2],
    canary: (f64, Option<&'static str>),
    max_attempts: u32,
    model: &'static str,
    known: bool,
    metadata: (u8, bool),
    pub(super) stream: bool,
    pub(super) dice: u64,
    pub(super) over: HashSet<String>,
}

/// The route is called in every way, and models directly.
const MODELS: [&str; 8] =
    ["dynamic/r", "dynamic/r", "dynamic/r", "dynamic/r@v1", "dynamic/r@2", "chat", "own", "p/s503"];

pub(super) fn case() -> impl Strategy<Value = Case> {
    let graph = || vec(element(), 1..10);
    let canary = (select(&[1.0, 50.0, 99.0][..]), option::of(select(&KEYS[..])));
    let over = vec(any::<bool>(), 10).prop_map(|over| {
        over.iter().enumerate().filter(|(_, over)| **over).map(|(at, _)| format!("e{at}")).collect()
    });
    let request = (select(&MODELS[..]), any::<bool>(), (0..9_u8, any::<bool>()), any::<bool>(), any::<u64>());
    let settings = (canary, select(&[1, 2, 3, 32][..]));
    ([graph(), graph()], settings, request, over).prop_map(
        |(graphs, (canary, max_attempts), request, over)| {
            let (model, known, metadata, stream, dice) = request;
            Case {
                graphs,
                canary,
                max_attempts,
                model,
                known: known || !model.contains('/'),
                metadata,
                stream,
                dice,
                over,
            }
        },
    )
}

impl Case {
    pub(super) fn body(&self) -> String {
        let turns = usize::from(self.metadata.0 % 3);
        let messages = vec![json!({"role": "user", "content": "hi"}); turns];
        json!({"model": self.model, "stream": self.stream, "temperature": turns, "messages": messages})
            .to_string()
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let (n, paid) = self.metadata;
        let metadata = json!({"user": format!("u{n}"), "plan": if paid { "paid" } else { "free" }, "n": n});
        let team = if paid { "red" } else { "blue" };
        let key = self.known.then(|| ("authorization".to_owned(), "Bearer token".to_owned()));
        [("x-attache-metadata".to_owned(), metadata.to_string()), ("x-team".to_owned(), team.to_owned())]
            .into_iter()
            .chain(key)
    }

    pub(super) fn live(&self) -> Live {
        let version = |(number, graph): (u32, &Vec<Element>)| PublishedVersion {
            number,
            elements: elements(graph).to_string(),
            hash: number.to_string(),
        };
        let (percent, key) = self.canary;
        let route = PublishedRoute {
            id: "id".into(),
            name: "r".into(),
            live: 1,
            canary: Some(Canary { version: 2, percent, key: key.map(str::to_owned) }),
            versions: (1..).zip(&self.graphs).map(version).collect(),
        };
        let snapshot = build(
            &Sources {
                documents: &[],
                published: &Published { routes: vec![route.into()], ..Published::default() },
                keys: &[client()],
                providers: &providers(),
                prices: &Prices::default(),
            },
            &Snapshot::empty(SystemTime::UNIX_EPOCH),
            SystemTime::UNIX_EPOCH,
        );
        assert_eq!(snapshot.problems, []);
        let mut settings = Settings::open();
        settings.limits.max_attempts = self.max_attempts;
        Live { snapshot: Arc::new(snapshot), settings }
    }
}

fn providers() -> [Provider; 2] {
    let provider =
        |name: &str| Provider::new(name, Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap());
    let credential = Credential::Missing(Lack::Variable("KEY".into()));
    [provider("p"), Provider { credential, ..provider("locked") }]
}

/// A client whose metadata wins over the request's, with names of its own.
fn client() -> KeyDocument {
    let routing = json!({"strategy": "traffic_splitting", "key": "metadata.user", "entries": [
        {"name": "own", "provider": "p", "modelNameOverride": "s503", "weight": 3},
        {"name": "own", "provider": "p", "modelNameOverride": "well", "weight": 7},
        {"name": "chat", "route": "r"},
    ]});
    let metadata = json!({"plan": "paid"}).as_object().cloned().unwrap();
    let terms =
        Terms { metadata, routes: vec!["*".into()], models: vec!["*".into()], routing: Some(routing) };
    KeyDocument { id: "k".into(), name: "Team".into(), key: Secret::new("token"), terms, expires_at: None }
}
