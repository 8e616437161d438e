//! Walks that call nobody: one request, made up; or the last ones, through another version.

use super::place::Id;
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        cloudflare::number,
        input::{Body, Path},
    },
    chat::Fault,
    exchange::{Live, Replay, Script, Simulation, Trace},
    graph::{Known, Target},
    snapshot::Version,
};
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use std::{collections::HashMap, sync::Arc, time::SystemTime};
use tokio::task;
use utoipa::ToSchema;

/// A walk to be made up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MadeUp {
    /// The request.
    request: MadeUpRequest,
    /// The name of the route to walk through, whatever the request's `model` says.
    route: Option<String>,
    /// A version of that route that need not be live.
    version_id: Option<String>,
    /// A document to walk through instead.
    #[schema(value_type = Option<Object>)]
    document: Option<Box<RawValue>>,
    /// The id of the client key that asks.
    key: Option<String>,
    /// How targets fail, as `"provider/model": "503"` or the name of a fault such as `timeout`; all others answer.
    #[serde(default)]
    fail: HashMap<String, String>,
    /// The ids of `rate` elements whose limit is exceeded.
    #[serde(default)]
    over_limit: Vec<String>,
    /// The targets that are cooling, as `provider/model`.
    #[serde(default)]
    cooling: Vec<String>,
    /// What chance rests on: the same number takes the same arms.
    #[serde(default)]
    dice: u64,
    /// When the request comes, in RFC 3339; now, if not given.
    #[schema(format = DateTime, value_type = Option<String>)]
    time: Option<Timestamp>,
}

/// A request that nobody made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MadeUpRequest {
    /// With the query.
    #[serde(default = "chat")]
    #[schema(default = "/v1/chat/completions")]
    path: String,
    /// By name.
    #[serde(default)]
    headers: HashMap<String, String>,
    /// What would stand in `x-attache-metadata`.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// The JSON body.
    #[schema(value_type = Object)]
    body: Map<String, Value>,
}

fn chat() -> String {
    "/v1/chat/completions".into()
}

/// Every step of a walk, with what it looked at and why it went on as it did; docs/simulate.md says what is in it.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct Walked(Trace);

impl MadeUp {
    fn simulation(&self, now: SystemTime) -> Simulation {
        let mut body = self.request.body.clone();
        if let Some(route) = &self.route {
            body.insert("model".into(), format!("dynamic/{route}").into());
        } else if self.document.is_some() {
            body.entry("model").or_insert_with(|| "dynamic/document".into());
        }
        let metadata =
            self.request.metadata.as_ref().map(|metadata| Value::Object(metadata.clone()).to_string());
        let metadata = metadata.map(|text| ("x-attache-metadata".to_owned(), text));
        let headers = self.request.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        Simulation {
            path: self.request.path.clone(),
            headers: metadata.into_iter().chain(headers).collect(),
            body: Value::Object(body).to_string().into_bytes(),
            key: self.key.clone(),
            dice: self.dice,
            now: self.time.map_or(now, SystemTime::from),
        }
    }

    fn script(&self) -> Result<Script, Failure> {
        let wrong = |why: String| Failure::at(Code::Invalid, &["body", "fail"], why);
        let fault = |(target, fault): (&String, &String)| {
            let target: Target = target.parse().map_err(wrong)?;
            let fault: Fault = fault.parse().map_err(wrong)?;
            Ok((target, fault))
        };
        let faults = self.fail.iter().map(fault).collect::<Result<_, Failure>>()?;
        let cooling = self.cooling.iter().map(|target| {
            target.parse().map_err(|why: String| Failure::at(Code::Invalid, &["body", "cooling"], why))
        });
        let over = self.over_limit.iter().cloned().collect();
        Ok(Script { faults, over, cooling: cooling.collect::<Result<_, _>>()? })
    }
}

/// Walk a made-up request through a route: every step, every value looked at, every reason. Nobody is called.
#[utoipa::path(post, path = "/simulate", tag = "routes", operation_id = "simulate", request_body = MadeUp,
    responses((status = 200, description = "The walk.", body = Answer<Walked>), Failures))]
pub(super) async fn simulate(
    State(office): State<Arc<Office>>,
    _: Caller,
    Body(made_up): Body<MadeUp>,
) -> Result<Answer<Walked>, Failure> {
    let live = Arc::clone(&office.world.live());
    let mut script = made_up.script()?;
    let simulation = made_up.simulation(office.world.now());
    let given = office.given(&made_up, &live).await?;
    // a request that is refused walks through nothing
    if let Some(version) = given.clone().or_else(|| simulation.route(&live).ok()) {
        script.fits(&version.program).map_err(|why| Failure::at(Code::Invalid, &["body"], why))?;
    }
    Ok(Answer::new(Walked(match given {
        Some(version) => simulation.run_through(&version, &live, &mut script),
        None => simulation.run(&live, &mut script),
    })))
}

/// What the recent requests would do with another version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Other {
    /// A version of the route.
    version_id: Option<String>,
    /// Elements instead.
    #[schema(value_type = Option<Vec<Object>>)]
    elements: Option<Box<RawValue>>,
}

/// How many requests take each edge, before and after; and those whose way would change.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct Replayed(Replay);

/// Walk the route's recent requests through another version, with what providers and limits said to them. Nobody is called.
#[utoipa::path(post, path = "/routes/{id}/replay", tag = "routes", operation_id = "replay", params(Id), request_body = Other,
    responses((status = 200, description = "What would change.", body = Answer<Replayed>), Failures))]
pub(super) async fn replay(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(Id { id }): Path<Id>,
    Body(other): Body<Other>,
) -> Result<Answer<Replayed>, Failure> {
    let (route, _) = office.store.route(&id).await?;
    let version = match (&other.version_id, &other.elements) {
        (Some(version_id), None) => office.version(&id, version_id).await?,
        (None, Some(elements)) => office.compiled(&route.name, "draft", elements.get())?,
        _ => {
            let message = "give either `version_id` or `elements`";
            return Err(Failure::at(Code::Invalid, &["body"], message));
        }
    };
    // it reads all those requests again: meanwhile others work on
    let replay = task::block_in_place(|| office.world.replay(&route.name, &version.program));
    Ok(Answer::new(Replayed(replay)))
}

impl Office {
    /// The version that a simulation names besides its request, if it names one.
    async fn given(&self, made_up: &MadeUp, live: &Live) -> Result<Option<Arc<Version>>, Failure> {
        match (&made_up.document, &made_up.route, &made_up.version_id) {
            (None, _, None) => Ok(None),
            (Some(document), None, None) => {
                let providers: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
                let read = Version::of_document(document.get().as_bytes(), Known::Providers(&providers));
                read.map(|version| Some(Arc::new(version)))
                    .map_err(|found| Failure::in_field("document", &found))
            }
            (None, Some(name), Some(version_id)) => {
                let (route, _) = self.store.route_named(name).await?;
                self.version(&route.id, version_id).await.map(Some)
            }
            _ => {
                let message = "give a `document`, or a `route` with or without a `version_id`, or neither";
                Err(Failure::at(Code::Invalid, &["body"], message))
            }
        }
    }

    /// A version of the store, compiled.
    async fn version(&self, id: &str, version_id: &str) -> Result<Arc<Version>, Failure> {
        let (route, version) = self.store.version(id, number(version_id)?).await?;
        self.compiled(&route.name, version_id, &version.elements)
    }

    fn compiled(&self, name: &str, version_id: &str, elements: &str) -> Result<Arc<Version>, Failure> {
        let live = self.world.live();
        let providers: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
        let read = Version::of_elements(name, version_id, elements, Known::Providers(&providers));
        read.map(Arc::new).map_err(|found| Failure::diagnostics(&found))
    }
}
