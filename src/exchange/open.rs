//! How an attempt begins: a new exchange is read and finds its route, a waiting one goes on.

use super::{
    affinity,
    ask::{Ask, Head},
    client,
    effect::{Effect, Reply},
    event::{Event, Headers, Unexpected},
    life::{Exchange, Unclear},
    models, portkey,
    refuse::Refuse,
    settle::{Ending, refused, turned_away},
    stage::{Reading, Stage},
    turn::Turn,
    world::{Live, World},
};
use crate::{
    chat::{Fault, Kind},
    dialect::{Endpoint, Shape},
    graph::Walk,
    snapshot::{Client, Route, Version},
};
use bytes::Bytes;
use std::{sync::Arc, time::SystemTime};
use tokio::time::Instant;

/// The header by which Envoy joins the attempts of one exchange.
const EXCHANGE: &str = "x-attache-internal-exchange";
/// The header by which Envoy counts them.
const ATTEMPT: &str = "x-envoy-attempt-count";

/// What the head of a request opened.
#[derive(Debug)]
pub(super) enum Opened {
    /// A first attempt.
    New(Box<Fresh>),
    /// A further attempt of an exchange that waited.
    Resumed { exchange: Box<Exchange> },
}

/// A new exchange, of which only the head is known.
#[derive(Debug)]
pub(super) struct Fresh {
    id: String,
    head: Arc<Head>,
    live: Arc<Live>,
    started: Instant,
}

impl Stage {
    pub(super) async fn open(event: Event, world: &World, out: &mut Vec<Effect>) -> Result<Self, Unexpected> {
        match event {
            Event::RequestHead { headers, end } => {
                let pass = headers.text(ATTEMPT).and_then(|n| n.parse().ok()).unwrap_or(1);
                if pass > 1 {
                    Ok(resume(&headers, pass, world, out).await)
                } else {
                    Ok(begin(headers, end, world, out))
                }
            }
            Event::Gone => Ok(Self::Over),
            other => Err(Unexpected { got: other.name(), expects: "request_headers" }),
        }
    }
}

/// A further attempt: the exchange waits under its id, unless this process is not the one that began it.
async fn resume(headers: &Headers, pass: u32, world: &World, out: &mut Vec<Effect>) -> Stage {
    let Some(mut exchange) = world.parked.resume(headers.text(EXCHANGE).unwrap_or_default()).await else {
        let message = "the router restarted between two attempts of this request; send it again";
        return turn_away(headers, &Refuse::unavailable("exchange_lost", message.into()), world, out);
    };
    exchange.passes = pass;
    Stage::Reading(Reading::new(Opened::Resumed { exchange }))
}

fn begin(headers: Headers, end: bool, world: &World, out: &mut Vec<Effect>) -> Stage {
    let live = Arc::clone(&world.live());
    let started = Instant::now();
    let now = world.now();
    match open(&headers, end, (&live, world), now) {
        Err(why) => turn_away(&headers, &why, world, out),
        Ok(Open::Models(list)) => {
            out.push(Effect::Reply(list));
            Stage::Over
        }
        Ok(Open::Body(endpoint, key)) => {
            let id = id(&headers, world);
            let head = Arc::new(Head { headers, endpoint, key, now });
            Stage::Reading(Reading::new(Opened::New(Box::new(Fresh { id, head, live, started }))))
        }
    }
}

/// What the head of a first attempt asks for.
enum Open {
    /// The list of models, which needs no body.
    Models(Reply),
    /// Something that its body tells.
    Body(Endpoint, Option<Arc<Client>>),
}

fn open(
    headers: &Headers,
    end: bool,
    (live, world): (&Live, &World),
    now: SystemTime,
) -> Result<Open, Box<Refuse>> {
    if world.is_draining() {
        return Err(Refuse::shutting_down().into());
    }
    let path = headers.text(":path").unwrap_or_default();
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if headers.text(":method") == Some("GET") && Endpoint::lists_models(path) {
        let key = client::who(headers, live, now)?;
        return Ok(Open::Models(models::list(&live.snapshot, key.as_deref())));
    }
    let (endpoint, key) = Head::check(headers, live, now)?;
    if end {
        return Err(Refuse::bad_request("invalid_json", "the request has no body".into()).into());
    }
    Ok(Open::Body(endpoint, key))
}

/// The endpoint that the request's path names.
pub(super) fn endpoint(headers: &Headers) -> Option<Endpoint> {
    let path = headers.text(":path").unwrap_or_default();
    Endpoint::of_path(path.split_once('?').map_or(path, |(path, _)| path))
}

/// The id that Envoy gave the exchange; one of our own where there is no retry loop before us.
fn id(headers: &Headers, world: &World) -> String {
    let own = || format!("{:016x}{:016x}", world.dice(), world.dice());
    headers.text(EXCHANGE).map_or_else(own, str::to_owned)
}

/// Refuses a request for its head alone.
fn turn_away(headers: &Headers, why: &Refuse, world: &World, out: &mut Vec<Effect>) -> Stage {
    world.note(turned_away(id(headers, world), headers, world.now(), why));
    // who asks for nothing that is known here is told in OpenAI's words
    refuse(why, endpoint(headers).map_or(Shape::Plain, |endpoint| endpoint.shape), out)
}

fn refuse(why: &Refuse, shape: Shape, out: &mut Vec<Effect>) -> Stage {
    out.push(Effect::Reply(why.reply(shape)));
    Stage::Over
}

impl Reading {
    fn new(opened: Opened) -> Self {
        Self { opened, body: Vec::new() }
    }

    pub(super) async fn handle(
        mut self,
        event: Event,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Result<Stage, Unexpected> {
        match event {
            Event::RequestBody { bytes, end } => {
                match self.opened {
                    // the exchange has it already
                    Opened::Resumed { .. } => {}
                    Opened::New(_) if self.body.is_empty() => self.body = bytes,
                    Opened::New(_) => self.body.extend_from_slice(&bytes),
                }
                Ok(self.take(end, world, out).await)
            }
            Event::RequestTrailers => {
                let next = self.take(true, world, out).await;
                if let Some(Effect::Forward(forward)) = out.last_mut() {
                    forward.end = false;
                    out.push(Effect::RequestTrailers);
                }
                Ok(next)
            }
            Event::Gone => {
                self.opened.dropped(world).await;
                Ok(Stage::Over)
            }
            other => {
                self.opened.dropped(world).await;
                Err(Unexpected { got: other.name(), expects: "request_body" })
            }
        }
    }

    /// The body has grown; when it is whole, the request goes on.
    async fn take(self, end: bool, world: &World, out: &mut Vec<Effect>) -> Stage {
        match self.opened {
            Opened::New(fresh) if self.body.len() > fresh.live.settings.limits.max_body => {
                let why = Refuse::too_large(fresh.live.settings.limits.max_body);
                turn_away(&fresh.head.headers, &why, world, out)
            }
            opened if !end => Stage::Reading(Self { opened, ..self }),
            Opened::New(fresh) => {
                let shape = fresh.head.endpoint.shape;
                match Exchange::begin(*fresh, self.body, world).await {
                    Ok(Began::Exchange(exchange)) => exchange.launch(world, out).await,
                    Ok(Began::Counted(reply)) => {
                        out.push(Effect::Reply(reply));
                        Stage::Over
                    }
                    Err(why) => refuse(&why, shape, out),
                }
            }
            // that Envoy comes again tells that the provider's connection broke
            Opened::Resumed { exchange } if exchange.unclear.is_some() => {
                exchange.fail_here(Fault::new(Kind::Reset), world, out).await
            }
            Opened::Resumed { exchange } => exchange.launch(world, out).await,
        }
    }
}

impl Opened {
    async fn dropped(self, world: &World) {
        if let Self::Resumed { exchange } = self {
            exchange.settle(Ending::CANCELLED, world).await;
        }
    }
}

/// What a request that was read begins.
enum Began {
    Exchange(Box<Exchange>),
    /// A count of its tokens, for which nobody is called.
    Counted(Reply),
}

impl Exchange {
    async fn begin(fresh: Fresh, body: Vec<u8>, world: &World) -> Result<Began, Box<Refuse>> {
        let Fresh { id, head, live, started } = fresh;
        let refused = |asked: &str, why: Box<Refuse>| {
            world.note(refused(id.clone(), &head, asked.to_owned(), &why));
            why
        };
        let body = Bytes::from(body);
        let kept = live.settings.replay.keeps(body.len()).then(|| body.clone());
        let ask = Ask::read(Arc::clone(&head), body, &live, world.dice()).map_err(|why| refused("", why))?;
        let found = find(&ask, &live).map_err(|why| refused(&ask.model, why))?;
        if head.endpoint.shape == Shape::Count {
            return Ok(Began::Counted(ask.count()));
        }
        let mut ask = ask;
        let (route, affinity) = match found {
            Found::Version(version) => (version, None),
            Found::Route(route, asked) => {
                affinity::version(&mut ask, (&route, asked.as_ref()), (&live, world)).await
            }
        };
        let kept = kept.filter(|_| route.is_of_route());
        world.began();
        let walk = Walk::new(&route.program);
        Ok(Began::Exchange(Box::new(Self {
            id,
            ask,
            live,
            route,
            walk,
            attempts: Vec::new(),
            limits: Vec::new(),
            cooling: Vec::new(),
            passes: 1,
            unclear: None,
            started,
            first_content: None,
            affinity,
            kept,
            settled: false,
        })))
    }

    /// Sends the request on to the model at which the walk waits, or ends.
    async fn launch(mut self: Box<Self>, world: &World, out: &mut Vec<Effect>) -> Stage {
        match self.advance(world).await {
            Turn::Call { .. } => self.call(world, out).await,
            Turn::End(why) => self.finish(why, world, out).await,
        }
    }

    /// A break that only this new attempt has brought to light: what comes next happens in it.
    async fn fail_here(mut self: Box<Self>, fault: Fault, world: &World, out: &mut Vec<Effect>) -> Stage {
        // the answer had been let pass, but broke before Envoy passed any of it on: the walk has its answer, and is over
        if let Some(Unclear::Passed(ending)) = self.unclear.take() {
            let refuse = Refuse::failed(502, "stream_broken", "the provider's connection broke".into());
            let mut reply = refuse.reply(self.ask.head.endpoint.shape);
            reply.headers.extend(self.told());
            out.push(Effect::Reply(reply));
            self.did_badly(&fault, true, world);
            self.close_attempt(Some(fault));
            self.settle(Ending { status: refuse.status, ..ending }, world).await;
            return Stage::Over;
        }
        match self.next_turn(fault, world).await {
            Turn::Call { .. } => self.call(world, out).await,
            Turn::End(why) => self.finish(why, world, out).await,
        }
    }
}

/// What the request's model names.
pub(super) enum Found {
    /// A graph that stands alone.
    Version(Arc<Version>),
    /// A route, and the version of it that the request asks for.
    Route(Arc<Route>, Option<Arc<Version>>),
}

/// The version that answers who has no session.
pub(super) fn route(ask: &Ask, live: &Live) -> Result<Arc<Version>, Box<Refuse>> {
    Ok(match find(ask, live)? {
        Found::Version(version) | Found::Route(_, Some(version)) => version,
        Found::Route(route, None) => Arc::clone(route.choose(ask)),
    })
}

fn find(ask: &Ask, live: &Live) -> Result<Found, Box<Refuse>> {
    if let Some(inline) = portkey::inline(ask, live) {
        return inline.map(Found::Version);
    }
    if let Some(name) = ask.model.strip_prefix("dynamic/") {
        return named(name, ask, live);
    }
    let logical = ask.head.key.as_ref().and_then(|key| key.logical.get(&ask.model));
    match logical {
        Some(route) => Ok(Found::Route(Arc::clone(route), None)),
        None => direct(ask, live).map(Found::Version),
    }
}

fn named(name: &str, ask: &Ask, live: &Live) -> Result<Found, Box<Refuse>> {
    let (name, pin) =
        name.split_once("@v").or_else(|| name.split_once('@')).map_or((name, None), |(n, v)| (n, Some(v)));
    ask.may_call(name)?;
    let route = live.snapshot.routes.get(name).ok_or_else(|| unknown_route(name, ask, live))?;
    let asked = |number| route.version(number).ok_or_else(|| unknown_version(route, number));
    let asked = pin.map(asked).transpose()?.map(Arc::clone);
    Ok(Found::Route(Arc::clone(route), asked))
}

fn unknown_route(name: &str, ask: &Ask, live: &Live) -> Box<Refuse> {
    let snapshot = &live.snapshot;
    let refuse = if snapshot.not_live.iter().any(|n| n == name) {
        let message = format!("the route `{name}` has no valid version; `attache check` says why");
        Refuse::unavailable("route_not_live", message)
    } else {
        let known = snapshot.routes.keys().map(String::as_str).filter(|route| ask.may_call(route).is_ok());
        let message =
            format!("there is no route `{name}`; there are: {}", known.collect::<Vec<_>>().join(", "));
        Refuse::not_found("route_not_found", message)
    };
    refuse.param("model").into()
}

fn unknown_version(route: &Route, number: &str) -> Box<Refuse> {
    let callable: Vec<_> = route.versions().map(|version| version.number.as_str()).collect();
    let message = format!(
        "version {number} of the route `{}` can not be called; these can, the live one first: {}. A version of the store that is pinned (PUT /api/v1/routes/{{id}}/pins/{{version}}) stays callable",
        route.name,
        callable.join(", ")
    );
    Refuse::not_found("version_not_found", message).param("model").into()
}

/// A model that is named directly, as `provider/model`.
fn direct(ask: &Ask, live: &Live) -> Result<Arc<Version>, Box<Refuse>> {
    let target =
        ask.model.split_once('/').filter(|(provider, _)| live.snapshot.providers.contains_key(*provider));
    let Some((provider, model)) = target else {
        let message = format!(
            "there is no model `{}`; name a route as `dynamic/<route>`, or a model as `<provider>/<model>` with one of the configured providers",
            ask.model
        );
        return Err(Refuse::not_found("model_not_found", message).param("model").into());
    };
    if model.contains(char::is_control) {
        let message = "a model's name has no control characters".to_owned();
        return Err(Refuse::not_found("model_not_found", message).param("model").into());
    }
    if ask.head.key.as_ref().is_some_and(|key| !key.allows_model(&ask.model)) {
        let message = format!("this client key may not name the model `{}` directly", ask.model);
        return Err(Refuse::forbidden("model_not_allowed", message).param("model").into());
    }
    Ok(Arc::new(Version::direct(provider, model)))
}
