//! What is kept of requests, and what they would have done in another version.

use super::*;
use crate::{
    exchange::{Effect, Event, Headers, Live, Settings, Stage},
    graph::Known,
    ledger::{self, Memory},
    provider::{Dialect, Prices, Provider},
    snapshot::{Snapshot, Sources, build},
    store::{Document, Published},
};
use serde_json::{Value, json};
use std::time::SystemTime;

/// Who has paid gets `good`, then `fine`; all others get `fine`.
fn document(models: [&str; 2]) -> Value {
    let to = |id: &str| json!({"elementId": id});
    let model = |id: &str, retries: u32| {
        json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id, "retries": retries},
               "outputs": {"success": to("end"), "fallback": to("fine")}})
    };
    let [paid, others] = models;
    let mut elements = vec![
        json!({"id": "start", "type": "start", "outputs": {"next": to("paid")}}),
        json!({"id": "paid", "type": "conditional", "properties": {"conditions": {"plan": "paid"}},
               "outputs": {"true": to(paid), "false": to(others)}}),
        json!({"id": "fine", "type": "model", "properties": {"provider": "p", "model": "fine"},
               "outputs": {"success": to("end")}}),
        json!({"id": "end", "type": "end"}),
    ];
    elements.extend(
        [("good", 1), ("best", 0)].iter().filter(|(id, _)| models.contains(id)).map(|(id, n)| model(id, *n)),
    );
    json!({"name": "r", "elements": elements})
}

fn program(models: [&str; 2]) -> Program {
    Program::read(document(models).to_string().as_bytes(), Known::Anything).unwrap()
}

/// A world whose route asks `good` or `fine`.
fn world(settings: Settings) -> World {
    let document = document(["good", "fine"]).to_string().into_bytes();
    let sources = Sources {
        documents: &[Document { file: "r.json".into(), bytes: document }],
        published: &Published::default(),
        keys: &[],
        providers: &[Provider::new("p", Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap())],
        prices: &Prices::default(),
    };
    let snapshot = build(&sources, &Snapshot::empty(SystemTime::UNIX_EPOCH), SystemTime::UNIX_EPOCH);
    let live = Live { snapshot: Arc::new(snapshot), settings };
    let ledger = Arc::new(Memory::new(ledger::Settings::default()));
    World::new(live, ledger, drop, || SystemTime::UNIX_EPOCH, || 4)
}

/// Serves a request; every model answers with the next of these statuses.
async fn serve(world: &World, id: &str, plan: &str, statuses: &[&str]) {
    let mut statuses = statuses.iter();
    for pass in 1..9 {
        let pass = pass.to_string();
        let metadata = json!({"plan": plan}).to_string();
        let headers = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            ("x-attache-internal-exchange", id),
            ("x-envoy-attempt-count", &pass),
            ("authorization", "Bearer secret"),
            ("cookie", "secret"),
            ("x-attache-metadata", &metadata),
        ];
        let mut effects = Vec::new();
        let mut stage = Stage::Opening;
        let bytes = br#"{"model":"dynamic/r"}"#.to_vec();
        let mut events = vec![
            Event::RequestHead { headers: self::headers(&headers), end: false },
            Event::RequestBody { bytes, end: true },
        ];
        while !stage.is_over() {
            if events.is_empty() && matches!(stage, Stage::Pausing(_)) {
                events.push(Event::Deadline);
            } else if events.is_empty() {
                let head = [(":status", *statuses.next().unwrap()), ("content-type", "application/json")];
                events.push(Event::AnswerHead { headers: self::headers(&head), end: false });
                events.push(Event::AnswerBody { bytes: br#"{"choices":[]}"#.to_vec(), end: true });
            }
            stage = stage.handle(events.remove(0), world, &mut effects).await.unwrap();
        }
        if !effects.iter().any(|effect| matches!(effect, Effect::Next(_))) {
            return;
        }
    }
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

fn edges(replay: &Replay) -> Vec<(String, usize, usize)> {
    replay.edges.iter().map(|edge| (format!("{} {}", edge.from, edge.to), edge.before, edge.after)).collect()
}

#[tokio::test(start_paused = true)]
async fn requests_are_walked_again_with_what_was_seen() {
    let world = world(Settings::open());
    serve(&world, "one", "paid", &["503", "200"]).await;
    serve(&world, "two", "paid", &["503", "503", "200"]).await;
    serve(&world, "three", "free", &["200"]).await;
    let same = world.replay("r", &program(["good", "fine"]));
    assert_eq!((same.requests, same.changed, same.changes.len()), (3, 0, 0));
    let way = |way: &str, before, after| (way.to_owned(), before, after);
    assert_eq!(
        edges(&same),
        [
            way("fine end", 2, 2),
            way("good end", 1, 1),
            way("good fine", 1, 1),
            way("paid fine", 1, 1),
            way("paid good", 2, 2),
            way("start paid", 3, 3),
        ]
    );
    // `best` was never asked, and answers; `fine` does what it did
    let other = world.replay("r", &program(["fine", "best"]));
    assert_eq!((other.requests, other.changed), (3, 3));
    let exchanges: Vec<_> = other.changes.iter().map(|change| &*change.exchange).collect();
    assert_eq!(exchanges, ["three", "two", "one"], "the newest first");
    let change = &other.changes[1];
    assert_eq!(change.before, ["start", "paid", "good", "fine", "end"]);
    assert_eq!(change.after, ["start", "paid", "fine", "end"]);
    assert_eq!(other.changes[0].after_target.as_deref(), Some("p/best"));
    assert_eq!((change.before_target.as_deref(), &*change.at), (Some("p/fine"), "1970-01-01T00:00:00Z"));
    assert_eq!(world.replay("s", &program(["good", "fine"])), Replay::default());
}

#[tokio::test(start_paused = true)]
async fn what_was_passed_over_then_is_passed_over_again() {
    let mut settings = Settings::open();
    settings.health.min_requests = 2;
    let world = world(settings);
    serve(&world, "one", "paid", &["500", "500", "200"]).await;
    serve(&world, "two", "paid", &["200"]).await;
    let conditions = world.health.conditions(&world.live().settings.health);
    let same = world.replay("r", &program(["good", "fine"]));
    let ways = edges(&same);
    assert!(ways.contains(&("good fine".into(), 2, 2)), "it was cooling: {ways:?}");
    assert!(!ways.iter().any(|(way, ..)| way == "good end"), "{ways:?}");
    assert_eq!(world.health.conditions(&world.live().settings.health), conditions, "nothing is counted");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_has_no_credential_and_an_end() {
    let mut settings = Settings::open();
    settings.replay.requests = 2;
    let world = world(settings);
    for id in ["one", "two", "three"] {
        serve(&world, id, "free", &["200"]).await;
    }
    let kept = world.recent.of("r");
    assert_eq!(kept.iter().map(|kept| &*kept.exchange).collect::<Vec<_>>(), ["three", "two"]);
    let told = format!("{kept:?}");
    assert!(
        !told.contains("secret") && !told.contains("cookie") && !told.contains("115, 101, 99, 114"),
        "{told}"
    );
    let mut settings = Settings::open();
    settings.replay.requests = 0;
    world.publish(Live { snapshot: Arc::clone(&world.live().snapshot), settings });
    assert!(world.recent.of("r").is_empty());
    serve(&world, "four", "free", &["200"]).await;
    assert!(world.recent.of("r").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_not_kept() {
    let mut settings = Settings::open();
    settings.replay.bytes = 8;
    let world = world(settings);
    serve(&world, "one", "free", &["200"]).await;
    assert!(world.recent.of("r").is_empty());
}
