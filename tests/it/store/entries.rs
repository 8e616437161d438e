//! What is kept in passing: the audit log, pairs, idempotency keys.

use super::{
    keys::secret,
    place::{ALL, Place, ann, bob, draft, later, much_later, now, route},
};
use attache::store::{
    Canary, Event, EventFilter, KeyDraft, Once, Page, Role, Settings, Store, StoreError, Terms, TokenDraft,
};
use serde_json::{Value, json};
use std::time::Duration;

/// What `everything` does, in order.
const ACTIONS: [&str; 16] = [
    "route.create",
    "version.create",
    "route.rename",
    "route.deploy",
    "route.canary",
    "route.pin",
    "route.unpin",
    "route.delete",
    "key.create",
    "key.update",
    "key.rotate",
    "key.revoke",
    "token.create",
    "token.revoke",
    "price.set",
    "price.delete",
];

pub(super) async fn every_change_is_written_down_without_secrets(place: &Place) {
    let store = place.store();
    everything(&store).await;
    let events = events(&store).await;
    let actions: Vec<_> = events.iter().rev().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ACTIONS);
    let numbers: Vec<_> = events.iter().rev().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>(), "the number of a change");
    assert_eq!(store.change().await.unwrap(), 16);
    let told =
        serde_json::to_string(&events.iter().map(|e| (&e.before, &e.after)).collect::<Vec<_>>()).unwrap();
    assert!(!told.contains(&secret("1").hash) && !told.contains("token hash"), "{told}");

    let by_action = |action: &str| events.iter().find(|event| event.action == action).unwrap();
    let renamed = by_action("route.rename");
    assert_eq!((renamed.kind.as_str(), renamed.name.as_str(), renamed.at), ("route", "s", now()));
    assert_eq!((renamed.actor.name.as_str(), &renamed.before["name"]), ("bob", &json!("r")));
    assert_eq!((&renamed.after["name"], &renamed.after["revision"]), (&json!("s"), &json!(3)));
    let deployed = by_action("route.deploy");
    assert_eq!(deployed.before["deployment"]["version"], 1);
    assert_eq!(deployed.after["deployment"]["version"], 2);
    assert_eq!(deployed.after["deployment"]["comment"], "better");
    assert_eq!(by_action("version.create").after["comment"], "why two");
    assert_eq!(by_action("route.create").before, Value::Null);
    assert_eq!(by_action("route.delete").after, Value::Null);
    assert_eq!(by_action("key.rotate").after["secrets"][0]["prefix"], "2");
    assert_eq!(by_action("token.create").after["role"], "viewer");
    assert_eq!(by_action("price.set").after["versions"], json!([{"input": 1}]));
    assert_eq!(by_action("price.delete").before["name"], "p/m");
}

/// One of each kind of change.
pub(super) async fn everything(store: &Store) {
    let (made, _) = route(store, "r").await;
    let id = &made.id;
    store.rename_route(bob(), id, "s").await.unwrap();
    store.deploy(bob(), id, 2, Some("better")).await.unwrap();
    store.set_canary(bob(), id, Some(&Canary { version: 1, percent: 5.0, key: None })).await.unwrap();
    store.pin(bob(), id, 1, true).await.unwrap();
    store.pin(bob(), id, 1, false).await.unwrap();
    store.delete_route(bob(), id).await.unwrap();
    let wanted = KeyDraft { name: "ci".into(), terms: Terms::default(), expires_at: None };
    let key = store.create_key(ann(), &wanted, &secret("1")).await.unwrap();
    store.update_key(ann(), &key.id, &KeyDraft { expires_at: Some(later()), ..wanted }).await.unwrap();
    store.rotate_key(ann(), &key.id, &secret("2"), later()).await.unwrap();
    store.revoke_key(ann(), &key.id).await.unwrap();
    let token = store.create_token(ann(), &token("t")).await.unwrap();
    store.revoke_token(ann(), &token.id).await.unwrap();
    store.set_price(ann(), "p/m", &json!([{"input": 1}])).await.unwrap();
    store.delete_price(ann(), "p/m").await.unwrap();
}

pub(super) async fn the_audit_log_is_filtered_and_forgets(place: &Place) {
    let store = place.store();
    everything(&store).await;
    let (kept, _) = route(&store, "kept").await;
    let count = async |kind: Option<&str>, id: Option<&str>, actor: Option<&str>| {
        let [kind, id, actor] = [kind, id, actor].map(|word| word.map(str::to_owned));
        let found =
            store.audit(&EventFilter { kind, id, actor }, Page { page: 1, per_page: 1 }).await.unwrap();
        assert_eq!(found.items.len() as u64, found.total.min(1));
        found.total
    };
    assert_eq!(count(None, None, None).await, 18);
    assert_eq!(count(Some("key"), None, None).await, 4);
    assert_eq!(count(Some("route"), Some(&kept.id), None).await, 2);
    assert_eq!(count(None, None, Some("bob")).await, 6);
    assert_eq!(count(Some("route"), None, Some(&"b".repeat(32))).await, 6);
    assert_eq!(count(Some("route"), None, Some("nobody")).await, 0);

    let after = place.store_at(much_later);
    assert_eq!(events(&after).await.len(), 18);
    after.deploy(bob(), &kept.id, 2, None).await.unwrap();
    let left: Vec<_> = events(&after).await.iter().map(|event| event.action.clone()).collect();
    assert_eq!(left, ["route.deploy"]);
}

pub(super) async fn nothing_is_written_down_of_what_was_refused(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let (before, events_before) = (store.change().await.unwrap(), events(&store).await);
    store.create_route(ann(), "r", &draft("one"), true).await.unwrap_err();
    store.deploy(ann().expecting(Some(1)), &made.id, 2, None).await.unwrap_err();
    store.deploy(ann(), &made.id, 3, None).await.unwrap_err();
    store.pin(ann(), &made.id, 2, false).await.unwrap();
    assert_eq!((store.change().await.unwrap(), events(&store).await), (before, events_before));
    store.pin(ann(), &made.id, 2, true).await.unwrap();
    assert_eq!(store.change().await.unwrap(), before + 1);
}

pub(super) async fn pairs_are_told_while_they_are_heard_of(place: &Place) {
    let store = place.store();
    let before = store.change().await.unwrap();
    store.beat("b", &json!({"change": 1})).await.unwrap();
    store.beat("a", &json!({"change": 1})).await.unwrap();
    store.beat("b", &json!({"change": 2})).await.unwrap();
    let told: Vec<_> = store.pairs().await.unwrap().into_iter().map(|pair| (pair.id, pair.status)).collect();
    assert_eq!(told, [("a".into(), json!({"change": 1})), ("b".into(), json!({"change": 2}))]);
    assert_eq!(store.pairs().await.unwrap()[0].seen_at, now());
    let after = place.store_at(later);
    assert_eq!(after.pairs().await.unwrap(), []);
    after.beat("a", &Value::Null).await.unwrap();
    assert_eq!(after.pairs().await.unwrap().len(), 1);
    assert_eq!(store.change().await.unwrap(), before);
}

pub(super) async fn a_repeated_creation_makes_one_thing(place: &Place) {
    let store = place.store();
    let once = |key: &str, hash: &str| Once { key: key.into(), request_hash: hash.into() };
    let (first, other) = (once("k", "h"), once("k", "other"));
    let (made, version) =
        store.create_route(ann().once(Some(&first)), "r", &draft("one"), true).await.unwrap();
    let again = store.create_route(ann().once(Some(&first)), "r", &draft("one"), true).await.unwrap();
    assert_eq!(again, (made.clone(), version));
    let reused = StoreError::Reused("k".into());
    let refused = store.create_route(ann().once(Some(&other)), "s", &draft("one"), true).await.unwrap_err();
    assert_eq!(refused, reused);
    let wanted = KeyDraft { name: "ci".into(), terms: Terms::default(), expires_at: None };
    assert_eq!(store.create_key(ann().once(Some(&first)), &wanted, &secret("1")).await.unwrap_err(), reused);
    // another's key is another key
    let of_bob = store.create_route(bob().once(Some(&first)), "r", &draft("one"), true).await.unwrap_err();
    assert!(matches!(of_bob, StoreError::Taken { .. }), "{of_bob}");

    let second = once("v", "h");
    let (_, two) = store.create_version(ann().once(Some(&second)), &made.id, &draft("two")).await.unwrap();
    store.create_version(ann(), &made.id, &draft("three")).await.unwrap();
    let (route, again) =
        store.create_version(ann().once(Some(&second)), &made.id, &draft("two")).await.unwrap();
    assert_eq!((again, route.latest), (two, 3));
    let third = once("t", "h");
    let token_made = store.create_token(ann().once(Some(&third)), &token("t")).await.unwrap();
    let repeated = TokenDraft { hash: "another".into(), ..token("t") };
    assert_eq!(store.create_token(ann().once(Some(&third)), &repeated).await.unwrap(), token_made);
    // what was refused is not remembered
    let fourth = once("r", "h");
    store.create_route(ann().once(Some(&fourth)), "r", &draft("one"), true).await.unwrap_err();
    store.create_route(ann().once(Some(&fourth)), "s", &draft("one"), true).await.unwrap();
    // a day later it is another request
    let settings = Settings { once_kept: Duration::from_secs(60), ..Settings::default() };
    let after = Store::with(&place.url, later, settings).unwrap();
    let (new, _) = after.create_route(ann().once(Some(&first)), "new", &draft("one"), true).await.unwrap();
    assert_ne!(new.id, made.id);
}

fn token(name: &str) -> TokenDraft {
    let hash = format!("token hash of {name}");
    TokenDraft { name: name.into(), role: Role::Viewer, hash, prefix: "at_".into(), expires_at: None }
}

pub(super) async fn events(store: &Store) -> Vec<Event> {
    store.audit(&EventFilter::default(), ALL).await.unwrap().items
}
