//! Client keys.

use super::place::{ALL, Place, ann, bob, later, much_later, now};
use attache::store::{ClientKey, KeyDraft, KeySecret, Published, Store, StoreError, Terms};
use serde_json::json;
use std::time::Duration;

pub(super) async fn a_key_is_made_changed_and_revoked(place: &Place) {
    let store = place.store();
    let terms = Terms {
        metadata: json!({"plan": "paid", "seats": 3}).as_object().unwrap().clone(),
        routes: vec!["support*".into()],
        models: vec!["openai/*".into()],
        routing: Some(json!({"active": true, "strategy": "single"})),
    };
    let wanted = KeyDraft { name: "ci".into(), terms: terms.clone(), expires_at: Some(later()) };
    let key = store.create_key(ann(), &wanted, &secret("1")).await.unwrap();
    assert_eq!((key.name.as_str(), &key.terms, key.expires_at), ("ci", &terms, Some(later())));
    assert_eq!((key.secrets.as_slice(), key.revision), ([secret("1")].as_slice(), 1));
    assert_eq!(store.key(&key.id).await.unwrap(), key);
    let taken = StoreError::Taken { kind: "key", name: "ci".into() };
    assert_eq!(store.create_key(ann(), &wanted, &secret("2")).await.unwrap_err(), taken);

    let changed = KeyDraft { name: "build".into(), terms: Terms::default(), expires_at: None };
    let moved = store.update_key(ann().expecting(Some(2)), &key.id, &changed).await.unwrap_err();
    assert_eq!(moved, StoreError::Moved { expected: 2, found: 1 });
    let key = place.store_at(later).update_key(bob().expecting(Some(1)), &key.id, &changed).await.unwrap();
    assert_eq!((key.name.as_str(), key.revision, key.modified_at), ("build", 2, later()));
    assert_eq!((&key.terms, key.expires_at), (&Terms::default(), None));

    let revoked = store.revoke_key(ann(), &key.id).await.unwrap();
    assert_eq!((revoked.revoked_at, revoked.revision), (Some(now()), 3));
    for refused in [
        store.update_key(ann(), &key.id, &wanted).await,
        store.rotate_key(ann(), &key.id, &secret("3"), later()).await,
        store.revoke_key(ann(), &key.id).await,
    ] {
        assert_eq!(refused.unwrap_err(), StoreError::Refused("the key `build` is revoked".into()));
    }
    store.create_key(ann(), &wanted, &secret("4")).await.unwrap();
    let all = store.keys(ALL).await.unwrap();
    assert_eq!(all.items.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["build", "ci"]);
    assert_eq!(all.total, 2);
    assert_eq!(open(&store).await.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ci"]);
    assert_eq!(open(&place.store_at(later)).await, [], "it has expired");
    let unknown = StoreError::Unknown { kind: "key", id: "nobody".into() };
    assert_eq!(store.key("nobody").await.unwrap_err(), unknown);
}

pub(super) async fn old_secrets_end_when_a_key_is_rotated(place: &Place) {
    let store = place.store();
    let wanted = KeyDraft { name: "ci".into(), terms: Terms::default(), expires_at: None };
    let key = store.create_key(ann(), &wanted, &secret("1")).await.unwrap();
    let soon = now() + Duration::from_secs(60);
    store.rotate_key(ann(), &key.id, &secret("2"), soon).await.unwrap();
    let key = store.rotate_key(ann(), &key.id, &secret("3"), later()).await.unwrap();
    let ends = |secrets: &[KeySecret]| {
        secrets.iter().map(|secret| (secret.prefix.clone(), secret.expires_at)).collect::<Vec<_>>()
    };
    let all = [("3".into(), None), ("2".into(), Some(later())), ("1".into(), Some(soon))];
    assert_eq!(ends(&key.secrets), all);
    assert_eq!(key.revision, 3);
    assert_eq!(ends(&open(&store).await[0].secrets), all);
    let after = place.store_at(much_later);
    assert_eq!(ends(&open(&after).await[0].secrets), [("3".into(), None)]);
    let key = after.rotate_key(ann(), &key.id, &secret("4"), much_later()).await.unwrap();
    assert_eq!(ends(&key.secrets), [("4".into(), None), ("3".into(), Some(much_later()))]);
}

pub(super) fn secret(word: &str) -> KeySecret {
    KeySecret { hash: word.repeat(64), prefix: word.into(), expires_at: None }
}

async fn open(store: &Store) -> Vec<ClientKey> {
    store.published(&Published::default()).await.unwrap().keys
}
