//! How long a store takes that holds a lot, and how long the world takes that is built of it: 10,000 routes of 20 versions,
//! on SQLite and on PostgreSQL (`POSTGRES_BIN` names its programs). Medians of 11 runs, each with its worst.
#![expect(clippy::print_stdout, reason = "a bench is there to print its figures")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails says so by ending")]
#[path = "../tests/it/house/postgres.rs"]
#[expect(dead_code, clippy::panic, reason = "the tests' own server, which they also kill")]
mod postgres;

use attache::{
    provider::{Dialect, Prices, Provider},
    snapshot::{Snapshot, Sources, build},
    store::{Actor, Draft, EventFilter, Page, Published, Store, Write},
};
use serde_json::{Value, json};
use std::{
    fs::File,
    hint::black_box,
    io::{BufWriter, Write as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::io::{BufReader, sink};

/// How long PostgreSQL may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
const ROUTES: usize = 10_000;
const VERSIONS: usize = 20;
const RUNS: usize = 11;

fn main() {
    let (folder, server) = (tempfile::tempdir().unwrap(), postgres::Postgres::start("fsync = off"));
    make_dump(&folder.path().join("dump"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let file = folder.path().join("attache.db");
        for url in [format!("sqlite:{}", file.display()), server.url("postgres")] {
            let store = Store::new(&url, now).unwrap();
            let dump = tokio::fs::File::open(folder.path().join("dump")).await.unwrap();
            let (rows, took) = timed(async || store.load(BufReader::new(dump)).await.unwrap()).await;
            println!("{}: {rows} rows loaded in {took:.1?}", store.kind());
            measure_store(&store).await;
            measure_world(&store).await;
        }
    });
}

async fn measure_store(store: &Store) {
    let (engine, actor) = (store.kind(), Actor { id: "a".into(), name: "ann".into() });
    let page = |page| Page { page, per_page: 50 };
    measure(engine, "list: first page", async || store.routes(page(1), None).await.unwrap()).await;
    measure(engine, "list: last page", async || store.routes(page(200), None).await.unwrap()).await;
    measure(engine, "list: by a part of names", async || store.routes(page(1), Some("777")).await.unwrap())
        .await;
    measure(engine, "one route by its name", async || store.route_named("route-77").await.unwrap()).await;
    let id = store.route_named("route-77").await.unwrap().0.id;
    measure(engine, "its versions", async || store.versions(&id, page(1)).await.unwrap()).await;
    measure(engine, "the audit log", async || store.audit(&EventFilter::default(), page(1)).await.unwrap())
        .await;
    let draft = Draft { elements: elements(0, 0).to_string(), valid: true, comment: None };
    let write = Write::by(&actor);
    measure(engine, "a version made", async || store.create_version(write, &id, &draft).await.unwrap()).await;
    measure(engine, "a deployment", async || store.deploy(write, &id, 3, None).await.unwrap()).await;
    measure(engine, "a look for changes", async || store.change().await.unwrap()).await;
    measure(engine, "a dump", async || store.dump(&mut sink()).await.unwrap()).await;
}

/// What a pair does when it starts, and when one of the routes has changed.
async fn measure_world(store: &Store) {
    let engine = store.kind();
    let nothing = Published::default();
    measure(engine, "all that is live, read", async || store.published(&nothing).await.unwrap()).await;
    let one = store.published(&nothing).await.unwrap();
    measure(engine, "the same, documents known", async || store.published(&one).await.unwrap()).await;
    let mut other = one.clone();
    let changed = Arc::make_mut(&mut other.routes[0]);
    changed.live = 0;
    changed.versions[0].number = 0;
    let providers = [Provider::new("mock", Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap())];
    let prices = Prices::default();
    let world = |published: &Published, last: &Snapshot| {
        let sources =
            Sources { documents: &[], published, keys: &[], providers: &providers, prices: &prices };
        build(&sources, last, SystemTime::UNIX_EPOCH)
    };
    let empty = Snapshot::empty(SystemTime::UNIX_EPOCH);
    let first = world(&one, &empty);
    assert_eq!((first.routes.len(), first.problems.len()), (ROUTES, 0));
    measure(engine, "a world, from nothing", async || world(&one, &empty)).await;
    measure(engine, "a world, one route changed", async || world(&other, &first)).await;
}

async fn measure<T>(engine: &str, what: &str, run: impl AsyncFn() -> T) {
    let mut took = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (done, time) = timed(&run).await;
        black_box(done);
        took.push(time);
    }
    took.sort();
    println!("{engine:<9} {what:<28} {:>9.1?}, at worst {:>9.1?}", took[RUNS / 2], took[RUNS - 1]);
}

async fn timed<T>(run: impl AsyncFnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = run().await;
    (done, began.elapsed())
}

fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "a bench has no other clock")]
    SystemTime::now()
}

fn make_dump(path: &Path) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut line = |value: Value| writeln!(out, "{value}").unwrap();
    line(json!({"attache_store": 1, "change": 220_000}));
    let id = |route: usize| format!("{:032x}", route * 7919 % ROUTES + 1);
    for route in 0..ROUTES {
        line(json!({"table": "routes", "row": {
            "id": id(route), "name": format!("route-{route}"), "created_at": 1, "modified_at": 1,
            "revision": VERSIONS + 1, "latest": VERSIONS, "deployment": 1,
        }}));
    }
    for route in 0..ROUTES {
        for number in 1..=VERSIONS {
            line(json!({"table": "versions", "row": {
                "route": id(route), "number": number, "hash": format!("{:064x}", route * 100 + number), "valid": 1,
                "author": "ann", "comment": "why", "created_at": 1, "elements": elements(route, number).to_string(),
            }}));
        }
    }
    for route in 0..ROUTES {
        line(json!({"table": "deployments", "row": {
            "route": id(route), "number": 1, "version": VERSIONS / 2, "author": "ann", "created_at": 1,
        }}));
    }
    for number in 1..=ROUTES * 20 {
        line(json!({"table": "audit", "row": {
            "number": number, "at": 1_700_000_000_000_u64, "actor_id": "a", "actor_name": "ann", "action": "version.create",
            "kind": "route", "id": id(number % ROUTES), "name": "route", "was": "null", "became": r#"{"version":1}"#,
        }}));
    }
    line(json!({"rows": ROUTES * (VERSIONS + 2) + ROUTES * 20}));
}

/// A graph of about a kilobyte: six models, each the fallback of the one before.
fn elements(route: usize, number: usize) -> Value {
    let to = |id: String| json!({"elementId": id});
    let model = |i: usize| {
        let next = if i == 5 { "end".to_owned() } else { format!("m{}", i + 1) };
        json!({"id": format!("m{i}"), "type": "model",
            "properties": {"provider": "mock", "model": format!("{route}-{number}"), "timeout": 30000, "retries": 2},
            "outputs": {"success": to("end".to_owned()), "fallback": to(next)}})
    };
    let start = json!({"id": "start", "type": "start", "outputs": {"next": to("m0".to_owned())}});
    let end = json!({"id": "end", "type": "end", "outputs": {}});
    [start].into_iter().chain((0..6).map(model)).chain([end]).collect()
}
