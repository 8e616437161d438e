//! Turns as they come: what each kind of client says of its conversation, and what is made of it.

use crate::{
    exchange::{Effect, Event, Headers, Live, Settings, Stage, World},
    graph::Target,
    ledger::{self, Memory},
    provider::{Dialect, Prices, Provider, health},
    snapshot::{Snapshot, Sources, build},
    store::{Document, Published},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";

/// A world with one route of two equal arms, and a die that falls the same in every run.
fn world() -> World {
    let split = json!({"id": "split", "type": "percentage", "outputs": {"50%": to("a"), "else": to("b")}});
    world_of("split", vec![split])
}

/// The same, where a limit stands before the arms and another in each.
fn world_of_limits() -> World {
    let limit = |id: &str, next: &str| {
        json!({"id": id, "type": "rate", "outputs": {"success": to(next)},
               "properties": {"key": "user", "limitType": "count", "limit": 100, "window": 60}})
    };
    let split =
        json!({"id": "split", "type": "percentage", "outputs": {"50%": to("of a"), "else": to("of b")}});
    world_of("all", vec![limit("all", "split"), split, limit("of a", "a"), limit("of b", "b")])
}

fn to(id: &str) -> Value {
    json!({"elementId": id})
}

fn world_of(first: &str, mut elements: Vec<Value>) -> World {
    let model = |id: &str| json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id}, "outputs": {"success": to("end")}});
    elements.push(json!({"id": "start", "type": "start", "outputs": {"next": to(first)}}));
    elements.extend([model("a"), model("b"), json!({"id": "end", "type": "end"})]);
    let document = json!({"name": "r", "elements": elements});
    let document = Document { file: "r.json".into(), bytes: document.to_string().into_bytes() };
    let provider = Provider::new("p", Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap());
    let (nothing, now) = (Snapshot::empty(SystemTime::UNIX_EPOCH), SystemTime::UNIX_EPOCH);
    let sources = Sources {
        documents: &[document],
        published: &Published::default(),
        keys: &[],
        providers: &[provider],
        prices: &Prices::default(),
    };
    let snapshot = build(&sources, &nothing, now);
    assert_eq!(snapshot.problems, []);
    let live = Live { snapshot: Arc::new(snapshot), settings: Settings::open() };
    let thrown = AtomicU64::new(0);
    let dice = move || {
        let mut bits = thrown.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    };
    let ledger = Arc::new(Memory::new(ledger::Settings::default()));
    World::new(live, ledger, drop, || SystemTime::UNIX_EPOCH, dice)
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

/// One turn; gives the model that was asked, and the answer.
async fn turn(world: &World, path: &str, more: &[(&str, &str)], body: Value) -> (String, Value) {
    let mut body = body;
    body["model"] = "dynamic/r".into();
    let mut head = vec![(":method", "POST"), (":path", path), ("content-type", "application/json")];
    head.extend(more);
    let request = [
        Event::RequestHead { headers: headers(&head), end: false },
        Event::RequestBody { bytes: body.to_string().into_bytes(), end: true },
    ];
    let (mut stage, mut out) = (Stage::Opening, Vec::new());
    for event in request {
        stage = stage.handle(event, world, &mut out).await.unwrap();
    }
    let forward = out.drain(..).find_map(|effect| match effect {
        Effect::Forward(forward) => Some(forward.body),
        _ => None,
    });
    let sent: Value = serde_json::from_slice(&forward.expect("the request is sent on")).unwrap();
    let asked = sent["model"].as_str().unwrap().to_owned();
    let said = format!("{asked} says {}", world.dice());
    let answer = match path {
        RESPONSES => {
            json!({"id": format!("resp_{said}"), "object": "response", "status": "completed", "model": asked,
            "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]}]})
        }
        _ => json!({"id": "c", "object": "chat.completion", "model": asked,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}]}),
    };
    let answered = [
        Event::AnswerHead {
            headers: headers(&[(":status", "200"), ("content-type", "application/json")]),
            end: false,
        },
        Event::AnswerBody { bytes: answer.to_string().into_bytes(), end: true },
    ];
    for event in answered {
        stage = stage.handle(event, world, &mut out).await.unwrap();
    }
    let bytes = out.into_iter().find_map(|effect| match effect {
        Effect::AnswerBody { bytes, .. } => Some(bytes),
        _ => None,
    });
    (asked, serde_json::from_slice(&bytes.unwrap()).unwrap())
}

fn one_shot() -> Value {
    json!({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]})
}

#[tokio::test]
async fn ten_thousand_that_are_all_alike_split_by_the_shares() {
    let world = world();
    let mut of_a = 0;
    for _ in 0..10_000 {
        of_a += u32::from(turn(&world, CHAT, &[], one_shot()).await.0 == "a");
    }
    assert!((4850..=5150).contains(&of_a), "{of_a} of 10,000");
}

#[tokio::test]
async fn whatever_names_a_conversation_keeps_its_arm() {
    let world = world();
    let with = |field: &str, value: Value| {
        let mut body = one_shot();
        body[field] = value;
        body
    };
    for n in 0..8 {
        let name = format!("conversation {n}");
        let named: [(&[(&str, &str)], Value); 7] = [
            (&[("x-session-id", &name)], one_shot()),
            (&[("cf-aig-session-id", &name)], one_shot()),
            (&[("x-claude-code-session-id", &name)], one_shot()),
            (&[], with("prompt_cache_key", json!(name))),
            (&[], with("conversation", json!(name))),
            (&[], with("conversation", json!({"id": name}))),
            (&[], with("metadata", json!({"session_id": name}))),
        ];
        let mut arms = BTreeSet::new();
        for _ in 0..3 {
            for (headers, body) in &named {
                arms.insert(turn(&world, CHAT, headers, body.clone()).await.0);
            }
        }
        assert_eq!(arms.len(), 1, "one name is one session, wherever it stands");
    }
}

#[tokio::test]
async fn a_response_is_followed_by_its_id() {
    let world = world();
    let mut arms = BTreeSet::new();
    for _ in 0..8 {
        let (first, mut answer) = turn(&world, RESPONSES, &[], json!({"input": "hi"})).await;
        for _ in 0..4 {
            let body = json!({"input": "go on", "previous_response_id": answer["id"]});
            let (next, then) = turn(&world, RESPONSES, &[], body).await;
            assert_eq!(next, first);
            answer = then;
        }
        arms.insert(first);
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn what_was_said_is_known_again_though_it_is_written_otherwise() {
    let world = world();
    let mut arms = BTreeSet::new();
    for _ in 0..8 {
        let ask = |text: &str| json!({"role": "user", "content": text});
        let system = json!([{"type": "text", "text": "be brief"}]);
        let cached = json!({"role": "user", "content": [
            {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]});
        let body = json!({"max_tokens": 9, "system": system, "messages": [cached]});
        let (first, answer) = turn(&world, MESSAGES, &[], body).await;
        let said = answer["content"].clone();
        assert_eq!(said[0]["type"], "text");
        for answer in [said.clone(), json!(format!("{}\n", said[0]["text"].as_str().unwrap()))] {
            let before = json!({"role": "assistant", "content": answer});
            let messages = json!([ask("hi"), before, ask("go on")]);
            let body = json!({"max_tokens": 9, "system": "be brief", "messages": messages});
            assert_eq!(turn(&world, MESSAGES, &[], body).await.0, first);
        }
        arms.insert(first);
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn an_ended_session_begins_anew() {
    let world = world();
    let named = [("x-session-id", "one")];
    let first = turn(&world, CHAT, &named, one_shot()).await.0;
    let id = world.session("r", None, "one").unwrap();
    assert!(world.session("other", None, "one").is_none());
    let key = [id];
    assert!(!world.sessions.known(&key, SystemTime::UNIX_EPOCH).unwrap().ended);
    world.end_session(id);
    assert!(world.sessions.known(&key, SystemTime::UNIX_EPOCH).unwrap().ended);
    assert_eq!(turn(&world, CHAT, &named, one_shot()).await.0, first, "a name begins as it did");
    assert!(!world.sessions.known(&key, SystemTime::UNIX_EPOCH).unwrap().ended);
}

fn target(model: &str) -> Target {
    format!("p/{model}").parse().unwrap()
}

/// Cools the arm that a conversation of this name begins with, so that it moves to the other one; gives that.
async fn moved(world: &World, name: &str) -> String {
    let named = [("x-session-id", name)];
    let first = turn(world, CHAT, &named, one_shot()).await.0;
    let settings = health::Settings::default();
    world.health.cool(&target(&first), Duration::from_secs(60), &settings);
    let second = turn(world, CHAT, &named, one_shot()).await.0;
    assert_ne!(second, first, "a target that is cooling lets its conversations go");
    world.health.heal(&target(&first));
    second
}

#[tokio::test]
async fn a_conversation_that_has_moved_stays_whatever_else_is_cooling() {
    let world = world();
    let mut arms = BTreeSet::new();
    for n in 0..8 {
        let name = format!("conversation {n}");
        let arm = moved(&world, &name).await;
        for other in ["other", "none"] {
            let settings = health::Settings::default();
            world.health.cool(&target(other), Duration::from_secs(60), &settings);
            let next = turn(&world, CHAT, &[("x-session-id", &name)], one_shot()).await.0;
            assert_eq!(next, arm);
        }
        arms.insert(arm);
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn limits_of_the_arm_that_is_kept_are_asked() {
    let world = world_of_limits();
    let arm = moved(&world, "one").await;
    for _ in 0..5 {
        assert_eq!(turn(&world, CHAT, &[("x-session-id", "one")], one_shot()).await.0, arm);
    }
    let version = Arc::clone(&world.live().snapshot.routes["r"].live);
    let used = world.limits(&version, "-").await.unwrap().into_iter();
    let used: Vec<_> = used.map(|used| (used.element, used.most - used.grant.remaining)).collect();
    let of = |id: &str| used.iter().find(|(element, _)| element == id).unwrap().1;
    assert_eq!((of("all"), of(&format!("of {arm}"))), (7, 6), "{used:?}");
    assert_eq!(of("of a") + of("of b"), 7, "nobody else's limit has counted");
}
