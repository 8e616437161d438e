//! Conversations stay where they began: with a name, a token or neither, while routes change and providers die.

use super::house::{Answer, House, Pair, chain, eventually, model};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const KEY: &str = "a secret of many letters for the tokens of tests";

/// A conversation, as a client holds it.
#[derive(Default)]
struct Talk {
    messages: Vec<Value>,
    /// Half of all openings are streamed.
    opening: usize,
    name: Option<&'static str>,
    /// The token of the last answer, where the client gives it back.
    token: Option<String>,
    echoes: bool,
}

impl Talk {
    fn of(opening: &str) -> Self {
        let messages = vec![json!({"role": "system", "content": opening})];
        Self { messages, opening: opening.len(), ..Self::default() }
    }

    fn named(name: &'static str) -> Self {
        Self { name: Some(name), ..Self::of("be brief") }
    }

    fn echoing(opening: &str) -> Self {
        Self { echoes: true, ..Self::of(opening) }
    }

    async fn turn(&mut self, pair: &Pair, route: &str) -> Answer {
        self.messages.push(json!({"role": "user", "content": "go on"}));
        let mut ask = pair.chat(json!({"model": format!("dynamic/{route}"), "messages": self.messages}));
        if let Some(name) = self.name {
            ask = ask.header("x-session-id", name);
        }
        if let Some(token) = &self.token {
            ask = ask.header("x-attache-session", token);
        }
        let streamed = (self.messages.len() / 2 + self.opening).is_multiple_of(2);
        let answer = if streamed { ask.streamed() } else { ask }.send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.messages.push(json!({"role": "assistant", "content": answer.content()}));
        self.token = self.echoes.then(|| answer.header("x-attache-session").to_owned());
        answer
    }

    /// Who answers so many turns.
    async fn turns(&mut self, count: usize, pair: &Pair, route: &str) -> BTreeSet<(String, String)> {
        let mut seen = BTreeSet::new();
        for _ in 0..count {
            let answer = self.turn(pair, route).await;
            seen.insert(who(&answer));
        }
        seen
    }
}

/// The version and the model that answered.
fn who(answer: &Answer) -> (String, String) {
    (answer.header("x-attache-route").to_owned(), answer.header("x-attache-model").to_owned())
}

/// A route that splits evenly among these models, each of `mock`.
fn split(name: &str, models: &[&str]) -> Value {
    let to = |id: &str| json!({"elementId": id});
    let share = format!("{}%", 100 / models.len());
    let mut shares = Map::new();
    let mut elements = vec![json!({"id": "start", "type": "start", "outputs": {"next": to("split")}})];
    for (at, model) in models.iter().enumerate() {
        // two shares that are written alike are one
        let label =
            if at + 1 == models.len() { "else".to_owned() } else { share.replace('%', &format!(".{at}%")) };
        shares.insert(label, to(model));
        elements
            .push(json!({"id": model, "type": "model", "properties": {"provider": "mock", "model": model},
            "outputs": {"success": to("end")}}));
    }
    elements.push(json!({"id": "split", "type": "percentage", "outputs": shares}));
    elements.push(json!({"id": "end", "type": "end"}));
    json!({"name": name, "elements": elements})
}

/// Waits until another version of `r` is live.
async fn deployed(pair: &Pair, route: &Value) {
    let old = pair.version("r").await;
    pair.write_route(route);
    eventually(async || match pair.version("r").await {
        new if new != old => Ok(()),
        same => Err(format!("another version than {same}")),
    })
    .await;
}

#[tokio::test]
async fn a_conversation_keeps_its_arm_and_its_version_while_routes_change() {
    let pair = House::new().route(split("r", &["a", "b"])).start().await;
    for round in 0..4 {
        let openings = [format!("one {round}"), format!("two {round}")];
        let name = ["n0", "n1", "n2", "n3"][round];
        let mut talks = [Talk::named(name), Talk::of(&openings[0]), Talk::echoing(&openings[1])];
        let mut before = vec![];
        for talk in &mut talks {
            let seen = talk.turns(5, &pair, "r").await;
            assert_eq!(seen.len(), 1, "{seen:?}");
            before.push(seen);
        }
        deployed(&pair, &split("r", &["a", "b", &format!("c{round}")])).await;
        for (talk, before) in talks.iter_mut().zip(before) {
            assert_eq!(talk.turns(5, &pair, "r").await, before);
        }
    }
    let fresh = Talk::of("fresh").turns(3, &pair, "r").await;
    assert_eq!(fresh.first().unwrap().0, format!("r@{}", pair.version("r").await));
}

#[tokio::test]
async fn two_conversations_that_begin_alike_are_told_apart_by_their_first_answers() {
    let pair = House::new().route(split("r", &["a", "b"])).start().await;
    let mut talks: Vec<_> = (0..20).map(|_| Talk::of("alike")).collect();
    let mut first = vec![];
    for talk in &mut talks {
        first.push(who(&talk.turn(&pair, "r").await));
    }
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 2, "twenty of one arm");
    for (talk, first) in talks.iter_mut().zip(first) {
        assert_eq!(talk.turns(2, &pair, "r").await, BTreeSet::from([first]));
    }
}

#[tokio::test]
async fn requests_of_one_turn_split_by_the_shares() {
    let pair = House::new().route(split("r", &["a", "b"])).start().await;
    const ASKED: usize = 10_000;
    let ask = async |count: usize| {
        let mut of_a = 0;
        for _ in 0..count {
            of_a += usize::from(pair.ask("r").send().await.header("x-attache-model") == "a");
        }
        of_a
    };
    let all = futures_util::future::join_all((0..16).map(|_| ask(ASKED / 16))).await;
    let share = all.iter().sum::<usize>() as f64 * 100.0 / ASKED as f64;
    // five times the deviation that chance has
    assert!((47.5..52.5).contains(&share), "{share} percent");
}

#[tokio::test]
async fn a_conversation_whose_model_dies_goes_on_elsewhere_and_stays_there() {
    let pair =
        House::new().route(chain("r", [model("first"), model("second"), model("third")])).start().await;
    let mut talk = Talk::named("dying");
    let path = async |talk: &mut Talk| talk.turn(&pair, "r").await.header("x-attache-path").to_owned();
    assert_eq!(path(&mut talk).await, "start,m1,end");
    pair.mock().script("first", "status=500").await;
    assert_eq!(path(&mut talk).await, "start,m1,m2!repinned,end");
    let asked = pair.mock().seen_of("first").await.len();
    assert_eq!(path(&mut talk).await, "start,m1,m2,end");
    pair.mock().script("first", "tokens=3").await;
    assert_eq!(path(&mut talk).await, "start,m1,m2,end");
    assert_eq!(pair.mock().seen_of("first").await.len(), asked, "nobody asks a model that was left");
    pair.mock().script("second", "status=500").await;
    assert_eq!(path(&mut talk).await, "start,m1,m2,m1!repinned,end");
    assert_eq!(path(&mut talk).await, "start,m1,end");
    for (kept, turns) in [("new", 1.0), ("pinned", 3.0), ("repinned", 2.0)] {
        pair.metric_is("attache_session_turns_total", &[("route", "r"), ("kept", kept)], turns).await;
    }
}

#[tokio::test]
async fn a_token_is_honoured_by_every_pair_that_has_the_key() {
    let house = || House::new().route(split("r", &["a", "b"])).settings(json!({"sessions": {"keys": [KEY]}}));
    let (one, other) = tokio::join!(house().start(), house().start());
    for round in 0..6 {
        let mut talk = Talk::echoing(&format!("round {round}"));
        let first = talk.turns(2, &one, "r").await;
        assert_eq!(talk.turns(2, &other, "r").await, first);
        assert_eq!(talk.turns(1, &one, "r").await, first);
    }
    other.metric_is("attache_session_tokens_total", &[("result", "opened")], 12.0).await;
}

#[tokio::test]
async fn a_name_begins_alike_on_every_pair() {
    let house = || House::new().route(split("r", &["a", "b"]));
    let (one, other) = tokio::join!(house().start(), house().start());
    let mut arms = BTreeSet::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let mut talk = Talk::named(name);
        let first = talk.turns(1, &one, "r").await;
        assert_eq!(talk.turns(1, &other, "r").await, first);
        arms.extend(first);
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn a_token_is_for_its_client_key_and_its_route_and_a_bad_one_is_none() {
    let keys = json!([{"id": "one", "key": "key-one"}, {"id": "two", "key": "key-two"}]);
    let house = House::new().route(split("r", &["a", "b"])).route(split("s", &["a", "b"]));
    let pair = house.settings(json!({"auth": {"keys": keys}})).start().await;
    let ask = async |route: &str, key: &str, token: Option<&str>| {
        let ask = pair.ask(route).header("authorization", &format!("Bearer key-{key}"));
        let answer =
            if let Some(token) = token { ask.header("x-attache-session", token) } else { ask }.send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("x-attache-session").to_owned()
    };
    let token = ask("r", "one", None).await;
    ask("r", "one", Some(&token)).await;
    ask("r", "two", Some(&token)).await;
    ask("s", "one", Some(&token)).await;
    ask("r", "one", Some("what?")).await;
    let mut bent = token.clone();
    // one letter of what is sealed, and no other: the form stays
    bent.replace_range(8..9, if &token[8..9] == "A" { "B" } else { "A" });
    ask("r", "one", Some(&bent)).await;
    ask("r", "one", Some("new")).await;
    for (result, times) in [("opened", 1.0), ("foreign", 3.0), ("malformed", 1.0)] {
        pair.metric_is("attache_session_tokens_total", &[("result", result)], times).await;
    }
    pair.metric_is("attache_session_tokens_total", &[], 5.0).await;
}

#[tokio::test]
async fn a_client_can_begin_anew() {
    let pair = House::new().route(split("r", &["a", "b"])).start().await;
    let mut talk = Talk::named("again");
    let first = talk.turns(3, &pair, "r").await;
    let moved = async {
        for _ in 0..60 {
            talk.token = Some("new".into());
            let now = BTreeSet::from([who(&talk.turn(&pair, "r").await)]);
            talk.token = None;
            assert_eq!(talk.turns(1, &pair, "r").await, now);
            if now != first {
                return true;
            }
        }
        false
    };
    assert!(moved.await, "sixty times the same arm");
}

#[tokio::test]
async fn a_route_without_a_choice_gives_no_token_and_sessions_can_be_switched_off() {
    let house = House::new().route(chain("one", ["a"])).route(chain("two", ["a", "b"]));
    let mut pair = house.start().await;
    let token =
        async |pair: &Pair, route: &str| pair.ask(route).send().await.header("x-attache-session").len();
    assert_eq!(token(&pair, "one").await, 0);
    assert!(token(&pair, "two").await > 40);
    pair.configure(json!({"sessions": {"enabled": false}}));
    eventually(async || match token(&pair, "two").await {
        0 => Ok(()),
        long => Err(format!("no token, not one of {long} letters")),
    })
    .await;
}
