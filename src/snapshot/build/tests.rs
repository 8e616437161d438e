//! What becomes of sources, good and bad.

use super::*;
use crate::{
    graph::{Fact, Facts, Path},
    provider::{Dialect, Secret},
    snapshot::Route,
    store::{Canary, ClientKey, KeySecret, PublishedRoute, PublishedVersion, Terms},
};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A request whose every fact is one text.
struct Request(String);

impl Facts for Request {
    fn look(&self, _: &Path) -> Option<Fact<'_>> {
        Some(Fact::from(&*self.0))
    }

    fn dice(&self) -> u64 {
        self.0.bytes().fold(7, |dice, byte| dice * 31 + u64::from(byte))
    }
}

/// Sources to be changed from one snapshot to the next.
#[derive(Default)]
struct Given {
    documents: Vec<Document>,
    published: Published,
    keys: Vec<KeyDocument>,
    providers: Vec<&'static str>,
}

impl Given {
    fn new() -> Self {
        Self { providers: vec!["mock", "other"], ..Self::default() }
    }

    fn document(mut self, file: &str, name: &str, model: &str) -> Self {
        let mut document = json!({"name": name});
        document["elements"] = elements("mock", model);
        self.documents.push(Document { file: file.into(), bytes: document.to_string().into_bytes() });
        self
    }

    /// A route of the store that asks the model `v<n>` of `other` in its version n, or of `mock` in the first.
    fn stored(mut self, name: &str, live: u32, versions: &[u32]) -> Self {
        let version = |number: &u32| {
            let provider = if *number == 1 { "mock" } else { "other" };
            let elements = elements(provider, &format!("v{number}")).to_string();
            PublishedVersion {
                number: *number,
                hash: crate::snapshot::route::hash(elements.as_bytes()),
                elements,
            }
        };
        let versions = versions.iter().map(version).collect();
        let (id, name) = (format!("id-{name}"), name.to_owned());
        self.published.routes.push(PublishedRoute { id, name, live, canary: None, versions }.into());
        self
    }

    fn canary(mut self, version: u32, percent: f64, key: Option<&str>) -> Self {
        let canary = Canary { version, percent, key: key.map(str::to_owned) };
        Arc::make_mut(self.published.routes.last_mut().unwrap()).canary = Some(canary);
        self
    }

    fn build(&self, last: &Snapshot) -> Snapshot {
        let base = || "http://127.0.0.1:1/v1".parse().unwrap();
        let providers: Vec<_> =
            self.providers.iter().map(|name| Provider::new(*name, Dialect::Openai, base())).collect();
        let sources = Sources {
            documents: &self.documents,
            published: &self.published,
            keys: &self.keys,
            providers: &providers,
            prices: &Prices::default(),
        };
        build(&sources, last, SystemTime::UNIX_EPOCH)
    }

    fn first(&self) -> Snapshot {
        self.build(&Snapshot::empty(SystemTime::UNIX_EPOCH))
    }
}

fn elements(provider: &str, model: &str) -> Value {
    json!([
        {"id": "s", "type": "start", "outputs": {"next": {"elementId": "m"}}},
        {"id": "m", "type": "model", "properties": {"provider": provider, "model": model},
         "outputs": {"success": {"elementId": "e"}}},
        {"id": "e", "type": "end", "outputs": {}}
    ])
}

fn live<'a>(snapshot: &'a Snapshot, route: &str) -> &'a str {
    &snapshot.routes[route].live.number
}

fn same(one: &Route, other: &Route) -> bool {
    one.versions().zip(other.versions()).all(|(a, b)| Arc::ptr_eq(a, b))
}

#[test]
fn a_broken_document_keeps_its_last_good_version() {
    let first = Given::new().document("a.json", "a", "x").first();
    let good = live(&first, "a");
    let mut broken = Given::new();
    broken.documents.push(Document { file: "a.json".into(), bytes: b"{".to_vec() });
    let second = broken.build(&first);
    assert_eq!((live(&second, "a"), second.problems[0].kept.as_deref()), (good, Some(good)));
    assert_eq!(second.version, first.version);
    let third = Given::new().document("a.json", "a", "y").build(&second);
    assert!(third.problems.is_empty() && live(&third, "a") != good);
    assert!(Given::new().build(&third).routes.is_empty());
}

#[test]
fn a_route_that_was_never_valid_is_not_live() {
    let given = Given { providers: vec![], ..Given::new().document("b.json", "b", "x") };
    let got = given.first();
    assert_eq!(got.not_live, ["b"]);
    assert!(got.problems[0].mistakes[0].contains("mock"), "{:?}", got.problems);
}

#[test]
fn two_documents_of_one_name_do_not_hide_each_other() {
    let got = Given::new().document("a.json", "a", "x").document("b.json", "a", "y").first();
    assert!(got.routes["a"].source.contains("a.json") && got.problems[0].mistakes[0].contains("a.json"));
}

#[test]
fn what_has_not_changed_is_not_compiled_again() {
    let given = || Given::new().document("a.json", "a", "x").stored("r", 2, &[1, 2, 3]).canary(3, 5.0, None);
    let first = given().first();
    let second = given().build(&first);
    for route in ["a", "r"] {
        assert!(same(&first.routes[route], &second.routes[route]), "{route}");
    }
    assert_eq!(first.version, second.version);
    let third = Given { providers: vec!["mock", "other", "new"], ..given() }.build(&second);
    assert!(!same(&third.routes["a"], &second.routes["a"]) && !same(&third.routes["r"], &second.routes["r"]));
}

#[test]
fn a_stored_route_can_be_called_by_its_live_version_its_canary_and_its_pins() {
    let snapshot = Given::new().stored("r", 2, &[1, 2, 3]).canary(3, 5.0, Some("metadata.user")).first();
    let route = &snapshot.routes["r"];
    let numbers: Vec<_> = route.versions().map(|version| &*version.number).collect();
    assert_eq!((numbers.as_slice(), &*route.source), (&["2", "3", "1"][..], "store"));
    assert!(route.version("3").is_some() && route.version("4").is_none());
    let mut moved = 0;
    for user in 0..2000 {
        let request = Request(format!("user-{user}"));
        let kept = route.choose(&request).number.clone();
        assert_eq!(route.choose(&request).number, kept);
        moved += usize::from(kept == "3");
    }
    assert!((60..140).contains(&moved), "{moved} of 2000 take the 5 percent");
}

#[test]
fn what_moves_versions_moves_the_snapshots_version() {
    let given = || Given::new().stored("r", 1, &[1, 2]);
    let versions: Vec<_> = [
        given(),
        Given::new().stored("r", 2, &[1, 2]),
        Given::new().stored("r", 1, &[1]),
        given().canary(2, 5.0, None),
        given().canary(2, 6.0, None),
        given().canary(2, 6.0, Some("user")),
    ]
    .iter()
    .map(|given| given.first().version)
    .collect();
    assert_eq!(versions.iter().collect::<HashSet<_>>().len(), versions.len(), "{versions:?}");
}

#[test]
fn a_stored_version_whose_provider_is_gone_stays_as_it_was() {
    let given = || Given::new().stored("r", 2, &[1, 2, 3]).canary(3, 50.0, None);
    let first = given().first();
    let without = || Given { providers: vec!["mock"], ..given() };
    let mut last = first;
    for _ in 0..2 {
        let next = without().build(&last);
        assert_eq!(next.routes["r"].versions().count(), 3);
        let [problem] = &next.problems[..] else { panic!("{:?}", next.problems) };
        assert_eq!(
            (&*problem.source, problem.route.as_deref(), problem.kept.as_deref()),
            ("store", Some("r"), Some("2"))
        );
        assert!(problem.mistakes[0].starts_with("version 2: G021"), "{:?}", problem.mistakes);
        last = next;
    }
    assert_eq!(without().first().not_live, ["r"], "nothing was good before");
    // a new version that can not be compiled: the one before it stays live, and the canary is off
    let newer = Given { providers: vec!["mock"], ..Given::new().stored("r", 4, &[1, 4]) };
    let next = newer.build(&last);
    assert_eq!((live(&next, "r"), next.problems[0].kept.as_deref()), ("2", Some("2")));
    assert!(next.routes["r"].canary.is_none());
    assert!(given().build(&next).problems.is_empty(), "mended");
}

#[test]
fn a_canary_that_can_not_be_is_told_and_the_live_version_takes_all() {
    for (version, percent, key, said) in
        [(9, 5.0, None, "9"), (2, 100.0, None, "not above 0"), (2, 5.0, Some("time.minute"), "is no key")]
    {
        let snapshot = Given::new().stored("r", 1, &[1, 2]).canary(version, percent, key).first();
        assert!(snapshot.problems[0].mistakes[0].contains(said), "{:?}", snapshot.problems);
        assert!(snapshot.routes["r"].canary.is_none() && live(&snapshot, "r") == "1");
    }
}

#[test]
fn a_name_of_the_store_is_not_the_folders() {
    let document = || Given::new().document("r.json", "r", "x");
    let got = document().stored("r", 1, &[1]).build(&document().first());
    assert_eq!((&*got.routes["r"].source, live(&got, "r")), ("store", "1"));
    let [problem] = &got.problems[..] else { panic!("{:?}", got.problems) };
    assert_eq!((&*problem.source, problem.kept.as_deref()), ("r.json", None));
    assert!(problem.mistakes[0].contains("give this document another name"));
    let broken = Given { providers: vec![], ..document().stored("r", 1, &[1]) }.build(&document().first());
    assert!(broken.routes.is_empty() && broken.not_live.contains(&"r".to_owned()));
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn terms(plan: &str) -> Terms {
    let metadata = Map::from_iter([("plan".to_owned(), plan.into())]);
    Terms { metadata, routes: vec!["*".into()], models: vec![], routing: None }
}

fn stored_key(id: &str, tokens: &[(&str, Option<u64>)], expires_at: Option<u64>) -> ClientKey {
    let secret = |(token, end): &(&str, Option<u64>)| KeySecret {
        hash: crate::snapshot::route::hash(token.as_bytes()),
        prefix: String::new(),
        expires_at: end.map(at),
    };
    ClientKey {
        id: id.into(),
        name: id.into(),
        terms: terms("stored"),
        secrets: tokens.iter().map(secret).collect(),
        created_at: at(0),
        modified_at: at(0),
        expires_at: expires_at.map(at),
        revoked_at: None,
        revision: 1,
    }
}

fn written_key(id: &str, token: &str) -> KeyDocument {
    let (id, name) = (id.to_owned(), id.to_owned());
    KeyDocument { id, name, key: Secret::new(token), terms: terms("written"), expires_at: Some(at(50)) }
}

#[test]
fn each_token_has_its_own_end() {
    let mut given = Given::new();
    given.published.keys = vec![stored_key("k", &[("new", None), ("old", Some(10))], Some(100))];
    given.keys = vec![written_key("w", "file")];
    let clients = given.first().clients;
    let of = |token, now| clients.of_token(token, at(now)).map(|client| &*client.id);
    assert_eq!([of("new", 99), of("new", 100)], [Some("k"), None]);
    assert_eq!([of("old", 9), of("old", 10)], [Some("k"), None]);
    assert_eq!([of("file", 49), of("file", 50)], [Some("w"), None]);
    assert_eq!(of("other", 0), None);
    assert_eq!(clients.of_id("w").unwrap().metadata["plan"], "written");
}

#[test]
fn a_token_or_an_id_that_is_given_twice_is_a_problem() {
    let mut given = Given::new();
    given.published.keys =
        vec![stored_key("k", &[("one", None)], None), stored_key("l", &[("one", None), ("two", None)], None)];
    given.keys = vec![written_key("k", "three"), written_key("m", "two")];
    let snapshot = given.first();
    let problems: Vec<_> =
        snapshot.problems.iter().map(|p| (&*p.source, p.key.as_deref().unwrap(), p.mistakes.len())).collect();
    assert_eq!(problems, [("store", "l", 1), ("attache.yaml", "k", 1), ("attache.yaml", "m", 1)]);
    let of = |token| snapshot.clients.of_token(token, at(0)).map(|client| &*client.id);
    assert_eq!([of("one"), of("two"), of("three")], [Some("k"), Some("l"), None]);
}

#[test]
fn what_changes_of_keys_moves_the_snapshots_version() {
    let version = |key: ClientKey| {
        let mut given = Given::new();
        given.published.keys = vec![key];
        given.first().version
    };
    let key = || stored_key("k", &[("one", None)], None);
    let versions = [
        version(key()),
        version(stored_key("k", &[("two", None)], None)),
        version(stored_key("k", &[("one", None)], Some(1))),
        version(ClientKey { terms: terms("other"), ..key() }),
        version(ClientKey { name: "other".into(), ..key() }),
    ];
    assert_eq!(versions.iter().collect::<HashSet<_>>().len(), versions.len(), "{versions:?}");
    assert_eq!(version(key()), versions[0]);
}

fn routing(model: &str) -> Value {
    json!({"strategy": "fallback", "entries": [
        {"name": "chat", "provider": "mock", "modelNameOverride": model},
        {"name": "chat", "provider": "other", "modelNameOverride": "y"},
        {"name": "openai/gpt-4o", "provider": "mock", "modelNameOverride": "z"},
        {"name": "help", "route": "r"},
    ]})
}

fn with_routing(mut given: Given, routing: Value) -> Given {
    let terms = Terms { routing: Some(routing), ..terms("written") };
    given.keys = vec![KeyDocument { terms, ..written_key("k", "one") }];
    given
}

fn meaning<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Arc<Route> {
    &snapshot.clients.of_id("k").unwrap().logical[name]
}

#[test]
fn logical_names_are_compiled_or_bound() {
    let given =
        |model| with_routing(Given::new().stored("r", 1, &[1, 2]).canary(2, 5.0, None), routing(model));
    let first = given("x").first();
    assert_eq!(first.problems, []);
    let chat = &meaning(&first, "chat").live;
    let targets: Vec<_> = chat.program.targets().iter().map(ToString::to_string).collect();
    assert_eq!((&*chat.name, chat.logical, targets), ("chat", true, vec!["mock/x".into(), "other/y".into()]));
    assert!(Arc::ptr_eq(meaning(&first, "help"), &first.routes["r"]), "with its canary");
    let second = given("x").build(&first);
    assert!(same(meaning(&first, "chat"), meaning(&second, "chat")), "it is not compiled again");
    assert_eq!(first.version, second.version);
    let third = given("z").build(&second);
    assert_ne!(meaning(&third, "chat").live.number, chat.number);
    assert_eq!(meaning(&third, "openai/gpt-4o").live.number, meaning(&first, "openai/gpt-4o").live.number);
    assert_ne!(third.version, second.version);
    // the route moves on, and the name with it
    let moved = with_routing(Given::new().stored("r", 2, &[1, 2]), routing("z")).build(&third);
    assert_eq!(meaning(&moved, "help").live.number, "2");
}

#[test]
fn a_mistake_in_a_routing_configuration_leaves_the_names_as_they_were() {
    let given = |routing| with_routing(Given::new().stored("r", 1, &[1, 2]), routing);
    let first = given(routing("x")).first();
    let broken = json!({"entries": [{"name": "chat", "provider": "nobody", "modelNameOverride": "x"}]});
    let mut last = first;
    for _ in 0..2 {
        let next = given(broken.clone()).build(&last);
        let [problem] = &next.problems[..] else { panic!("{:?}", next.problems) };
        assert_eq!((&*problem.source, problem.key.as_deref()), ("attache.yaml", Some("k")));
        assert!(problem.mistakes[0].starts_with("routing: G021"), "{problem:?}");
        assert!(same(meaning(&next, "chat"), meaning(&last, "chat")));
        assert!(Arc::ptr_eq(meaning(&next, "help"), &next.routes["r"]));
        assert!(next.clients.of_token("one", at(0)).is_some(), "the key itself is served");
        last = next;
    }
    let never = given(broken).first();
    assert!(never.clients.of_id("k").unwrap().logical.is_empty() && never.routes.len() == 1);
    // a route that is gone takes its names along, and comes back with them
    let gone = with_routing(Given::new(), routing("x")).build(&last);
    assert!(gone.problems[0].mistakes[0].contains("`help` is for the route `r`"), "{:?}", gone.problems);
    assert_eq!(gone.clients.of_id("k").unwrap().logical.len(), 2);
    let back = given(routing("x")).build(&gone);
    assert!(back.problems.is_empty() && Arc::ptr_eq(meaning(&back, "help"), &back.routes["r"]));
}
