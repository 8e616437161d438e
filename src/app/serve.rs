//! `attache serve`: builds the world, opens the doors, and closes them in order.

use super::{Failure, counters::Counters, dice, follow, load, now, people::People, publish::Hands, runtime};
use crate::{
    config::{self, Config},
    engine::{Engine, Standing},
    exchange::{Live, World},
    extproc::{self, Door},
    ledger::{self, Ledger, Memory},
    provider::health::share,
    session,
    snapshot::Snapshot,
    telemetry::{self, Telemetry},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{Instant, interval, sleep, timeout},
};

/// How often abandoned walks are looked for.
const SWEEP: Duration = Duration::from_millis(500);
/// How often a process that is shutting down looks whether its exchanges have ended.
const DRAIN: Duration = Duration::from_millis(20);

pub(super) fn run(path: &Path) -> Result<(), Failure> {
    let config = load(path)?;
    telemetry::log::init(&config.log).map_err(|error| Failure::Said(error.to_string()))?;
    runtime()?.block_on(serve(path.to_owned(), config))
}

async fn serve(path: PathBuf, config: Config) -> Result<(), Failure> {
    let telemetry = Arc::new(Telemetry::start(&config.telemetry));
    let (world, memory) = world(&config, &telemetry);
    let world = Arc::new(world);
    let extproc = config.extproc.clone();
    let door =
        Door::open(&extproc.listen).await.map_err(|e| Failure::Said(format!("listen.extproc: {e}")))?;
    let hands = Hands::new(&config, &world, &telemetry)?;
    let counters = match memory {
        Some(memory) => Some(Counters::resume(memory, hands.store.clone(), &extproc.listen).await),
        None => None,
    };
    let people = People::open(config, hands).await?;
    let address = people.address;
    let _watcher = follow::files(path, Arc::clone(&people.publisher)).await?;

    let (stop, stopped) = watch::channel(());
    let health = tonic_health::server::HealthReporter::new();
    let store = tokio::spawn(people.follower().follow());
    let people = tokio::spawn(people.serve(closed(stopped.clone())));
    let sweeper = tokio::spawn(sweep(Arc::clone(&world)));
    let keeper = counters.clone().map(|counters| tokio::spawn(counters.keep()));
    let envoy = tokio::spawn(serve_envoy(door, extproc.clone(), Arc::clone(&world), health.clone(), stopped));
    tracing::info!(admin = %address, extproc = ?extproc.listen, "serving");

    asked_to_stop().await?;
    drain(&world, &health, extproc.drain).await;
    drop(stop);
    let ended = close(envoy, &world).await;
    sweeper.abort();
    if let (Some(keeper), Some(counters)) = (keeper, counters) {
        keeper.abort();
        counters.write().await;
    }
    store.abort();
    people.abort();
    telemetry.stop().await;
    ended
}

/// Closes Envoy's door: what is still open now has had its time.
async fn close(door: JoinHandle<Result<(), tonic::transport::Error>>, world: &World) -> Result<(), Failure> {
    let ended = timeout(Duration::from_secs(1), door).await;
    tracing::info!(in_flight = world.in_flight(), "stopped");
    match ended {
        Ok(Ok(Err(error))) => Err(Failure::Said(format!("Envoy's door failed: {error}"))),
        _ => Ok(()),
    }
}

/// The world, and its counters where they are in this process.
fn world(config: &Config, telemetry: &Arc<Telemetry>) -> (World, Option<Arc<Memory>>) {
    let config::Ledger { at, engine, counters, prefix } = config.ledger.clone();
    let engine = at.map(|address| Engine::start(address, engine));
    let (ledger, memory): (Arc<dyn Ledger>, _) = match &engine {
        Some(engine) => (ledger::Redis::new(Arc::clone(engine), counters, &prefix), None),
        None => {
            let memory = Arc::new(Memory::new(counters).kept());
            (Arc::clone(&memory) as _, Some(memory))
        }
    };
    if let Some(engine) = &engine {
        drop(tokio::spawn(tell(engine.address().to_string(), engine.standing(), Arc::clone(telemetry))));
    }
    let live = Live { snapshot: Arc::new(Snapshot::empty(now())), settings: config.exchange.clone() };
    let telemetry = Arc::clone(telemetry);
    let world = World::new(live, ledger, move |record| telemetry.record(record), now, dice);
    if let Some(engine) = &engine {
        world.sessions.share(Arc::clone(engine) as Arc<dyn session::Shared>, &prefix);
        drop(tokio::spawn(share(Arc::clone(&world.health), Arc::clone(engine), prefix)));
    }
    (world.sharing(engine), memory)
}

/// Tells how it stands with the engine, whenever that changes.
async fn tell(address: String, mut standing: watch::Receiver<Standing>, telemetry: Arc<Telemetry>) {
    loop {
        let here = match &*standing.borrow_and_update() {
            Standing::Here => true,
            Standing::Away { why } => {
                tracing::warn!(address, why, "the ledger's engine is away; each limit's `onError` decides");
                false
            }
        };
        if here {
            tracing::info!(address, "the ledger's engine is here");
        }
        telemetry.ledger(here);
        if standing.changed().await.is_err() {
            return;
        }
    }
}

async fn serve_envoy(
    door: Door,
    settings: extproc::Settings,
    world: Arc<World>,
    health: tonic_health::server::HealthReporter,
    stopped: watch::Receiver<()>,
) -> Result<(), tonic::transport::Error> {
    extproc::serve(door, &settings, world, health, closed(stopped)).await
}

async fn sweep(world: Arc<World>) {
    let mut tick = interval(SWEEP);
    loop {
        tick.tick().await;
        world.sweep().await;
    }
}

/// Refuses new exchanges, and waits for those under way.
async fn drain(world: &World, health: &tonic_health::server::HealthReporter, limit: Duration) {
    world.drain();
    health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    tracing::info!(in_flight = world.in_flight(), limit_seconds = limit.as_secs(), "draining");
    let deadline = Instant::now() + limit;
    while world.in_flight() > 0 && Instant::now() < deadline {
        sleep(DRAIN).await;
    }
}

async fn closed(mut stop: watch::Receiver<()>) {
    // an error means that the sender is gone, which is the sign
    while stop.changed().await.is_ok() {}
}

async fn asked_to_stop() -> Result<(), Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
