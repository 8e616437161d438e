//! How long a store takes that holds a lot: `cargo test --release --test it store::pace -- --ignored --nocapture`.

use super::place::{Place, ann, draft};
use attache::store::{Page, Published};
use serde_json::json;
use std::{
    fmt::Write,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const ROUTES: usize = 10_000;
const VERSIONS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures, and takes its time"]
async fn ten_thousand_routes_of_twenty_versions() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), Instant::now());
    make_dump(&folder);
    println!("dump made in {:.1?}", rows.elapsed());
    for (engine, place) in [("SQLite", Place::sqlite()), ("PostgreSQL", Place::postgres().await)] {
        let store = place.store();
        let began = Instant::now();
        let dump = tokio::fs::File::open(folder.path().join("dump")).await.unwrap();
        let rows = store.load(tokio::io::BufReader::new(dump)).await.unwrap();
        println!("{engine}: {rows} rows loaded in {:.1?}", began.elapsed());
        println!("{engine}: {} MB", place.size().await >> 20);
        let page = |page| Page { page, per_page: 50 };
        let list = |number, name| {
            let store = store.clone();
            async move { store.routes(page(number), name).await.unwrap().items.len() }
        };
        measure(engine, "first page", || list(1, None)).await;
        measure(engine, "last page", || list(200, None)).await;
        measure(engine, "first page by name", || list(1, Some("route-777"))).await;
        let one = store.routes(page(100), None).await.unwrap().items[0].0.id.clone();
        measure(engine, "one route", || async { store.route(&one).await.unwrap() }).await;
        measure(engine, "its versions", || async { store.versions(&one, page(1)).await.unwrap() }).await;
        measure(engine, "the audit log", || async {
            store.audit(&Default::default(), page(1)).await.unwrap()
        })
        .await;
        measure(engine, "a version made", || async {
            store.create_version(ann(), &one, &draft("x")).await.unwrap()
        })
        .await;
        measure(engine, "a deployment", || async { store.deploy(ann(), &one, 3, None).await.unwrap() }).await;
        measure(engine, "change()", || async { store.change().await.unwrap() }).await;
        measure(engine, "published(nothing)", || async {
            store.published(&Published::default()).await.unwrap()
        })
        .await;
        let known = store.published(&Published::default()).await.unwrap();
        measure(engine, "published(all)", || async { store.published(&known).await.unwrap() }).await;
        let began = Instant::now();
        store.dump(&mut tokio::io::sink()).await.unwrap();
        println!("{engine}: dumped in {:.1?}", began.elapsed());
    }
}

/// Prints the median and the worst of some runs.
async fn measure<T, F: Future<Output = T>>(engine: &str, what: &str, mut run: impl FnMut() -> F) {
    let mut took = Vec::<Duration>::new();
    for _ in 0..11 {
        let began = Instant::now();
        std::hint::black_box(run().await);
        took.push(began.elapsed());
    }
    took.sort();
    println!("{engine}: {what}: {:.1?}, at worst {:.1?}", took[5], took[10]);
}

fn make_dump(folder: &TempDir) {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::fs::File::create(folder.path().join("dump")).unwrap());
    let mut line = |value: serde_json::Value| writeln!(out, "{value}").unwrap();
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
                "author": "ann", "comment": "why", "created_at": 1, "elements": elements(route, number),
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

/// A document of about a kilobyte.
fn elements(route: usize, number: usize) -> String {
    let mut text = String::from(r#"[{"id":"start","type":"start","outputs":{"next":{"elementId":"m0"}}}"#);
    for i in 0..6 {
        write!(text, r#",{{"id":"m{i}","type":"model","properties":{{"provider":"p{route}","model":"m{number}","timeout":30000,"retries":2}},"outputs":{{"success":{{"elementId":"end"}}}}}}"#).unwrap();
    }
    text.push(']');
    text
}
