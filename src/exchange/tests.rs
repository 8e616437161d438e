//! Every stage meets every event: what has no place there is a typed error, and every exchange ends exactly once.

use super::{Effect, Event, Headers, Live, Settings, Stage, Unexpected, World};
use crate::{
    ledger::{self, Memory},
    provider::{Dialect, Prices, Provider},
    snapshot::{Snapshot, Sources, build},
    store::{Document, Published},
    telemetry::{Outcome, Record},
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

const CONTENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";

/// A world, and the records that it gave.
struct Life {
    world: World,
    records: Arc<Mutex<Vec<Record>>>,
    effects: Vec<Effect>,
}

impl Life {
    /// Its walks are abandoned as soon as somebody looks.
    fn new() -> Self {
        let records = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&records);
        let provider = Provider::new("p", Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap());
        let (nothing, now) = (Snapshot::empty(SystemTime::UNIX_EPOCH), SystemTime::UNIX_EPOCH);
        let sources = Sources {
            documents: &[route()],
            published: &Published::default(),
            keys: &[],
            providers: &[provider],
            prices: &Prices::default(),
        };
        let snapshot = build(&sources, &nothing, now);
        assert_eq!(snapshot.problems, []);
        let mut settings = Settings::open();
        settings.limits.abandoned = Duration::ZERO;
        let live = Live { snapshot: Arc::new(snapshot), settings };
        let ledger = Arc::new(Memory::new(ledger::Settings::default()));
        let note = move |record| noted.lock().unwrap().push(record);
        let world = World::new(live, ledger, note, || SystemTime::UNIX_EPOCH, || 4);
        Self { world, records, effects: Vec::new() }
    }

    async fn tell(&mut self, stage: Stage, event: Event) -> Result<Stage, Unexpected> {
        self.effects.clear();
        stage.handle(event, &self.world, &mut self.effects).await
    }

    /// A stream to which all of this happens.
    async fn stream(&mut self, events: Vec<Event>) -> Stage {
        let mut stage = Stage::Opening;
        for event in events {
            stage = self.tell(stage, event).await.unwrap();
        }
        stage
    }

    /// A stream in this stage.
    async fn reach(&mut self, stage: &str) -> Stage {
        if stage == "resumed" {
            let over = self.stream([way("pausing"), vec![Event::Deadline]].concat()).await;
            assert!(over.is_over());
        }
        self.stream(way(stage)).await
    }

    /// Ends what is under way: the stream goes, and nobody comes for what waits.
    async fn end(&mut self, stage: Stage) {
        self.tell(stage, Event::Gone).await.unwrap();
        self.world.sweep().await;
        if self.world.in_flight() > 0 {
            // a break that the provider may have caused waits a while, whatever the settings say
            self.stream(vec![head(2), Event::Gone]).await;
        }
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.records.lock().unwrap().iter().map(|record| record.outcome).collect()
    }
}

/// A limit, then `p/a` twice, then `p/b`.
fn route() -> Document {
    let to = |id: &str| json!({"elementId": id});
    let model = |id: &str, retries: u32, fallback: &str| {
        json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id, "retries": retries},
               "outputs": {"success": to("end"), "fallback": to(fallback)}})
    };
    let text = json!({"name": "r", "elements": [
        {"id": "start", "type": "start", "outputs": {"next": to("limit")}},
        {"id": "limit", "type": "rate", "properties": {"key": "user", "limit": 900, "limitType": "count", "window": 60},
         "outputs": {"success": to("a")}},
        model("a", 1, "b"), model("b", 0, "end"), {"id": "end", "type": "end"},
    ]});
    Document { file: "r.json".into(), bytes: text.to_string().into_bytes() }
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

fn head(pass: u32) -> Event {
    let pass = pass.to_string();
    let path = "/v1/chat/completions";
    let headers = [(":method", "POST"), (":path", path), ("x-attache-internal-exchange", "id")];
    let headers = headers.into_iter().chain([("x-envoy-attempt-count", &*pass)]).collect::<Vec<_>>();
    Event::RequestHead { headers: self::headers(&headers), end: false }
}

fn body() -> Event {
    Event::RequestBody { bytes: br#"{"model":"dynamic/r","stream":true}"#.to_vec(), end: true }
}

fn answer(status: &str) -> Event {
    let headers = headers(&[(":status", status), ("content-type", "text/event-stream")]);
    Event::AnswerHead { headers, end: false }
}

fn piece(text: &str, end: bool) -> Event {
    Event::AnswerBody { bytes: text.into(), end }
}

/// What leads to a stage.
fn way(stage: &str) -> Vec<Event> {
    let (before, last) = match stage {
        "opening" => return vec![],
        "reading" => ("opening", head(1)),
        "resumed" => ("opening", head(2)),
        "waiting" => ("reading", body()),
        "judging" => ("waiting", answer("503")),
        "pausing" => ("judging", piece("{}", true)),
        "holding" => ("waiting", answer("200")),
        "passing" => ("holding", piece(CONTENT, false)),
        "over" => ("passing", Event::Gone),
        _ => panic!("no stage {stage}"),
    };
    [way(before), vec![last]].concat()
}

/// Every event, the streams and the errors of providers in their variants.
fn events() -> Vec<Event> {
    let end = |event| match event {
        Event::AnswerHead { headers, .. } => Event::AnswerHead { headers, end: true },
        other => other,
    };
    vec![
        head(1),
        body(),
        Event::RequestTrailers,
        answer("200"),
        answer("503"),
        end(answer("200")),
        end(answer("400")),
        piece("", false),
        piece(CONTENT, true),
        piece("data: [DONE]\n\n", true),
        piece("data: {\"error\":{\"message\":\"no\"}}\n\n", false),
        Event::AnswerTrailers,
        Event::Deadline,
        Event::Gone,
    ]
}

/// Each stage with what it expects, and the other events that have their place there.
const STAGES: [(&str, &str, &[&str]); 9] = [
    ("opening", "request_headers", &["gone"]),
    ("reading", "request_body", &["request_trailers", "gone"]),
    ("resumed", "request_body", &["request_trailers", "gone"]),
    ("waiting", "response_headers", &["deadline", "gone"]),
    ("judging", "response_body", &["response_trailers", "deadline", "gone"]),
    ("pausing", "", ANYTHING),
    ("holding", "response_body", &["response_trailers", "deadline", "gone"]),
    ("passing", "response_body", &["response_trailers", "deadline", "gone"]),
    ("over", "", ANYTHING),
];
const ANYTHING: &[&str] = &[
    "request_headers",
    "request_body",
    "request_trailers",
    "response_headers",
    "response_body",
    "response_trailers",
    "deadline",
    "gone",
];

#[tokio::test]
async fn every_event_has_its_place_or_is_named() {
    for (name, expects, also) in STAGES {
        for event in events() {
            let mut life = Life::new();
            let stage = life.reach(name).await;
            let (got, fits) = (event.name(), event.name() == expects || also.contains(&event.name()));
            match life.tell(stage, event).await {
                Ok(_) => assert!(fits, "{name} took {got}"),
                Err(unexpected) => {
                    assert!(!fits, "{name} refused {got}");
                    assert_eq!(unexpected, Unexpected { got, expects }, "{name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_way_ends_exactly_once() {
    for (name, ..) in STAGES {
        for event in events() {
            let mut life = Life::new();
            let stage = life.reach(name).await;
            let said = format!("{name}, {event:?}");
            let began = life.world.in_flight() + life.outcomes().len();
            let begins = usize::from(name == "reading" && [body(), Event::RequestTrailers].contains(&event));
            if let Ok(next) = life.tell(stage, event).await {
                life.end(next).await;
            } else {
                life.world.sweep().await;
            }
            assert_eq!((life.world.in_flight(), life.outcomes().len()), (0, began + begins), "{said}");
        }
    }
}

#[tokio::test]
async fn a_head_without_a_body_is_answered_without_one() {
    let mut life = Life::new();
    let stage = life.reach("waiting").await;
    let refused = Event::AnswerHead { headers: headers(&[(":status", "400")]), end: true };
    assert!(life.tell(stage, refused).await.unwrap().is_over());
    assert!(matches!(&*life.effects, [Effect::AnswerHead(_)]), "{:?}", life.effects);
}

#[tokio::test]
async fn an_answer_without_figures_is_estimated_and_marked() {
    let mut life = Life::new();
    let stage = life.reach("waiting").await;
    let head = headers(&[(":status", "200"), ("content-type", "application/json")]);
    let stage = life.tell(stage, Event::AnswerHead { headers: head, end: false }).await.unwrap();
    let answer = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    assert!(life.tell(stage, piece(answer, true)).await.unwrap().is_over());
    let usage = life.records.lock().unwrap()[0].usage.unwrap();
    assert!(usage.estimated && usage.input > 0 && usage.output > 0, "{usage:?}");
}

#[tokio::test]
async fn a_break_before_the_first_content_is_gone_around_whatever_was_heard_of_the_answer() {
    for name in ["waiting", "judging", "holding"] {
        let mut life = Life::new();
        let stage = life.reach(name).await;
        assert!(life.tell(stage, Event::Gone).await.unwrap().is_over());
        assert_eq!(life.outcomes(), [], "{name}: nobody knows yet who broke it off");
        let resumed = life.stream(vec![head(2), body()]).await;
        assert!(!resumed.is_over(), "{name}: {:?}", life.effects);
        life.end(resumed).await;
    }
}

#[tokio::test]
async fn two_streams_of_one_id_are_two_exchanges() {
    let mut life = Life::new();
    let (one, two) = (life.reach("pausing").await, life.reach("pausing").await);
    for stage in [one, two] {
        assert!(life.tell(stage, Event::Deadline).await.unwrap().is_over());
        assert!(matches!(&*life.effects, [Effect::Next(_)]), "{:?}", life.effects);
    }
    let resumed = life.stream(vec![head(2), body()]).await;
    life.end(resumed).await;
    assert_eq!(life.outcomes(), [Outcome::Cancelled; 2]);
}

impl Life {
    /// The models that a request gets to, each of which does the next of these: `late`, `gone` (the client goes away), or a status.
    async fn asks(&mut self, does: &[&str]) -> Vec<String> {
        let (mut does, mut models) = (does.iter(), vec![]);
        for pass in 1..9 {
            let mut stage = self.stream(vec![head(pass), body()]).await;
            models.extend(self.model());
            let events = match *does.next().expect("one more than expected was asked") {
                "late" => vec![Event::Deadline],
                "gone" => vec![Event::Gone],
                "200" => vec![answer("200"), piece(CONTENT, false), piece("data: [DONE]\n\n", true)],
                status => vec![answer(status), piece("{}", true)],
            };
            let gone = events == [Event::Gone];
            for event in events {
                stage = self.tell(stage, event).await.unwrap();
            }
            if gone {
                self.left().await;
            }
            if matches!(stage, Stage::Pausing(_)) {
                stage = self.tell(stage, Event::Deadline).await.unwrap();
            }
            assert!(stage.is_over());
            if !self.effects.iter().any(|effect| matches!(effect, Effect::Next(_))) {
                return models;
            }
        }
        panic!("it never ended");
    }

    /// Nobody has come again for a stream that was closed: it was the client.
    async fn left(&self) {
        tokio::time::advance(Duration::from_secs(2)).await;
        self.world.sweep().await;
    }

    /// The model that the last effects ask.
    fn model(&self) -> Option<String> {
        let sent = self.effects.iter().find_map(|effect| match effect {
            Effect::Forward(forward) => {
                Some(serde_json::from_slice::<serde_json::Value>(&forward.body).unwrap())
            }
            _ => None,
        });
        Some(sent?["model"].as_str().unwrap().to_owned())
    }

    /// The results of the last exchange's attempts.
    fn results(&self) -> Vec<&'static str> {
        let records = self.records.lock().unwrap();
        records.last().unwrap().attempts.iter().map(|attempt| attempt.result()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_times_out_cools_and_is_probed_by_one_request_at_a_time() {
    let mut life = Life::new();
    assert_eq!(life.asks(&["late", "late", "200"]).await, ["a", "a", "b"]);
    assert_eq!(
        life.asks(&["late", "late", "200"]).await,
        ["a", "a", "b"],
        "two timeouts in a row are too few"
    );
    assert_eq!(life.asks(&["200"]).await, ["b"]);
    assert_eq!(life.results(), ["cooling", "ok"]);
    tokio::time::advance(Duration::from_secs(10)).await;
    let probe = life.stream(vec![head(1), body()]).await;
    assert_eq!(life.model().as_deref(), Some("a"), "the probe");
    assert_eq!(life.asks(&["200"]).await, ["b"], "there is a probe already");
    // a probe whose client goes away says nothing
    life.tell(probe, Event::Gone).await.unwrap();
    life.left().await;
    assert_eq!(life.asks(&["late", "late", "200"]).await, ["a", "a", "b"], "it has failed");
    tokio::time::advance(Duration::from_secs(19)).await;
    assert_eq!(life.asks(&["200"]).await, ["b"], "the second cool-down is twice as long");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(life.asks(&["200"]).await, ["a"]);
    assert_eq!(life.asks(&["200"]).await, ["a"], "healed");
}

#[tokio::test(start_paused = true)]
async fn what_is_the_requests_own_fault_does_not_count() {
    let mut life = Life::new();
    for status in ["400", "404", "413", "422"].into_iter().cycle().take(40) {
        // only a 404 leaves by the fallback
        let does: &[&str] = if status == "404" { &["404", "200"] } else { &[status] };
        assert_eq!(life.asks(does).await[0], "a", "{status}");
        assert_eq!(life.asks(&["gone"]).await, ["a"]);
    }
    assert_eq!(life.asks(&["200"]).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn where_all_targets_cool_all_are_tried() {
    let mut life = Life::new();
    // of ten outcomes of `a` all are failures, of five of `b` all
    for _ in 0..5 {
        assert_eq!(life.asks(&["500", "500", "500"]).await, ["a", "a", "b"]);
    }
    assert_eq!(life.asks(&["200"]).await, ["b"], "`a` cools");
    for _ in 0..4 {
        assert_eq!(life.asks(&["500"]).await, ["b"]);
    }
    assert_eq!(life.results(), ["cooling", "server_error"]);
    assert_eq!(life.asks(&["500", "500", "500"]).await, ["a", "a", "b"], "`b` cools too");
    assert_eq!(life.asks(&["200"]).await, ["a"]);
    assert_eq!(life.asks(&["200"]).await, ["a"], "what was tried all the same and answered is healed");
}
